import JSONTape
import Stages

/// Is a line a row of its schema?
struct RowCheck {
  let schema: RecordSchema
  let path: String
  let log: FindingLog

  /// Reports what is wrong; true: the line is such a row, which `reader` has read.
  func check(_ line: Line, _ reader: RowReader) -> Bool {
    switch reader.read(line.bytes) {
    case nil:
      if reader.isCompact { return true }
      log.add(
        .rowInvalid, path: path, line: line.number, expected: "a row without white space", found: "another spelling")
    case .notJSON(let error): report(error, line)
    case .violations(let violations, _): report(violations, line)
    }
    return false
  }

  private func report(_ error: JSONError, _ line: Line) {
    log.add(
      .rowInvalid, path: path, line: line.number, expected: "JSON", found: "\(error.reason) at byte \(error.offset)")
  }

  private func report(_ violations: [String], _ line: Line) {
    for violation in violations {
      log.add(
        .rowInvalid, path: path, line: line.number,
        expected: "a row as `distill-make schema \(schema.name)` describes it", found: violation)
    }
  }

  /// Reports a row that is not written as this program writes it: bytes, too, follow from the inputs.
  func checkSpelling(_ row: JSONValue, _ line: Line, _ buffer: ByteBuffer) {
    buffer.removeAll()
    var writer = JSONWriter(buffer)
    writer.value(row)
    if buffer.bytes == line.bytes { return }
    let place = zip(buffer.bytes.buffer, line.bytes.buffer).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    log.add(
      .rowInvalid, path: path, line: line.number, expected: "a row as this program spells it",
      found: "another spelling from byte \(place ?? min(buffer.count, line.bytes.count)) on")
  }

  /// Reports what is wrong; nil: the line is no such row. The value is valid until the parser is used again.
  func parse(_ line: Line, _ parser: JSONParser) -> JSONValue? {
    let row: JSONValue
    do throws(JSONError) {
      row = try parser.parse(line.bytes)
    } catch {
      report(error, line)
      return nil
    }
    let violations = schema.violations(of: row)
    report(violations, line)
    return violations.isEmpty ? row : nil
  }
}
