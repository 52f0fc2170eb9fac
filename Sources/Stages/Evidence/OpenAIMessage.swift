import JSONTape

/// Messages as OpenAI's chat completions have them: content is a string, null or a list of parts; calls stand in
/// `tool_calls` (`function_call` in older logs); a tool's answer is a message of its own.
extension MessageList {
  func writeOpenAI(
    _ message: JSONValue, role: ByteSlice, at index: Int, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    writer.beginObject()
    writer.key("role")
    if role == "system" || role == "developer" {
      writer.string("system" as StaticString)
    } else if role == "user" || role == "assistant" {
      writer.string(role)
    } else if role == "tool" || role == "function" {
      writer.string("tool" as StaticString)
    } else {
      throw Self.violation(index, "has the role \"\(role.string())\"")
    }
    writer.key("content")
    let content = message.member("content")
    try refuseToolBlocks(content, at: index)
    try MessageContent.write(content, at: index, to: &writer)
    writer.key("tool_calls")
    try writeOpenAICalls(of: message, at: index, to: &writer)
    writer.key("tool_call_id")
    try writeText(message.member("tool_call_id"), called: "tool_call_id", at: index, to: &writer)
    writer.key("name")
    try writeText(message.member("name"), called: "name", at: index, to: &writer)
    writer.endObject()
  }

  /// Left out like other blocks that are no text, they would be a conversation without its tool calls.
  private func refuseToolBlocks(_ content: JSONValue?, at index: Int) throws(RecordViolation) {
    guard let content, content.kind == .array else { return }
    for block in content.elements {
      guard let type = MessageContent.type(ofBlock: block), type == "tool_use" || type == "tool_result" else {
        continue
      }
      throw Self.violation(
        index, "has a \(type.string()) block, which shape openai does not have; see shape: anthropic")
    }
  }

  private func writeOpenAICalls(
    of message: JSONValue, at index: Int, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    if let calls = message.member("tool_calls"), !calls.isNull {
      guard calls.kind == .array else { throw Self.violation(index, "has tool_calls that are \(calls.kindName)") }
      guard calls.elementCount > 0 else { return writer.null() }
      writer.beginArray()
      for call in calls.elements {
        guard let function = call.member("function"), function.kind == .object else {
          throw Self.violation(index, "has a tool call without a function")
        }
        try writeCall(id: call.member("id"), function: function, at: index, to: &writer)
      }
      writer.endArray()
    } else if let function = message.member("function_call"), function.kind == .object {
      writer.beginArray()
      try writeCall(id: nil, function: function, at: index, to: &writer)
      writer.endArray()
    } else {
      writer.null()
    }
  }

  /// The id is null where there is none, as in a `function_call`.
  private func writeCall(
    id: JSONValue?, function: JSONValue, at index: Int, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    guard let name = function.member("name")?.string else {
      throw Self.violation(index, "has a tool call without a name")
    }
    writer.beginObject()
    writer.key("id")
    try writeText(id, called: "tool call id", at: index, to: &writer)
    writer.key("name")
    writer.string(name)
    writer.key("arguments")
    try writeArguments(function.member("arguments"), to: &writer)
    writer.endObject()
  }
}
