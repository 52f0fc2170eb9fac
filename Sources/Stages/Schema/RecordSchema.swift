import JSONTape
import Receipts

/// What a member of a record may be.
public indirect enum FieldType: Sendable {
  case text
  /// Holds a character that is not white space.
  case filledText
  case integer(atLeast: Int64)
  /// A finite number.
  case number
  case boolean
  case oneOf([String])
  /// RFC 3339 in UTC, as this program writes it.
  case timestamp
  /// 64 lower-case hex digits.
  case sha256
  /// A prefix and 16 lower-case hex digits.
  case identifier(prefix: String)
  case list(FieldType)
  case object([Field])
  /// An object whose members are the user's.
  case anyObject
  case any
  case nullable(FieldType)
}

public struct Field: Sendable {
  public var name: String
  public var type: FieldType

  public init(_ name: String, _ type: FieldType) {
    self.name = name
    self.type = type
  }
}

/// The one place that says what a record of a kind is: its members in their order, with types and constraints. Every member is
/// on every line.
public struct RecordSchema: Sendable {
  public var name: String
  public var fields: [Field]

  public init(name: String, fields: [Field]) {
    self.name = name
    self.fields = fields
  }

  /// What is wrong with `value`, a sentence each; empty: it is such a record.
  public func violations(of value: JSONValue) -> [String] {
    var violations: [Violation] = []
    Self.checkMembers(value, fields, &violations)
    return violations.map(\.sentence)
  }

  /// A good record costs no text: the path grows only on the way back from a violation.
  private struct Violation {
    enum Form {
      case isNot(String)
      case missing(String)
      /// nil: the end is expected.
      case misplaced(String, expected: String?)
    }
    var form: Form
    var path = ""

    init(_ form: Form) { self.form = form }

    mutating func prefix(_ name: String) {
      path = path.isEmpty ? name : path.hasPrefix("[") ? name + path : "\(name).\(path)"
    }

    var sentence: String {
      let prefix = path.isEmpty ? "" : "\(path)."
      return switch form {
      case .isNot(let what): "\(path.isEmpty ? "the record" : path) is not \(what)"
      case .missing(let name): "\"\(prefix)\(name)\" is missing"
      case .misplaced(let name, let expected):
        "\"\(prefix)\(name)\" stands where \(expected.map { "\"\(prefix)\($0)\"" } ?? "the end") is expected"
      }
    }
  }

  private static func check(_ value: JSONValue, _ type: FieldType, _ violations: inout [Violation]) {
    func expect(_ holds: Bool, _ what: @autoclosure () -> String) {
      if !holds { violations.append(Violation(.isNot(what()))) }
    }
    switch type {
    case .any: break
    case .nullable(let type): if !value.isNull { check(value, type, &violations) }
    case .text: expect(value.kind == .string, "a string")
    case .filledText: expect(value.string.map { !Text.isBlank($0) } ?? false, "a string that says something")
    case .integer(let least): expect(value.integer.map { $0 >= least } ?? false, "a whole number from \(least)")
    case .number: expect(value.double != nil, "a finite number")
    case .boolean: expect(value.bool != nil, "a boolean")
    case .oneOf(let names):
      expect(
        value.string.map { text in names.contains { text == $0 } } ?? false, "one of \(names.joined(separator: ", "))")
    case .timestamp:
      expect(
        value.string.map { text in
          Timestamp(text, defaultOffsetSeconds: 0).map { text == $0.text } ?? false
        } ?? false, "a time in UTC")
    case .sha256: expect(value.string.map { isHex($0, count: 64) } ?? false, "a SHA-256 in lower-case hex")
    case .identifier(let prefix):
      expect(
        value.string.map { text in
          let length = prefix.utf8.count
          return text.count == length + 16 && text[0..<length] == prefix
            && isHex(text[length..<text.count], count: 16)
        } ?? false, "\(prefix) and 16 hex digits")
    case .list(let element):
      guard value.kind == .array else { return expect(false, "a list") }
      var index = 0
      for item in value.elements where violations.count < 20 {
        let known = violations.count
        check(item, element, &violations)
        for place in known..<violations.count { violations[place].prefix("[\(index)]") }
        index += 1
      }
    case .anyObject: expect(value.kind == .object, "an object")
    case .object(let fields): checkMembers(value, fields, &violations)
    }
  }

  private static func checkMembers(_ value: JSONValue, _ fields: [Field], _ violations: inout [Violation]) {
    guard value.kind == .object else { return violations.append(Violation(.isNot("an object"))) }
    var position = 0
    for (key, member) in value.members {
      guard position < fields.count, key == fields[position].name else {
        let expected = position < fields.count ? fields[position].name : nil
        return violations.append(Violation(.misplaced(key.string(), expected: expected)))
      }
      let known = violations.count
      check(member, fields[position].type, &violations)
      for place in known..<violations.count { violations[place].prefix(fields[position].name) }
      position += 1
    }
    if position < fields.count { violations.append(Violation(.missing(fields[position].name))) }
  }

  private static func isHex(_ text: ByteSlice, count: Int) -> Bool {
    text.count == count && text.buffer.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }
}
