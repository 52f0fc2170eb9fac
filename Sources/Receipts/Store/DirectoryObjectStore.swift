import JSONTape
import SystemPackage

/// Objects as files: `<root>/objects/ab/cdef…` holds the bytes as they are, so that `sha256sum` checks an object.
///
/// Not synced to the disk: a sync for each object costs more than making again what a power cut takes, and `read`
/// checks.
public struct DirectoryObjectStore: ObjectStore {
  private let fileSystem: any FileSystem
  private let layout: DigestDirectory

  /// - Parameter root: the cache folder, `.distill`. Its `objects` and `tmp` are made when they are first needed.
  public init(fileSystem: any FileSystem, root: FilePath) {
    self.fileSystem = fileSystem
    layout = DigestDirectory(root: root, name: "objects")
  }

  /// Where the object is, if it is there.
  public func path(of digest: Digest) -> FilePath { layout.path(of: digest) }

  public func contains(_ digest: Digest) throws -> Bool {
    try fileSystem.status(of: path(of: digest), followingLinks: false)?.kind == .regular
  }

  public func read(_ digest: Digest, into buffer: ByteBuffer) throws -> Bool {
    let start = buffer.count
    guard try fileSystem.appendContents(of: path(of: digest), to: buffer) else { return false }
    if Digest.of(buffer.slice(start..<buffer.count)) == digest { return true }
    buffer.truncate(to: start)
    try remove(digest)
    return false
  }

  public func store(_ bytes: ByteSlice) throws -> Digest {
    let digest = Digest.of(bytes)
    let target = path(of: digest)
    // One of another length is what a power cut left.
    if try fileSystem.status(of: target, followingLinks: false)?.size == Int64(bytes.count) { return digest }
    let file = try StagedFile(fileSystem, in: layout.temporaryDirectory)
    try file.write(bytes.raw)
    try file.commit(to: target, synchronizing: false)
    return digest
  }

  public func remove(_ digest: Digest) throws {
    try fileSystem.remove(path(of: digest))
  }

  /// All objects, ordered by digest.
  public func digests() throws -> [Digest] { try layout.digests(fileSystem) }
}
