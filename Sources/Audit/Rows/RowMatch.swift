import JSONTape

/// Walks along an exported row and compares it, piece by piece, with what is expected there.
struct RowMatch {
  private let row: ByteSlice
  private var place = 0

  init(_ row: ByteSlice) { self.row = row }

  var isAtEnd: Bool { place == row.count }

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
