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

enum Provenance {
  static func write(
    source: String, path: ByteSlice, place: RecordPlace, sigHash: Digest, recordedAt: Timestamp?,
    to writer: inout JSONWriter
  ) {
    writer.beginObject()
    writer.key("source")
    writer.string(source)
    writer.key("source_file")
    writer.string(path)
    writer.key("line_offset")
    writer.integer(Int64(place.line))
    writer.key("byte_offset")
    writer.integer(Int64(place.offset))
    writer.key("byte_length")
    writer.integer(Int64(place.length))
    writer.key("sig_hash")
    writer.digest(sigHash)
    writer.key("recorded_at")
    writer.timestamp(recordedAt)
    writer.endObject()
  }
}

extension JSONWriter {
  mutating func digest(_ digest: Digest) {
    beginString()
    digest.appendHex(to: output)
    endString()
  }

  mutating func timestamp(_ timestamp: Timestamp?) {
    guard let timestamp else { return null() }
    beginString()
    timestamp.append(to: output)
    endString()
  }
}
