import CSimdJSON

/// What stands between the quotes of a JSON string, as it is written there. Valid as long as the text that it is a
/// slice of.
public struct EscapedText {
  /// UTF-8, with sound escapes.
  public let bytes: ByteSlice
  /// Bytes that the escapes take more than the UTF-16 code units that they stand for.
  public let excess: Int

  public init(_ bytes: ByteSlice, excess: Int) {
    self.bytes = bytes
    self.excess = excess
  }

  /// - Parameter token: of a value of sound JSON; nil: that is no string.
  public init?(quoted token: ByteSlice) {
    guard let base = token.buffer.baseAddress, token.count >= 2, base[0] == UInt8(ascii: "\"") else { return nil }
    self.init(token[1..<token.count - 1], excess: csimdjson_scan_string(base + 1, token.count - 1).excess)
  }

  /// false: `bytes` is the text itself.
  public var hasEscapes: Bool { excess > 0 }

  public var isEmpty: Bool { bytes.isEmpty }

  /// Of the text in UTF-16 code units.
  public var utf16Length: Int { bytes.utf16Length - excess }

  /// The longest start of at most `limit` UTF-16 code units that ends between two Unicode scalars.
  public func prefix(utf16 limit: Int) -> EscapedText {
    guard bytes.count > limit, let base = bytes.buffer.baseAddress else { return self }
    let cut = csimdjson_cut_string(base, bytes.count, limit)
    return EscapedText(bytes[0..<cut.length], excess: cut.excess)
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

extension ByteBuffer {
  /// Appends the text, not as it is escaped.
  public func append(_ text: EscapedText) {
    if text.hasEscapes { _ = text.text(self) } else { append(text.bytes) }
  }
}
