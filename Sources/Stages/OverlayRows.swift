import JSONTape
import Receipts

/// What a reduce found for rows of a fragment: JSON Lines, `{"row": n, …}` with the 0-based line that each is about.
enum OverlayRows {
  /// Rows by their number; none where there is no overlay.
  static func read(_ overlay: ByteSlice?) throws -> [Int64: JSON] {
    var rows: [Int64: JSON] = [:]
    for line in Lines(overlay ?? .empty) {
      let row = try JSON.parse(Array(line.buffer))
      if let number = row["row"]?.integer { rows[number] = row }
    }
    return rows
  }

  static func append(_ row: JSON, to sink: OutputSink) {
    row.canonical.withUnsafeBytes { sink.buffer.append($0) }
    sink.buffer.append(UInt8(ascii: "\n"))
    sink.recordCount += 1
  }
}
