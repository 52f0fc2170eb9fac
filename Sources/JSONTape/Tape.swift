import CSimdJSON

/// The words of a tape; `CSimdJSON.h` describes them.
enum Tape {
  enum Tag {
    static let root = UInt8(ascii: "r")
    static let null = UInt8(ascii: "n")
    static let `true` = UInt8(ascii: "t")
    static let `false` = UInt8(ascii: "f")
    static let string = UInt8(ascii: "\"")
    static let signed = UInt8(ascii: "l")
    static let unsigned = UInt8(ascii: "u")
    static let double = UInt8(ascii: "d")
    static let unbounded = UInt8(ascii: "b")
    static let arrayStart = UInt8(ascii: "[")
    static let arrayEnd = UInt8(ascii: "]")
    static let objectStart = UInt8(ascii: "{")
    static let objectEnd = UInt8(ascii: "}")
  }

  @inline(__always)
  static func word(_ tag: UInt8, _ payload: Int) -> UInt64 { UInt64(tag) << 56 | UInt64(payload) }

  @inline(__always)
  static func tag(of word: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: word >> 56) }
}

extension csimdjson_tape {
  @inline(__always)
  func tag(at index: Int) -> UInt8 { Tape.tag(of: words[index]) }

  /// The index of the word after the value at `index`.
  @inline(__always)
  func index(after index: Int) -> Int {
    let word = words[index]
    switch Tape.tag(of: word) {
    case Tape.Tag.arrayStart, Tape.Tag.objectStart: return Int(UInt32(truncatingIfNeeded: word))
    case Tape.Tag.signed, Tape.Tag.unsigned, Tape.Tag.double, Tape.Tag.unbounded: return index + 2
    default: return index + 1
    }
  }

  /// The unescaped string whose word is at `index`.
  @inline(__always)
  func string(at index: Int) -> ByteSlice {
    let start = strings + Int(words[index] & 0x00ff_ffff_ffff_ffff)
    let count = UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
    return ByteSlice(UnsafeBufferPointer(start: start + MemoryLayout<UInt32>.size, count: Int(count)))
  }

  /// The double nearest to the number at `index`, which may be infinite.
  @inline(__always)
  func nearestDouble(at index: Int) -> Double {
    let value = words[index + 1]
    switch tag(at: index) {
    case Tape.Tag.signed:
      // The only integer that needs its token for its sign is minus zero.
      return value == 0 && text[Int(positions[index])] == UInt8(ascii: "-") ? -0.0 : Double(Int64(bitPattern: value))
    case Tape.Tag.unsigned: return Double(value)
    default: return Double(bitPattern: value)
    }
  }

  /// The bytes that the value at `index` takes in the text.
  func sourceRange(at index: Int) -> Range<Int> {
    let start = Int(positions[index])
    switch tag(at: index) {
    case Tape.Tag.null, Tape.Tag.true: return start..<start + 4
    case Tape.Tag.false: return start..<start + 5
    case Tape.Tag.string:
      return start..<(endOfString(before: index + 1, from: start) ?? endOfString(from: start))
    case Tape.Tag.arrayStart, Tape.Tag.objectStart:
      return start..<Int(positions[self.index(after: index) - 1]) + 1
    default: return numberRange(from: start)
    }
  }

  /// Behind the closing quote: between it and what the next word stands for is nothing but a separator and white space.
  /// Nil where no word with a place follows.
  @inline(__always)
  private func endOfString(before next: Int, from start: Int) -> Int? {
    guard tag(at: next) != Tape.Tag.root else { return nil }
    var end = Int(positions[next])
    while end > start + 1 {
      if text[end - 1] == UInt8(ascii: "\"") { return end }
      end -= 1
    }
    return nil
  }

  /// The same found from the front: the first quote with an even number of backslashes before it.
  @inline(__always)
  private func endOfString(from start: Int) -> Int {
    let text = slice(0..<text_count)
    var next = start + 1
    while let quote = text.firstIndex(of: UInt8(ascii: "\""), from: next) {
      var first = quote
      while first > next, text.buffer[first - 1] == UInt8(ascii: "\\") { first -= 1 }
      if (quote - first) % 2 == 0 { return quote + 1 }
      next = quote + 1
    }
    preconditionFailure("a string of the tape has no end in its text")
  }

  /// A number ends where the text does or a byte follows that no number has.
  @inline(__always)
  func numberRange(from start: Int) -> Range<Int> {
    var end = start + 1
    while end < text_count, Self.isInNumber(text[end]) { end += 1 }
    return start..<end
  }

  @inline(__always)
  private static func isInNumber(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"),
      UInt8(ascii: "+"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  @inline(__always)
  func slice(_ range: Range<Int>) -> ByteSlice {
    ByteSlice(UnsafeBufferPointer(start: text + range.lowerBound, count: range.count))
  }
}
