import JSONTape

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

/// The one place that says what a record of a kind is: its members in their order, with types and constraints. Every
/// member is on every line.
public struct RecordSchema: Sendable {
  public let name: String
  public let fields: [Field]
  let program: SchemaProgram

  public init(name: String, fields: [Field]) {
    self.name = name
    self.fields = fields
    program = SchemaProgram(fields)
  }

  /// What is wrong with `value`, a sentence each; empty: it is such a record.
  public func violations(of value: JSONValue) -> [String] {
    var violations: [SchemaViolation] = []
    program.check(value, &violations)
    return violations.isEmpty ? [] : violations.map(\.sentence)
  }
}
