import JSONTape

/// A JSON Pointer (RFC 6901), with one addition: `*` stands for every element or member where a place allows it.
public struct Pointer: Sendable, Hashable {
  public enum Token: Sendable, Hashable {
    /// A member's name, and the array index that the same text names, if it is one.
    case key(String, index: Int?)
    case every
  }

  public var tokens: [Token]
  /// As it was written.
  public var text: String

  /// nil: not a pointer: neither empty nor led by `/`, or a `~` that is not `~0` or `~1`.
  public init?(_ text: String, allowingEvery: Bool) {
    self.text = text
    tokens = []
    guard !text.isEmpty else { return }
    guard text.utf8.first == UInt8(ascii: "/") else { return nil }
    for part in text.unicodeScalars.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      if allowingEvery && part.elementsEqual("*".unicodeScalars) {
        tokens.append(.every)
        continue
      }
      var name = ""
      var tilde = false
      for character in part {
        if tilde {
          switch character {
          case "0": name.unicodeScalars.append("~")
          case "1": name.unicodeScalars.append("/")
          default: return nil
          }
          tilde = false
        } else if character == "~" {
          tilde = true
        } else {
          name.unicodeScalars.append(character)
        }
      }
      if tilde { return nil }
      let isNumber = !name.isEmpty && name.utf8.allSatisfy { (48...57).contains($0) }
      let isIndex = isNumber && (name == "0" || name.utf8.first != 48)
      tokens.append(.key(name, index: isIndex ? Int(name) : nil))
    }
  }

  public var hasEvery: Bool { tokens.contains(.every) }
}
