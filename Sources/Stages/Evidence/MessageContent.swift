import JSONTape

/// The content of a message: a string, null, or a list of blocks of which the text ones are kept, joined by a line
/// break. Images, documents, thinking and other blocks are not text and are left out.
enum MessageContent {
  /// nil: not a text block.
  static func text(ofBlock block: JSONValue) -> ByteSlice? {
    if let text = block.string { return text }
    guard let type = block.member("type")?.string,
      type == "text" || type == "input_text" || type == "output_text"
    else { return nil }
    return block.member("text")?.string
  }

  static func type(ofBlock block: JSONValue) -> ByteSlice? {
    block.kind == .string ? nil : block.member("type")?.string
  }

  /// A block is a string, or an object with a `type`; a text block has a text.
  static func check(_ block: JSONValue, at index: Int) throws(RecordViolation) {
    if block.kind == .string { return }
    guard let type = block.member("type")?.string else {
      throw MessageList.violation(index, "has a content block without a type")
    }
    if type == "text" && block.member("text")?.string == nil {
      throw MessageList.violation(index, "has a text block without a text")
    }
  }

  /// Writes the text blocks among `blocks`; null where there is none.
  static func write(_ blocks: some Sequence<JSONValue>, to writer: inout JSONWriter) {
    var isOpen = false
    for block in blocks {
      guard let text = text(ofBlock: block) else { continue }
      if isOpen { writer.stringPiece("\n") } else { writer.beginString() }
      isOpen = true
      writer.stringPiece(text)
    }
    if isOpen { writer.endString() } else { writer.null() }
  }

  /// Writes a message's `content` member, whatever its form.
  static func write(_ content: JSONValue?, at index: Int, to writer: inout JSONWriter) throws(RecordViolation) {
    guard let content, !content.isNull else { return writer.null() }
    switch content.kind {
    case .string: writer.string(content)
    case .array:
      for block in content.elements { try check(block, at: index) }
      write(content.elements, to: &writer)
    default: throw MessageList.violation(index, "has a content that is \(content.kindName)")
    }
  }
}
