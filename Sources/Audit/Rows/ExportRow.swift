import JSONTape
import Receipts
import Stages

/// Reports what is wrong with one exported row.
final class ExportRow {
  let path: RelativePath
  let line: Int
  let log: FindingLog
  private(set) var isLeak = false

  init(path: RelativePath, line: Int, log: FindingLog) {
    self.path = path
    self.line = line
    self.log = log
  }

  func leak(_ member: String? = nil, expected: String, found: String) {
    isLeak = true
    log.add(.leak, path: path.string, line: line, member: member, expected: expected, found: found)
  }

  func differs(_ member: String, expected: String, found: String) {
    log.add(.rowDiffers, path: path.string, line: line, member: member, expected: expected, found: found)
  }

  /// A member that is copied from the evidence.
  func expect(_ member: String, _ value: JSONValue, _ evidence: JSONValue) {
    if !value.isSame(as: evidence) { differs(member, expected: evidence.words, found: value.words) }
  }

  /// A member that holds a text.
  func expect(_ member: String, _ value: JSONValue, text: ByteSlice) {
    if !(value.string.map { $0 == text } ?? false) { differs(member, expected: text.string(), found: value.words) }
  }

  func expect(_ member: String, _ value: JSONValue, text: String) {
    text.withBytes { expect(member, value, text: $0) }
  }

  /// The version of its schema.
  func expectVersion(_ value: JSONValue) {
    if value.integer != 1 { differs("schema_version", expected: "1", found: value.words) }
  }

  /// `prefix` and the first 16 hex digits of the SHA-256 of the parts with `|` between them.
  func expectID(_ prefix: String, _ value: JSONValue, _ parts: [ByteSlice?], _ sha256: SHA256) {
    for (index, part) in parts.enumerated() {
      if index > 0 { sha256.update("|") }
      sha256.update(part ?? .empty)
    }
    expect("id", value, text: prefix + sha256.finish().hex.prefix(16))
  }
}
