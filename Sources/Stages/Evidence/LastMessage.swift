import JSONTape

/// The content of the last message of a role that is not blank.
///
/// Content is a string, or a list whose text blocks are joined by a line break; both shapes of messages have that.
final class LastMessage {
  let list: CompiledPointer
  /// nil: any role.
  let role: String?
  /// Only if that message ends the list.
  let final: Bool

  init(list: CompiledPointer, role: String?, final: Bool) {
    self.list = list
    self.role = role
    self.final = final
  }

  /// nil: no list, or no such message.
  func text(in scope: RecordScope, field: String) throws(RecordViolation) -> FoundText? {
    guard let messages = scope.findPresent(list) else { return nil }
    guard messages.kind == .array else {
      throw messages.unexpected("a list of messages", field: field, origin: list.text)
    }
    var last: JSONValue?
    for message in messages.elements {
      if final { last = nil }
      guard role == nil || hasRole(message), let content = message.member("content") else { continue }
      if !isBlank(content) { last = content }
    }
    guard let content = last else { return nil }
    if content.kind == .string { return .string(content) }
    let start = scope.arena.count
    var isFirst = true
    for block in content.elements {
      guard let text = MessageContent.text(ofBlock: block) else { continue }
      if !isFirst { scope.arena.append(UInt8(ascii: "\n")) }
      isFirst = false
      scope.arena.append(text)
    }
    return .arena(start..<scope.arena.count)
  }

  private func hasRole(_ message: JSONValue) -> Bool {
    guard let role, let actual = message.member("role")?.string else { return false }
    return actual == role
  }

  private func isBlank(_ content: JSONValue) -> Bool {
    if let text = content.string { return Text.isBlank(text) }
    for block in content.elements {
      if let text = MessageContent.text(ofBlock: block), !Text.isBlank(text) { return false }
    }
    return true
  }
}
