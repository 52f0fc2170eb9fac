import JSONTape
import SystemPackage

/// Bytes by their SHA-256: written once, never changed.
///
/// What every store promises, to any number of threads and processes at once:
/// - After `store` returned, `contains` is true of the digest and `read` gives the same bytes, until somebody frees it;
///   also where a damaged object was in its place.
/// - An object appears whole or not at all; a `store` that failed leaves nothing behind.
/// - `read` never gives bytes that have another digest. It frees such an object, so that the next `store` mends it.
/// - A store is a cache: after a power cut objects may be damaged or gone. The caller makes them again.
public protocol ObjectStore: Sendable {
  /// Is something there? Only `read` finds out whether it is sound.
  func contains(_ digest: Digest) throws -> Bool
  /// Appends the object to `buffer`. false: missing or damaged, and `buffer` is as before.
  func read(_ digest: Digest, into buffer: ByteBuffer) throws -> Bool
  /// Does nothing if the object is there and sound.
  ///
  /// - Parameters:
  ///   - parts: of the object, one behind the other.
  ///   - digest: of all of them, for which the caller vouches.
  func store(_ parts: [ByteSlice], as digest: Digest) throws
  /// The file whose bytes are the object's, if it is there.
  func path(of digest: Digest) -> FilePath
  /// Frees the object; fine if it is missing.
  func remove(_ digest: Digest) throws
}

extension ObjectStore {
  public func store(_ bytes: ByteSlice) throws -> Digest {
    let digest = Digest.of(bytes)
    try store([bytes], as: digest)
    return digest
  }
}
