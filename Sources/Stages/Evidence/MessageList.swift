import JSONTape

/// A run's conversation, normalised to our message shape:
/// `{role: system|user|assistant|tool, content, tool_calls: [{id, name, arguments}]|null, tool_call_id, name}`.
struct MessageList {
  let canonical: CanonicalWriter
  /// For the canonical JSON of arguments.
  let buffer: ByteBuffer

  /// Writes the list.
  /// - Throws: a violation that names the first message of another shape by its 0-based place.
  func write(
    _ messages: JSONValue, shape: MessageShape, field: String, origin: String, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    guard messages.kind == .array else { throw messages.unexpected("a list of messages", field: field, origin: origin) }
    writer.beginArray()
    var index = 0
    for message in messages.elements {
      guard message.kind == .object else { throw Self.violation(index, "is \(message.kindName), not an object") }
      guard let role = message.member("role")?.string else { throw Self.violation(index, "has no role") }
      switch shape {
      case .openai: try writeOpenAI(message, role: role, at: index, to: &writer)
      case .anthropic: try writeAnthropic(message, role: role, at: index, to: &writer)
      }
      index += 1
    }
    writer.endArray()
  }

  static func violation(_ index: Int, _ what: String) -> RecordViolation {
    RecordViolation(.schemaViolation, "messages: message \(index) \(what)")
  }

  /// A member that is a string or null, as it stands.
  func writeText(
    _ value: JSONValue?, called name: StaticString, at index: Int, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    guard let value, !value.isNull else { return writer.null() }
    guard value.kind == .string else {
      throw Self.violation(index, "has a \(name) that is \(value.kindName), not a string")
    }
    writer.string(value)
  }

  /// A call's arguments: text as it stands, anything else as canonical JSON; `{}` where there are none.
  func writeArguments(_ arguments: JSONValue?, to writer: inout JSONWriter) throws(RecordViolation) {
    guard let arguments, !arguments.isNull else { return writer.string("{}" as StaticString) }
    if arguments.kind == .string { return writer.string(arguments) }
    buffer.removeAll()
    try canonical.append(arguments, to: buffer)
    writer.string(buffer.bytes)
  }
}
