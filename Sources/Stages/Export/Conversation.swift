import JSONTape

/// What a sample shows of a run's messages.
struct Conversation {
  /// Content of the first system message, as JSON text; nil: there is none.
  private(set) var systemMessage: ByteSlice?
  /// The list, as JSON text without its closing bracket, up to and with the last message of the assistant whose content
  /// is the response; nil: none is.
  private(set) var upToResponse: ByteSlice?

  init(_ messages: RowElements, response: EscapedText) {
    var (messages, hasSystem) = (messages, false)
    while let message = messages.next() {
      guard let (role, content) = Self.roleAndContent(message) else { continue }
      if role == "system", !hasSystem {
        systemMessage = content
        hasSystem = true
      }
      if role == "assistant", let content, let text = EscapedText(quoted: content), text == response {
        upToResponse = messages.consumed
      }
    }
  }

  /// The first two members of a message of ours. nil: it is not written like one.
  private static func roleAndContent(_ message: ByteSlice) -> (EscapedText, content: ByteSlice?)? {
    var scanner = TokenScanner(message)
    guard scanner.take(#"{"role":"#), let role = scanner.takeString(), scanner.take(#","content":"#) else { return nil }
    let start = scanner.position
    guard scanner.takeValue() else { return nil }
    return (role, scanner.slice(from: start))
  }
}
