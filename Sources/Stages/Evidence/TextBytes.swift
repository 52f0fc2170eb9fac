import Glibc
import JSONTape

/// Log bytes that are no text of ours yet: JSON's blank lines, and strings with lone surrogates.
enum TextBytes {
  /// Is there nothing but JSON's white space?
  static func isBlankLine(_ line: ByteSlice) -> Bool {
    line.buffer.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D || $0 == 0x0A }
  }

  /// Hands over the text in pieces in which each lone surrogate (ED A0…BF xx) is U+FFFD, as `JSONWriter` writes it.
  static func repaired(_ text: ByteSlice, _ piece: (ByteSlice) -> Void) {
    let bytes = text.buffer
    var start = 0
    var index = 0
    while index + 2 < bytes.count, let base = bytes.baseAddress,
      let found = memchr(base + index, 0xED, bytes.count - index - 2)
    {
      index = UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
      guard bytes[index + 1] >= 0xA0 else {
        index += 3
        continue
      }
      if start < index { piece(text[start..<index]) }
      withUnsafeBytes(of: (UInt8(0xEF), UInt8(0xBF), UInt8(0xBD))) { piece(ByteSlice($0)) }
      index += 3
      start = index
    }
    if start < bytes.count { piece(text[start..<bytes.count]) }
  }
}
