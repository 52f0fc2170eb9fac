import JSONTape
import Receipts

/// What the reduce found about the objects of one action: JSON Lines
/// `{"row": n, "duplicate_of": {"path": …, "line": …}}` and `{"row": n, "other_verdicts": […], "is_disputed": bool}`.
struct Overlay {
  struct Row: Sendable, Equatable {
    /// Where the first object of the same identity is.
    var duplicateOf: (path: String, line: Int)?
    var otherVerdicts: [Verdict] = []
    /// A dropped duplicate has a `human_override` that this one has not.
    var isDisputed = false

    static func == (left: Row, right: Row) -> Bool {
      left.duplicateOf?.path == right.duplicateOf?.path && left.duplicateOf?.line == right.duplicateOf?.line
        && left.otherVerdicts == right.otherVerdicts && left.isDisputed == right.isDisputed
    }
  }

  private var rows: [Int: Row] = [:]

  /// - Parameter parts: each of other identities.
  init(_ parts: [ByteSlice], parser: JSONParser) throws {
    for part in parts {
      for line in Lines(part) { try read(line, parser: parser) }
    }
  }

  private mutating func read(_ line: ByteSlice, parser: JSONParser) throws {
    let fault = DistillError(.internalFault, "an overlay row is not readable")
    guard let value = try? parser.parse(copying: line), let number = value.member("row")?.integer else { throw fault }
    var row = rows[Int(number)] ?? Row()
    if let first = value.member("duplicate_of") {
      guard let path = first.member("path")?.string, let place = first.member("line")?.integer else { throw fault }
      row.duplicateOf = (path.string(), Int(place))
    }
    for text in value.member("other_verdicts")?.elements.map({ $0 }) ?? [] {
      guard let verdict = text.string.flatMap({ Verdict(rawValue: $0.string()) }) else { throw fault }
      row.otherVerdicts.append(verdict)
    }
    row.isDisputed = value.member("is_disputed")?.bool ?? row.isDisputed
    rows[Int(number)] = row
  }

  var isEmpty: Bool { rows.isEmpty }

  /// - Parameter row: the 0-based place of an object among the mapped ones of the action.
  subscript(row: Int) -> Row? { rows.isEmpty ? nil : rows[row] }

  static func writeDuplicate(row: Int, path: String, line: Int, to sink: OutputSink) {
    var writer = JSONWriter(sink.buffer)
    writer.beginObject()
    writer.key("row")
    writer.integer(Int64(row))
    writer.key("duplicate_of")
    writer.beginObject()
    writer.key("path")
    writer.string(path)
    writer.key("line")
    writer.integer(Int64(line))
    writer.endObject()
    writer.endObject()
    writer.newline()
    sink.recordCount += 1
  }

  static func writeKept(row: Int, _ verdicts: [Verdict], isDisputed: Bool, to sink: OutputSink) {
    var writer = JSONWriter(sink.buffer)
    writer.beginObject()
    writer.key("row")
    writer.integer(Int64(row))
    writer.key("other_verdicts")
    writer.beginArray()
    for verdict in verdicts { writer.string(verdict.rawValue) }
    writer.endArray()
    writer.key("is_disputed")
    writer.bool(isDisputed)
    writer.endObject()
    writer.newline()
    sink.recordCount += 1
  }
}
