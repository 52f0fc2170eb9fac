@_spi(_Unicode) import Swift
import JSONTape

/// What this program means by white space, lines, lengths and equal texts. Texts are UTF-8.
public enum Text {
  /// Length in bytes of the white space character (Unicode White_Space) at `index`; 0: there is none.
  @inline(__always)
  private static func whiteSpace(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
    let first = bytes[index]
    if first < 0x80 { return first == 0x20 || (0x09...0x0D).contains(first) ? 1 : 0 }
    let left = bytes.count - index
    if first == 0xC2, left >= 2 { return bytes[index + 1] == 0x85 || bytes[index + 1] == 0xA0 ? 2 : 0 }
    guard first >= 0xE1, first <= 0xE3, left >= 3 else { return 0 }
    switch (first, bytes[index + 1], bytes[index + 2]) {
    case (0xE1, 0x9A, 0x80), (0xE2, 0x80, 0x80...0x8A), (0xE2, 0x80, 0xA8...0xA9), (0xE2, 0x80, 0xAF),
      (0xE2, 0x81, 0x9F), (0xE3, 0x80, 0x80):
      return 3
    default: return 0
    }
  }

  /// Nothing but white space.
  public static func isBlank(_ text: ByteSlice) -> Bool {
    let bytes = text.buffer
    var index = 0
    while index < bytes.count {
      let length = whiteSpace(bytes, at: index)
      if length == 0 { return false }
      index += length
    }
    return true
  }

