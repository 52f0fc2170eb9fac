import JSONTape
import Receipts

/// One line of a quarantine file: what was stopped, where it came from, and why.
///
/// Keys in this order: `stage`, `reason`, `errors`, `source_record`, `source_provenance`, `recorded_at`.
public struct QuarantineRow {
  /// What the row shows of the record that was stopped.
  public enum Record {
    case none
    /// Raw bytes of a log: only the first `excerptLimit` of them are written, as text. A quarantine file never carries
    /// the text of a run.
    case excerpt(ByteSlice)
    /// A record of ours, as JSON text.
    case json(ByteSlice)
  }

  /// Bytes of a raw record that a row shows at most.
  public static let excerptLimit = 200

  public var stage: String
  public var reason: Reason
  /// Sentences for the reader.
  public var errors: [String]
  public var record: Record
  /// The provenance as JSON text; nil: unknown.
  public var provenance: ByteSlice?
  /// RFC 3339; nil: unknown.
  public var recordedAt: ByteSlice?

  public init(
    stage: String, reason: Reason, errors: [String], record: Record, provenance: ByteSlice?, recordedAt: ByteSlice?
  ) {
    self.stage = stage
    self.reason = reason
    self.errors = errors
    self.record = record
    self.provenance = provenance
    self.recordedAt = recordedAt
  }

  /// Appends the row and counts it.
  public func append(to sink: OutputSink) {
    var writer = JSONWriter(sink.buffer)
    writer.beginObject()
    writer.key("stage")
    writer.string(stage)
    writer.key("reason")
    writer.string(reason.rawValue)
    writer.key("errors")
    writer.beginArray()
    for error in errors { writer.string(error) }
    writer.endArray()
    writer.key("source_record")
    switch record {
    case .none: writer.null()
    case .excerpt(let bytes): writer.string(Self.excerpt(of: bytes))
    case .json(let text): writer.raw(text)
    }
    writer.key("source_provenance")
    if let provenance { writer.raw(provenance) } else { writer.null() }
    writer.key("recorded_at")
    if let recordedAt { writer.string(recordedAt) } else { writer.null() }
    writer.endObject()
    writer.newline()
    sink.recordCount += 1
  }

  /// The first bytes as text, cut between characters; what is not UTF-8 becomes U+FFFD.
  static func excerpt(of bytes: ByteSlice) -> String {
    guard bytes.count > excerptLimit else { return bytes.string() }
    var end = excerptLimit
    // At most three bytes of a character can stand before the cut; more continuation bytes are damage, cut anywhere.
    while end > excerptLimit - 3 && bytes[end] & 0xC0 == 0x80 { end -= 1 }
    return bytes[0..<(bytes[end] & 0xC0 == 0x80 ? excerptLimit : end)].string()
  }
}
