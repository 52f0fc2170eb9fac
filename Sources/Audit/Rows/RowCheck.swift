import JSONTape
import Stages

/// Is a line a row of its schema?
struct RowCheck {
  let schema: RecordSchema
  let path: String
  let log: FindingLog

  /// Reports what is wrong; nil: the line is no such row. The value is valid until the parser is used again.
  func parse(_ line: Line, _ parser: JSONParser) -> JSONValue? {
    let row: JSONValue
    do throws(JSONError) {
      row = try parser.parse(line.bytes)
    } catch {
      log.add(
        .rowInvalid, path: path, line: line.number, expected: "JSON", found: "\(error.reason) at byte \(error.offset)")
      return nil
    }
    let violations = schema.violations(of: row)
    for violation in violations {
      log.add(
        .rowInvalid, path: path, line: line.number,
        expected: "a row as `distill-make schema \(schema.name)` describes it", found: violation)
    }
    return violations.isEmpty ? row : nil
  }
}
