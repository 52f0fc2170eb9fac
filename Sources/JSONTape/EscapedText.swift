import CSimdJSON

/// What stands between the quotes of a JSON string, as it is written there. Valid as long as the text that it is a slice of.
public struct EscapedText {
  /// UTF-8, with sound escapes.
  public let bytes: ByteSlice
  /// false: `bytes` is the text itself.
  public let hasEscapes: Bool

  init(_ bytes: ByteSlice, hasEscapes: Bool) {
    self.bytes = bytes
    self.hasEscapes = hasEscapes
  }

  /// - Parameter token: of a value of sound JSON; nil: that is no string.
  public init?(quoted token: ByteSlice) {
    guard token.count >= 2, token[0] == UInt8(ascii: "\"") else { return nil }
    bytes = token[1..<token.count - 1]
    hasEscapes = bytes.firstIndex(of: UInt8(ascii: "\\")) != nil
  }

  /// The text as WTF-8, written, where it has escapes, to the end of `buffer`; valid until that is changed.
  public func text(_ buffer: ByteBuffer) -> ByteSlice {
    guard hasEscapes, let source = bytes.buffer.baseAddress else { return bytes }
    let start = buffer.count
    // No escape is shorter than what it stands for.
    buffer.append(count: bytes.count) { room in
      csimdjson_unescape(source, bytes.count, room.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }
    return buffer.slice(start..<buffer.count)
  }

  public func string() -> String {
    let buffer = ByteBuffer(capacity: 0)
    return withExtendedLifetime(buffer) { text(buffer).string() }
  }

  /// Are the texts the same, however they are written?
  public static func == (left: EscapedText, right: EscapedText) -> Bool {
    if left.bytes == right.bytes { return true }
    guard left.hasEscapes || right.hasEscapes else { return false }
    let buffer = ByteBuffer(capacity: left.bytes.count + right.bytes.count)
    return withExtendedLifetime(buffer) { left.text(buffer) == right.text(buffer) }
  }

  public static func == (left: EscapedText, right: StaticString) -> Bool {
    left.hasEscapes ? left.string().utf8.elementsEqual(right.rawBytes) : left.bytes == right
  }
}

extension Optional where Wrapped == EscapedText {
  /// Is there a text, and is it `right`?
  public static func == (left: EscapedText?, right: StaticString) -> Bool {
    guard let left else { return false }
    return left == right
  }
}
