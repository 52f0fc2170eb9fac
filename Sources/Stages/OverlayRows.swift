import JSONTape
import Receipts

/// What a reduce found for rows of a fragment: JSON Lines, `{"row": n, …}` with the 0-based line that each is about.
enum OverlayRows {
  /// Rows of the inputs `overlay/<i>` by their number; none where there is no overlay.
  static func read(_ context: ActionContext) throws -> [Int64: JSON] {
    var rows: [Int64: JSON] = [:]
    for index in context.indices(of: "overlay") {
      for line in Lines(try context.input("overlay/\(index)")) {
        let row = try JSON.parse(Array(line.buffer))
        if let number = row["row"]?.integer { rows[number] = row }
      }
    }
    return rows
  }

  static func append(_ row: JSON, to sink: OutputSink) {
    row.canonical.withUnsafeBytes { sink.buffer.append($0) }
    sink.buffer.append(UInt8(ascii: "\n"))
    sink.recordCount += 1
  }
}
