import CSimdJSON

/// Walks over JSON that was written without white space, token by token, and builds nothing.
///
/// It takes less than the grammar has (no white space, no number that might be too large for a double, containers 64
/// deep): where it says no, a parser decides. What it takes, a parser takes, too.
public struct TokenScanner {
  /// Readable bytes of the text, `position` among them or behind them.
  @usableFromInline let base: UnsafePointer<UInt8>
  @usableFromInline let count: Int
  public var position = 0

  private static let maximumDepth = 64

  /// - Parameter text: has bytes, and outlives the scanner.
  @inlinable
  public init(_ text: ByteSlice) {
    precondition(!text.isEmpty, "nothing to scan")
    base = text.buffer.baseAddress.unsafelyUnwrapped
    count = text.count
  }

  @inlinable
  public var isAtEnd: Bool { position == count }

  /// nil: behind the end.
  @inlinable
  public var next: UInt8? { position < count ? base[position] : nil }

  @inlinable
  public mutating func take(_ byte: UInt8) -> Bool {
    guard position < count, base[position] == byte else { return false }
    position += 1
    return true
  }

  /// Steps over these bytes if they are next.
  @inlinable
  public mutating func take(_ bytes: ByteSlice) -> Bool {
    guard count - position >= bytes.count, let other = bytes.buffer.baseAddress else { return false }
    guard bytes.isEmpty || UnsafeRawPointer(base + position).hasSameBytes(as: other, count: bytes.count) else {
      return false
    }
    position += bytes.count
    return true
  }

  @inlinable
  public mutating func take(_ text: StaticString) -> Bool { take(ByteSlice(text.rawBytes)) }

  @inlinable
  public mutating func takeNull() -> Bool { takeWord(0x6c6c_756e) }

  public mutating func takeBoolean() -> Bool {
    if takeWord(0x6575_7274) { return true }
    guard position < count, base[position] == UInt8(ascii: "f") else { return false }
    position += 1
    if takeWord(0x6573_6c61) { return true }
    position -= 1
    return false
  }

  /// Four letters, the first in the lowest byte.
  @usableFromInline
  mutating func takeWord(_ word: UInt32) -> Bool {
    guard count - position >= 4,
      UnsafeRawPointer(base + position).loadUnaligned(as: UInt32.self).littleEndian == word
    else { return false }
    position += 4
    return true
  }

  /// Steps over a string, in UTF-8 and with sound escapes, and returns what is between its quotes.
  public mutating func takeString() -> EscapedText? {
    guard position < count, base[position] == UInt8(ascii: "\"") else { return nil }
    let start = position + 1
    if count - start >= 16 {
      let length = Int(csimdjson_short_string(base + start))
      if length >= 0 {
        position = start + length + 1
        return EscapedText(ByteSlice(UnsafeBufferPointer(start: base + start, count: length)), excess: 0)
      }
    }
    let found = csimdjson_scan_string(base + start, count - start)
    guard found.length > 0 else { return nil }
    let text = ByteSlice(UnsafeBufferPointer(start: base + start, count: found.length - 1))
    if found.has_high_bytes != 0, csimdjson_is_utf8(base + start, found.length - 1) == 0 { return nil }
    position = start + found.length
    return EscapedText(text, excess: found.excess)
  }

  /// Steps over a whole number from 0 on of at most 18 digits.
  public mutating func takeInteger() -> Int64? {
    var end = position
    var value: Int64 = 0
    while end < count, base[end] &- UInt8(ascii: "0") < 10 {
      if end - position == 18 { return nil }
      value = value * 10 + Int64(base[end] &- UInt8(ascii: "0"))
      end += 1
    }
    guard end > position, base[position] != UInt8(ascii: "0") || end == position + 1 else { return nil }
    if end < count, base[end] == UInt8(ascii: ".") || base[end] | 0x20 == UInt8(ascii: "e") { return nil }
    position = end
    return value
  }

  /// Steps over a number that is surely finite: at most 200 digits, two of them in the exponent.
  public mutating func takeNumber() -> Bool {
    var end = position
    if end < count, base[end] == UInt8(ascii: "-") { end += 1 }
    let whole = end
    skipDigits(&end)
    guard end > whole, end - whole <= 100, base[whole] != UInt8(ascii: "0") || end == whole + 1 else { return false }
    if end < count, base[end] == UInt8(ascii: ".") {
      end += 1
      let fraction = end
      skipDigits(&end)
      guard end > fraction, end - fraction <= 100 else { return false }
    }
    if end < count, base[end] | 0x20 == UInt8(ascii: "e") {
      end += 1
      if end < count, base[end] == UInt8(ascii: "-") || base[end] == UInt8(ascii: "+") { end += 1 }
      let exponent = end
      skipDigits(&end)
      guard end > exponent, end - exponent <= 2 else { return false }
    }
    position = end
    return true
  }

  private func skipDigits(_ end: inout Int) {
    while end < count, base[end] &- UInt8(ascii: "0") < 10 { end += 1 }
  }

  /// Steps over any value.
  public mutating func takeValue() -> Bool { takeValue(depth: 0) }

  private mutating func takeValue(depth: Int) -> Bool {
    guard position < count, depth < Self.maximumDepth else { return false }
    switch base[position] {
    case UInt8(ascii: "\""): return takeString() != nil
    case UInt8(ascii: "n"): return takeNull()
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return takeBoolean()
    case UInt8(ascii: "["):
      position += 1
      if take(UInt8(ascii: "]")) { return true }
      repeat {
        guard takeValue(depth: depth + 1) else { return false }
      } while take(UInt8(ascii: ","))
      return take(UInt8(ascii: "]"))
    case UInt8(ascii: "{"):
      position += 1
      if take(UInt8(ascii: "}")) { return true }
      repeat {
        guard takeString() != nil, take(UInt8(ascii: ":")), takeValue(depth: depth + 1) else { return false }
      } while take(UInt8(ascii: ","))
      return take(UInt8(ascii: "}"))
    default: return takeNumber()
    }
  }

  /// The bytes from `start` to the position.
  @inlinable
  public func slice(from start: Int) -> ByteSlice {
    precondition(start >= 0 && start <= position, "a slice that ends before it begins")
    return ByteSlice(UnsafeBufferPointer(start: base + start, count: position - start))
  }
}
