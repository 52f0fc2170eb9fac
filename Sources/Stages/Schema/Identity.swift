import JSONTape
import Receipts

/// (source, kind, run_id): what "the same run" means everywhere.
public enum Identity {
  /// The first 16 bytes of the SHA-256 of the canonical JSON of `[source, kind, run_id]`.
  public static func hash(
    source: ByteSlice, kind: ByteSlice, runID: ByteSlice, _ sha256: SHA256, _ buffer: ByteBuffer
  ) -> Hash128 {
    buffer.removeAll()
    var writer = JSONWriter(buffer)
    writer.beginArray()
    writer.string(source)
    writer.string(kind)
    writer.string(runID)
    writer.endArray()
    sha256.update(buffer.bytes)
    return Hash128(sha256.finish())
  }

  static func hash(
    source: ByteSlice, kind: RecordKind, runID: ByteSlice, _ sha256: SHA256, _ buffer: ByteBuffer
  ) -> Hash128 {
    var name = kind.rawValue
    return name.withUTF8 { hash(source: source, kind: ByteSlice($0), runID: runID, sha256, buffer) }
  }
}

/// Half a SHA-256, for tables that are joined: 16 bytes a key.
public struct Hash128: Sendable, Hashable, Comparable {
  public var high: UInt64
  public var low: UInt64

  public static let zero = Hash128(high: 0, low: 0)

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  public init(_ digest: Digest) {
    (high, low) = digest.withBytes {
      (
        UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
        UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      )
    }
  }

  public func hash(into hasher: inout Hasher) {
    // Eight bytes of a SHA-256 tell keys apart as well as all of them.
    hasher.combine(high)
  }

  public static func < (left: Hash128, right: Hash128) -> Bool { (left.high, left.low) < (right.high, right.low) }
}