  /// Nothing but white space.
  static func isBlank(_ text: EscapedText) -> Bool {
    let bytes = text.bytes.buffer
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\\") {
        switch bytes[index + 1] {
        case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "f"): index += 2
        case UInt8(ascii: "u"):
          // Written by number: rare, and only the text says what it is.
          let buffer = ByteBuffer(capacity: text.bytes.count)
          return withExtendedLifetime(buffer) { isBlank(text.text(buffer)) }
        default: return false
        }
        continue
      }
      let length = whiteSpace(bytes, at: index)
      if length == 0 { return false }
      index += length
    }
    return true
  }

  /// Without white space at either end.
  public static func trimmed(_ text: ByteSlice) -> ByteSlice {
    let bytes = text.buffer
    var start = 0
    while start < bytes.count {
      let length = whiteSpace(bytes, at: start)
      if length == 0 { break }
      start += length
    }
    var end = bytes.count
    search: while end > start {
      for length in 1...3 where end - length >= start && whiteSpace(bytes, at: end - length) == length {
        end -= length
        continue search
      }
      break
    }
    return text[start..<end]
  }

  /// The first line that is not blank, trimmed; lines end at LF or CRLF. nil: there is none.
  public static func firstLine(_ text: ByteSlice) -> ByteSlice? {
    var start = 0
    while start < text.count {
      let end = text.firstIndex(of: UInt8(ascii: "\n"), from: start) ?? text.count
      let line = trimmed(text[start..<end])
      if !line.isEmpty { return line }
      start = end + 1
    }
    return nil
  }

  /// The longest start of at most `limit` UTF-16 code units that ends between two Unicode scalars.
  public static func prefix(_ text: ByteSlice, utf16 limit: Int) -> ByteSlice {
    if text.count <= limit { return text }
    let bytes = text.buffer
    var units = 0
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      units += byte >= 0xF0 ? 2 : 1
      if units > limit { return text[0..<index] }
      index += byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
    }
    return text
  }

  /// Appends the folded text: Unicode NFC, each run of white space one space, none at the ends.
  public static func fold(_ text: ByteSlice, into output: ByteBuffer) {
    guard let unsure = firstUnsure(text, from: 0) else { return collapse(text, into: output) }
    let normal = ByteBuffer(capacity: text.count)
    normalize(text, unsure: unsure, into: normal)
    collapse(normal.bytes, into: output)
  }

  /// The folded text: the text itself, where it is folded already, else what is then in the buffer.
  ///
  /// - Parameter buffer: overwritten.
  static func folded(_ text: ByteSlice, _ buffer: ByteBuffer) -> ByteSlice {
    if text.buffer.first != 0x20, text.endOfFoldedRun(from: 0) == text.count { return text }
    buffer.removeAll()
    fold(text, into: buffer)
    return buffer.bytes
  }

  /// Appends the text in NFC. Only what lies between two ASCII characters around an unsure one is taken apart: no ASCII
  /// character joins with what is before it.
  private static func normalize(_ text: ByteSlice, unsure: Int, into output: ByteBuffer) {
    var next: Int? = unsure
    var done = 0
    while let unsure = next {
      var start = unsure
      while start > done, text.buffer[start] >= 0x80 { start -= 1 }
      var end = unsure
      while end < text.count, text.buffer[end] >= 0x80 { end += 1 }
      output.append(text[done..<start])
      for scalar in text[start..<end].string()._nfc {
        // Four bytes at most.
        for byte in UTF8.encode(scalar).unsafelyUnwrapped { output.append(byte) }
      }
      done = end
      next = firstUnsure(text, from: end)
    }
    output.append(text[done..<text.count])
  }

  /// Are the folded texts the same? Says no at the first letter in which two texts differ, where that is plain.
  public static func foldAlike(_ left: ByteSlice, _ right: ByteSlice, _ buffer: ByteBuffer) -> Bool {
    if left == right { return true }
    let (one, other) = (trimmed(left), trimmed(right))
    let shared = min(one.count, other.count)
    var place = 0
    while place < shared, one.buffer[place] == other.buffer[place] { place += 1 }
    // Two different ASCII letters stay different, whatever follows them: neither is made of other characters here.
    if place < shared, isPlain(one.buffer[place]), isPlain(other.buffer[place]) { return false }
    buffer.removeAll()
    fold(one, into: buffer)
    let end = buffer.count
    fold(other, into: buffer)
    return buffer.slice(0..<end) == buffer.slice(end..<buffer.count)
  }

  /// ASCII that is not white space.
  private static func isPlain(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) }

  private static func collapse(_ text: ByteSlice, into output: ByteBuffer) {
    let trimmed = trimmed(text)
    let bytes = trimmed.buffer
    var start = 0
    var index = trimmed.endOfFoldedRun(from: 0)
    while index < bytes.count {
      var end = index
      while end < bytes.count {
        let length = whiteSpace(bytes, at: end)
        if length == 0 { break }
        end += length
      }
      if end == index || (end == index + 1 && bytes[index] == 0x20) {
        index += 1
        // Most characters of such a text are no white space: only those that begin like it are looked at.
        while index < bytes.count, bytes[index] >= 0x80, bytes[index] < 0xC2 || bytes[index] > 0xE3 { index += 1 }
      } else {
        output.append(trimmed[start..<index])
        output.append(UInt8(ascii: " "))
        index = end
        start = end
      }
      index = trimmed.endOfFoldedRun(from: index)
    }
    output.append(trimmed[start..<bytes.count])
  }

  /// Where the first character stands that is of a block in which some decompose, compose or are reordered. Nil: the
  /// text is in NFC.
  ///
  /// - Parameter start: between two characters.
  private static func firstUnsure(_ text: ByteSlice, from start: Int) -> Int? {
    let bytes = text.buffer
    var index = start
    while index < bytes.count {
      let first = bytes[index]
      // Below U+0300 everything is normal.
      if first < 0xCC {
        index = first < 0x80 ? text.endOfASCIIRun(from: index) : index + 1
        continue
      }
      let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
      guard index + length <= bytes.count else { return index }
      var scalar = UInt32(first) & (length == 2 ? 0x1F : length == 3 ? 0x0F : 0x07)
      for offset in 1..<length { scalar = scalar << 6 | UInt32(bytes[index + offset] & 0x3F) }
      switch scalar {
      // Letters and digits without marks: Greek, Cyrillic, Armenian, Hebrew, Arabic.
      case 0x0388...0x0482, 0x048A...0x0556, 0x0561...0x0587, 0x05D0...0x05EA, 0x0620...0x064A, 0x0660...0x066F,
        0x0671...0x06D3:
        index += length
      // Punctuation; arrows to dingbats without the angle brackets; kana and CJK; Hangul syllables; letters of
      // formulas; emoji.
      case 0x2002...0x20CF, 0x2190...0x2328, 0x232B...0x2ADB, 0x3001...0x3029, 0x3041...0x3098, 0x309B...0x30FF,
        0x3400...0x9FFF, 0xAC00...0xD7A3, 0xFE0F, 0x1D400...0x1D7FF, 0x1F000...0x1FAFF:
        index += length
      default: return index
      }
    }
    return nil
  }
}
