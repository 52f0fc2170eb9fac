import JSONTape

/// Messages as Anthropic's Messages API has them: content is a string or a list of blocks; calls are `tool_use` blocks
/// of the assistant, a tool's answers are `tool_result` blocks under the role `user` (in some logs `tool_result` or
/// `tool`).
extension MessageList {
  func writeAnthropic(
    _ message: JSONValue, role: ByteSlice, at index: Int, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    try refuseOpenAICalls(of: message, at: index)
    let content = message.member("content")
    if role == "assistant" {
      try writeAssistant(content, at: index, to: &writer)
    } else if role == "system" {
      try writePlain("system", content, at: index, to: &writer)
    } else if role == "user" {
      try writeUser(content, text: "user", at: index, to: &writer)
    } else if role == "tool_result" || role == "tool" {
      try writeUser(content, text: "tool", at: index, to: &writer)
    } else {
      throw Self.violation(index, "has the role \"\(role.string())\"")
    }
  }

  /// An empty list of calls, which some loggers write everywhere, loses nothing.
  private func refuseOpenAICalls(of message: JSONValue, at index: Int) throws(RecordViolation) {
    let calls = message.member("tool_calls")
    let hasCalls = calls.map { !$0.isNull && !($0.kind == .array && $0.elementCount == 0) } ?? false
    let hasFunction = message.member("function_call").map { !$0.isNull } ?? false
    guard hasCalls || hasFunction else { return }
    throw Self.violation(
      index,
      "has \(hasCalls ? "tool_calls" : "a function_call"), which shape anthropic does not have; see shape: openai")
  }

  private func writePlain(
    _ role: StaticString, _ content: JSONValue?, at index: Int, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    writer.beginObject()
    writer.key("role")
    writer.string(role)
    writer.key("content")
    try MessageContent.write(content, at: index, to: &writer)
    endWithoutCalls(&writer)
  }

  private func endWithoutCalls(_ writer: inout JSONWriter) {
    writer.key("tool_calls")
    writer.null()
    writer.key("tool_call_id")
    writer.null()
    writer.key("name")
    writer.null()
    writer.endObject()
  }

  private func writeAssistant(
    _ content: JSONValue?, at index: Int, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    writer.beginObject()
    writer.key("role")
    writer.string("assistant" as StaticString)
    writer.key("content")
    try MessageContent.write(content, at: index, to: &writer)
    writer.key("tool_calls")
    var hasCalls = false
    if let content {
      for block in content.elements {
        guard let type = MessageContent.type(ofBlock: block), type == "tool_use" else { continue }
        if !hasCalls { writer.beginArray() }
        hasCalls = true
        guard let id = block.member("id")?.string, let name = block.member("name")?.string else {
          throw Self.violation(index, "has a tool_use block without an id or a name")
        }
        writer.beginObject()
        writer.key("id")
        writer.string(id)
        writer.key("name")
        writer.string(name)
        writer.key("arguments")
        try writeArguments(block.member("input"), to: &writer)
        writer.endObject()
      }
    }
    if hasCalls { writer.endArray() } else { writer.null() }
    writer.key("tool_call_id")
    writer.null()
    writer.key("name")
    writer.null()
    writer.endObject()
  }

  /// `tool_result` blocks become tool messages; the blocks between them become messages of the role `text`, each run of
  /// them one, in their order.
  private func writeUser(
    _ content: JSONValue?, text role: StaticString, at index: Int, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    guard let content, content.kind == .array, content.elementCount > 0 else {
      return try writePlain(role, content, at: index, to: &writer)
    }
    var isOpen = false
    var hasText = false
    for block in content.elements {
      try MessageContent.check(block, at: index)
      if let type = MessageContent.type(ofBlock: block), type == "tool_result" {
        if isOpen { closeRun(hasText: hasText, to: &writer) }
        isOpen = false
        try writeToolResult(block, at: index, to: &writer)
        continue
      }
      if !isOpen {
        writer.beginObject()
        writer.key("role")
        writer.string(role)
        writer.key("content")
        isOpen = true
        hasText = false
      }
      guard let text = MessageContent.text(ofBlock: block) else { continue }
      if hasText { writer.stringPiece("\n") } else { writer.beginString() }
      hasText = true
      writer.stringPiece(text)
    }
    if isOpen { closeRun(hasText: hasText, to: &writer) }
  }

  private func closeRun(hasText: Bool, to writer: inout JSONWriter) {
    if hasText { writer.endString() } else { writer.null() }
    endWithoutCalls(&writer)
  }

  private func writeToolResult(
    _ block: JSONValue, at index: Int, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    writer.beginObject()
    writer.key("role")
    writer.string("tool" as StaticString)
    writer.key("content")
    try MessageContent.write(block.member("content"), at: index, to: &writer)
    writer.key("tool_calls")
    writer.null()
    writer.key("tool_call_id")
    try writeText(block.member("tool_use_id"), called: "tool_use_id", at: index, to: &writer)
    writer.key("name")
    writer.null()
    writer.endObject()
  }
}
