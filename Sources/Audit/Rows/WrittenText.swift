import JSONTape
import Stages

/// The inside of a JSON string, with the escapes that this program writes. Whoever asks what can't be told from it,
/// gets nil.
struct WrittenText {
  let bytes: ByteSlice

  private static let backslash = UInt8(ascii: "\\")

  init(_ bytes: ByteSlice) { self.bytes = bytes }

  var isPlain: Bool { bytes.firstIndex(of: Self.backslash) == nil }

  /// The place of the first character that is not white space.
  var firstFilled: Int? {
    var place = 0
    while place < bytes.count {
      switch bytes[place] {
      case 0x20: place += 1
      case Self.backslash:
        guard place + 1 < bytes.count else { return nil }
        switch bytes[place + 1] {
        case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "f"): place += 2
        case UInt8(ascii: "\""), Self.backslash: return place
        default: return nil
        }
      case 0x21...0x7E: return place
      default: return Text.isBlank(bytes[place..<min(place + 4, bytes.count)]) ? nil : place
      }
    }
    return nil
  }

  /// Length in UTF-16 code units.
  private var utf16Length: Int? {
    var units = bytes.utf16Length
    var start = 0
    while let escape = bytes.firstIndex(of: Self.backslash, from: start) {
      guard escape + 1 < bytes.count else { return nil }
      if bytes[escape + 1] != UInt8(ascii: "u") {
        units -= 1
        start = escape + 2
      } else {
        // Only controls are written by number.
        guard escape + 6 <= bytes.count, bytes[escape..<bytes.count].hasPrefix("\\u00") else { return nil }
        units -= 5
        start = escape + 6
      }
    }
    return units
  }

  /// Is it the longest start of `whole` that has at most `limit` UTF-16 code units?
  func isStart(of whole: WrittenText, utf16 limit: Int) -> Bool {
    guard bytes.count <= whole.bytes.count, bytes == whole.bytes[0..<bytes.count] else { return false }
    if bytes.count == whole.bytes.count && bytes.count <= limit { return true }
    guard let units = utf16Length else { return false }
    if bytes.count == whole.bytes.count { return units <= limit }
    let next = whole.bytes[bytes.count]
    return next & 0xC0 != 0x80 && (units == limit || (units == limit - 1 && next >= 0xF0))
  }

  /// Bytes of a line that are looked at: more than those of a title.
  private static let titleReach = 1024

  /// Appends the line that starts at `start`, without escapes, as far as a title can want it.
  /// - Returns: whether all its characters could be read.
  func appendLine(at start: Int, to output: ByteBuffer) -> Bool {
    let end = min(bytes.count, start + Self.titleReach)
    var place = start
    while place < end {
      let escape = bytes[0..<end].firstIndex(of: Self.backslash, from: place) ?? end
      output.append(bytes[place..<escape])
      guard escape < end else { return true }
      guard escape + 1 < bytes.count else { return false }
      switch bytes[escape + 1] {
      case UInt8(ascii: "n"): return true
      case UInt8(ascii: "\""), Self.backslash: output.append(bytes[escape + 1])
      case UInt8(ascii: "t"): output.append(0x09)
      case UInt8(ascii: "r"): output.append(0x0D)
      default: return false
      }
      place = escape + 2
    }
    return true
  }

  /// Appends about so many of the first bytes, without escapes, and no part of a character.
  /// - Returns: whether all of them could be read.
  func appendPlain(bytes count: Int, to output: ByteBuffer) -> Bool {
    var end = min(bytes.count, count)
    while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
    var place = 0
    while place < end {
      let escape = bytes[0..<end].firstIndex(of: Self.backslash, from: place) ?? end
      output.append(bytes[place..<escape])
      guard escape < end else { return true }
      guard escape + 1 < bytes.count else { return false }
      switch bytes[escape + 1] {
      case UInt8(ascii: "\""), Self.backslash: output.append(bytes[escape + 1])
      case UInt8(ascii: "n"): output.append(0x0A)
      case UInt8(ascii: "t"): output.append(0x09)
      case UInt8(ascii: "r"): output.append(0x0D)
      default: return false
      }
      place = escape + 2
    }
    return true
  }

  /// Are the folded texts surely two? False says nothing.
  func surelyDiffers(from other: WrittenText) -> Bool {
    guard let left = bytes.buffer.first, let right = other.bytes.buffer.first, Self.isLetter(left),
      Self.isLetter(right)
    else { return false }
    let shared = min(bytes.count, other.bytes.count)
    var place = 0
    while place < shared, bytes.buffer[place] == other.bytes.buffer[place] { place += 1 }
    guard place < shared, Self.isLetter(bytes[place]), Self.isLetter(other.bytes[place]) else { return false }
    // Inside of an escape, a letter is none.
    return bytes[max(0, place - 5)..<place].firstIndex(of: Self.backslash) == nil
  }

  /// ASCII that is neither white space nor the start of an escape.
  private static func isLetter(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) && byte != backslash }
}
