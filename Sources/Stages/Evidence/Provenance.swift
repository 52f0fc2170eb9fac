import JSONTape
import Receipts

/// Where a raw record is: file, place, byte span in the uncompressed file, and its hash.
struct RecordPlace {
  /// 0-based line of a .jsonl, element of a .json.
  var line: Int
  var offset: Int
  var length: Int
  /// Raw bytes from the record's start, at least as many as a quarantine row shows of it.
  var bytes: ByteSlice
}

/// Writes `provenance`; what is the same for all records of a file is written beforehand.
final class ProvenanceWriter {
  private let source: String
  private let head = ByteBuffer(capacity: 256)

  init(source: String) { self.source = source }

  func beginFile(_ path: ByteSlice) {
    head.removeAll()
    var writer = JSONWriter(head)
    writer.beginObject()
    writer.key("source")
    writer.string(source)
    writer.key("source_file")
    writer.string(path)
    writer.key("line_offset")
  }

  /// Writes it where a value begins.
  /// - Parameter recordedAt: the text of a time; empty: null.
  func write(_ place: RecordPlace, sigHash: Digest, recordedAt: ByteBuffer, to writer: inout JSONWriter) {
    writer.prepared(head.bytes, endsWithValue: false)
    writer.integer(Int64(place.line))
    writer.key("byte_offset")
    writer.integer(Int64(place.offset))
    writer.key("byte_length")
    writer.integer(Int64(place.length))
    writer.key("sig_hash")
    writer.digest(sigHash)
    writer.key("recorded_at")
    writer.time(recordedAt)
    writer.endObject()
  }
}

extension JSONWriter {
  mutating func digest(_ digest: Digest) {
    beginString()
    digest.appendHex(to: output)
    endString()
  }

  /// - Parameter text: of a time; empty: null.
  mutating func time(_ text: ByteBuffer) {
    guard text.count > 0 else { return null() }
    beginString()
    output.append(text.bytes)
    endString()
  }

  /// A word of ours; nil: null.
  mutating func word(_ word: String?) { if let word { string(word) } else { null() } }
}
