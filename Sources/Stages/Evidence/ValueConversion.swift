import JSONTape

extension JSONValue {
  /// A string's bytes or a number's token. The value is not null.
  /// - Parameters: the evidence field, and what led to the value, for the error.
  func asText(field: String, origin: String) throws(RecordViolation) -> ByteSlice {
    switch kind {
    case .string: return string ?? .empty
    case .number: return token
    default: throw unexpected("text", field: field, origin: origin)
    }
  }

  func unexpected(_ expectation: String, field: String, origin: String) -> RecordViolation {
    RecordViolation(.schemaViolation, "\(field): \(origin) is \(kindName), where \(expectation) is expected")
  }

  /// The kind in the words of an error text.
  var kindName: String {
    switch kind {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "an object"
    }
  }
}

extension CanonicalWriter {
  /// `write`, with a key that an object has twice as a violation.
  func append(_ value: JSONValue, to output: ByteBuffer) throws(RecordViolation) {
    do throws(JSONError) {
      try write(value, to: output)
    } catch {
      throw RecordViolation(.schemaViolation, error.reason)
    }
  }
}
