import JSONTape
import Receipts

/// What a join found for rows of a group: JSON Lines `{"fragment":i,"row":n,…}`, in the order of the fragments and of
/// the 0-based lines in each.
struct PlacedOverlay {
  private var lines: Lines
  private var line: ByteSlice?
  private var place: (fragment: Int, row: Int) = (0, 0)

  private static let start: StaticString = #"{"fragment":"#
  private static let beforeRow: StaticString = #","row":"#

  init(_ overlay: ByteSlice) throws {
    lines = Lines(overlay)
    try advance()
  }

  /// The inputs `<name>/0`, `<name>/1`, … of an action.
  static func all(_ name: String, _ context: ActionContext) throws -> [PlacedOverlay] {
    try context.indices(of: name).map { try PlacedOverlay(context.input("\(name)/\($0)")) }
  }

  /// Begins a line; the caller adds members, and ends it.
  static func begin(fragment: Int, row: Int, to sink: OutputSink) -> JSONWriter {
    var writer = JSONWriter(sink.buffer)
    writer.beginObject()
    writer.key("fragment")
    writer.integer(Int64(fragment))
    writer.key("row")
    writer.integer(Int64(row))
    return writer
  }

  static func end(_ writer: consuming JSONWriter, to sink: OutputSink) {
    writer.endObject()
    writer.newline()
    sink.recordCount += 1
  }

  /// The line about a row, nil where there is none. Rows must be asked for in their order.
  mutating func take(fragment: Int, row: Int) throws -> ByteSlice? {
    guard let line, place == (fragment, row) else { return nil }
    try advance()
    return line
  }

  private mutating func advance() throws {
    line = lines.next()
    guard let line else { return }
    guard line.hasPrefix(Self.start) else { throw Self.fault }
    var scanner = TokenScanner(line)
    scanner.position = Self.start.utf8CodeUnitCount
    guard let fragment = scanner.takeInteger(), line[scanner.position..<line.count].hasPrefix(Self.beforeRow) else {
      throw Self.fault
    }
    scanner.position += Self.beforeRow.utf8CodeUnitCount
    guard let row = scanner.takeInteger() else { throw Self.fault }
    place = (Int(fragment), Int(row))
  }

  private static let fault = DistillError(.internalFault, "an overlay row says not which row it is about")
}
