/// The order of text by its UTF-16 code units. It differs from the order of the bytes where characters above U+FFFF,
/// whose first unit is D800…DBFF, meet E000…FFFF or lone surrogates.
enum TextOrder {
  /// Less than zero if `left` comes first, zero if they are equal.
  /// - Parameters: WTF-8.
  static func compare(_ left: ByteSlice, _ right: ByteSlice) -> Int {
    let shorter = min(left.count, right.count)
    var index = 0
    while index < shorter, left.buffer[index] == right.buffer[index] { index += 1 }
    if index == shorter { return left.count - right.count }
    let (a, b) = (left.buffer[index], right.buffer[index])
    // In a differing character's later bytes the order is that of the bytes; the first ones from ED on tell.
    guard a >= 0xed, b >= 0xed else { return Int(a) - Int(b) }
    return compareUnits(left[index..<left.count], right[index..<right.count])
  }

  private static func compareUnits(_ left: ByteSlice, _ right: ByteSlice) -> Int {
    var left = CodeUnits(left)
    var right = CodeUnits(right)
    while true {
      switch (left.next(), right.next()) {
      case (nil, nil): return 0
      case (nil, _): return -1
      case (_, nil): return 1
      case (let a?, let b?) where a != b: return Int(a) - Int(b)
      default: continue
      }
    }
  }

  /// The UTF-16 code units of WTF-8 text, from the beginning of a character on.
  private struct CodeUnits {
    private let bytes: ByteSlice
    private var place = 0
    private var low: UInt16?

    init(_ bytes: ByteSlice) { self.bytes = bytes }

    mutating func next() -> UInt16? {
      if let unit = low {
        low = nil
        return unit
      }
      guard place < bytes.count else { return nil }
      let lead = bytes[place]
      let length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
      var scalar = length == 1 ? UInt32(lead) : UInt32(lead) & (0x7f >> UInt32(length))
      for distance in 1..<max(length, 1) { scalar = scalar << 6 | UInt32(bytes[place + distance] & 0x3f) }
      place += length
      guard scalar >= 0x10000 else { return UInt16(truncatingIfNeeded: scalar) }
      low = UInt16(0xdc00 + (scalar - 0x10000) & 0x3ff)
      return UInt16(0xd800 + (scalar - 0x10000) >> 10)
    }
  }
}
