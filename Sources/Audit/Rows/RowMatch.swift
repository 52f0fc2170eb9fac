import JSONTape

/// Walks along an exported row and compares it, piece by piece, with what is expected there.
struct RowMatch {
  private let row: ByteSlice
  private var place = 0

  init(_ row: ByteSlice) { self.row = row }

  var isAtEnd: Bool { place == row.count }

  /// What was not taken.
  var rest: ByteSlice { row[place..<row.count] }

  mutating func take(_ text: StaticString) -> Bool {
    guard row.count - place >= text.utf8CodeUnitCount, row[place..<place + text.utf8CodeUnitCount] == text else {
      return false
    }
    place += text.utf8CodeUnitCount
    return true
  }

  mutating func take(_ bytes: ByteSlice?) -> Bool {
    guard let bytes, row.count - place >= bytes.count, row[place..<place + bytes.count] == bytes else { return false }
    place += bytes.count
    return true
  }

  @_disfavoredOverload  // a literal is a StaticString
  mutating func take(_ text: String) -> Bool { text.withBytes { take($0) } }

  /// 16 lower-case hex digits.
  mutating func takeID() -> UInt64? {
    guard row.count - place >= 16 else { return nil }
    var bits: UInt64 = 0
    for digit in row[place..<place + 16].buffer {
      switch digit {
      case 0x30...0x39: bits = bits << 4 | UInt64(digit - 0x30)
      case 0x61...0x66: bits = bits << 4 | UInt64(digit - 0x57)
      default: return nil
      }
    }
    place += 16
    return bits
  }

  /// The value as 16 lower-case hex digits.
  mutating func take(hex value: UInt64) -> Bool {
    guard row.count - place >= 16 else { return false }
    let digits = row[place..<place + 16].raw
    guard digits.loadUnaligned(as: UInt64.self).bigEndian == Self.digits(UInt32(truncatingIfNeeded: value >> 32)),
      digits.loadUnaligned(fromByteOffset: 8, as: UInt64.self).bigEndian
        == Self.digits(UInt32(truncatingIfNeeded: value))
    else { return false }
    place += 16
    return true
  }

  /// The eight digits of a number, the first in the highest byte.
  private static func digits(_ value: UInt32) -> UInt64 {
    var digits = UInt64(value)
    digits = (digits & 0xFFFF_0000) << 16 | digits & 0xFFFF
    digits = (digits & 0x0000_FF00_0000_FF00) << 8 | digits & 0x0000_00FF_0000_00FF
    digits = (digits & 0x00F0_00F0_00F0_00F0) << 4 | digits & 0x000F_000F_000F_000F
    // A byte has one digit now; those from ten on are letters.
    let letters = (digits + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return digits + 0x3030_3030_3030_3030 + letters * 0x27
  }

  /// The string that starts here, with its quotes and escapes. What is in it is not checked.
  mutating func takeString() -> ByteSlice? {
    guard place < row.count, row[place] == UInt8(ascii: "\"") else { return nil }
    var next = place + 1
    while let quote = row.firstIndex(of: UInt8(ascii: "\""), from: next) {
      var escape = quote
      while escape > next, row[escape - 1] == UInt8(ascii: "\\") { escape -= 1 }
      next = quote + 1
      guard (quote - escape) % 2 == 0 else { continue }
      let string = row[place..<next]
      place = next
      return string
    }
    return nil
  }

  /// A string as `takeString` gives it, or null.
  mutating func takeStringOrNull() -> ByteSlice? {
    let start = place
    return take("null") ? row[start..<place] : takeString()
  }
}
