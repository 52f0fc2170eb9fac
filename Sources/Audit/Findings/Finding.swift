import JSONTape

/// One thing that an audit found.
package struct Finding: Sendable, Hashable {
  package enum Level: String, Sendable {
    /// Something is wrong: the audit ends with 1.
    case finding
    /// Worth knowing, and no fault.
    case note
  }

  package var code: FindingCode
  package var level: Level
  /// Workspace path of the file that is wrong.
  package var path: String
  /// 1-based; nil: the finding is about the file as a whole.
  package var line: Int?
  /// What of it: a member, as a JSON Pointer or a name; nil: all of it.
  package var member: String?
  package var expected: String
  package var found: String

  package init(
    _ code: FindingCode, _ level: Level = .finding, path: String, line: Int? = nil, member: String? = nil,
    expected: String, found: String
  ) {
    self.code = code
    self.level = level
    self.path = path
    self.line = line
    self.member = member
    self.expected = Self.short(expected)
    self.found = Self.short(found)
  }

  /// Findings are read, not restored from: long texts are cut.
  private static func short(_ text: String) -> String {
    text.count > 200 ? text.prefix(200) + "…" : text
  }

  /// `exports/rag/playbooks.jsonl:3`
  package var place: String { line.map { "\(path):\($0)" } ?? path }

  package var json: JSON {
    [
      "code": .string(code.rawValue), "level": .string(level.rawValue), "path": .string(path),
      "line": line.map { .integer(Int64($0)) } ?? .null, "member": member.map(JSON.string) ?? .null,
      "expected": .string(expected), "found": .string(found),
    ]
  }
}

extension Finding: Comparable {
  /// By path, line, code: what belongs together stands together.
  package static func < (left: Finding, right: Finding) -> Bool {
    if left.path != right.path { return left.path.utf8.lexicographicallyPrecedes(right.path.utf8) }
    if left.line != right.line { return left.line ?? 0 < right.line ?? 0 }
    if left.code != right.code { return left.code < right.code }
    return (left.member ?? "", left.expected, left.found) < (right.member ?? "", right.expected, right.found)
  }
}
