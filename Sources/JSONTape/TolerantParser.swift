import CSimdJSON

/// The parser for what simdjson refuses: RFC 8259 to the letter, with numbers of any size and with lone surrogates,
/// which become WTF-8. It knows what is wrong with a text and where. It does not recurse, and needs no padding.
final class TolerantParser {
  private let maximumDepth: Int
  private var builder = TapeBuilder()
  private var text = ByteSlice.empty
  /// The next byte to read.
  private var place = 0

  init(maximumDepth: Int) { self.maximumDepth = maximumDepth }

  private enum Expected { case value, elementOrEnd, memberOrEnd, member, separatorOrEnd }

  /// - Returns: the tape, valid until the next text is parsed, as long as this parser and the text live.
  func parse(_ text: ByteSlice) throws(JSONError) -> csimdjson_tape {
    self.text = text
    place = 0
    builder.begin()
    var expected = Expected.value
    repeat {
      skipWhiteSpace()
      expected = try step(expected)
      if builder.depth == 0 { break }
    } while true
    skipWhiteSpace()
    guard place == text.count else { throw error("text after the value") }
    return builder.end(text: text)
  }

  private func step(_ expected: Expected) throws(JSONError) -> Expected {
    switch (expected, peek()) {
    case (.elementOrEnd, UInt8(ascii: "]")), (.memberOrEnd, UInt8(ascii: "}")):
      return end()
    case (.value, _), (.elementOrEnd, _):
      return try value()
    case (.memberOrEnd, UInt8(ascii: "\"")), (.member, UInt8(ascii: "\"")):
      try string()
      skipWhiteSpace()
      guard peek() == UInt8(ascii: ":") else { throw error("expected ':'") }
      place += 1
      return .value
    case (.memberOrEnd, _), (.member, _):
      throw error("expected a key")
    case (.separatorOrEnd, UInt8(ascii: ",")):
      place += 1
      return builder.isInObject ? .member : .value
    case (.separatorOrEnd, UInt8(ascii: "}")) where builder.isInObject,
      (.separatorOrEnd, UInt8(ascii: "]")) where !builder.isInObject:
      return end()
    case (.separatorOrEnd, _):
      throw error(builder.isInObject ? "expected ',' or '}'" : "expected ',' or ']'")
    }
  }

  private func end() -> Expected {
    builder.endContainer(at: place)
    place += 1
    return .separatorOrEnd
  }

  private func value() throws(JSONError) -> Expected {
    switch peek() {
    case UInt8(ascii: "{"):
      try begin(Tape.Tag.objectStart)
      return .memberOrEnd
    case UInt8(ascii: "["):
      try begin(Tape.Tag.arrayStart)
      return .elementOrEnd
    case UInt8(ascii: "\""): try string()
    case UInt8(ascii: "-"): try number()
    case UInt8(ascii: "t"): try literal("true", Tape.Tag.true)
    case UInt8(ascii: "f"): try literal("false", Tape.Tag.false)
    case UInt8(ascii: "n"): try literal("null", Tape.Tag.null)
    case let byte? where Self.isDigit(byte): try number()
    default: throw error(hasByteOrderMark ? "byte order mark" : "expected a value")
    }
    return .separatorOrEnd
  }

  private func begin(_ tag: UInt8) throws(JSONError) {
    guard builder.depth < maximumDepth else { throw error("nesting deeper than \(maximumDepth)") }
    builder.beginContainer(tag, at: place)
    place += 1
  }

  private func literal(_ word: StaticString, _ tag: UInt8) throws(JSONError) {
    guard text[place..<text.count].hasPrefix(word) else { throw error("expected a value") }
    builder.literal(tag, at: place)
    place += word.utf8CodeUnitCount
  }
}

// MARK: Bytes

extension TolerantParser {
  /// The next byte; nil at the end of the text.
  @inline(__always)
  private func peek(_ distance: Int = 0) -> UInt8? {
    place + distance < text.count ? text[place + distance] : nil
  }

  private func skipWhiteSpace() {
    while let byte = peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { place += 1 }
  }

  private var hasByteOrderMark: Bool { place == 0 && text.hasPrefix("\u{FEFF}") }

  /// At the end of the text nothing else is worth saying than that it ends.
  private func error(_ reason: String, at offset: Int? = nil) -> JSONError {
    let offset = offset ?? place
    guard offset < text.count else { return JSONError(reason: "the text ends too early", offset: text.count) }
    return JSONError(reason: reason, offset: offset)
  }
}

// MARK: Numbers

extension TolerantParser {
  private func number() throws(JSONError) {
    let start = place
    if peek() == UInt8(ascii: "-") { place += 1 }
    let firstDigit = place
    try digits()
    guard place == firstDigit + 1 || text[firstDigit] != UInt8(ascii: "0") else {
      throw error("a number with a leading zero", at: firstDigit)
    }
    var isInteger = true
    if peek() == UInt8(ascii: ".") {
      isInteger = false
      place += 1
      try digits()
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      isInteger = false
      place += 1
      if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { place += 1 }
      try digits()
    }
    append(text[start..<place], isInteger: isInteger, at: start)
  }

  private func digits() throws(JSONError) {
    let start = place
    while let byte = peek(), Self.isDigit(byte) { place += 1 }
    guard place > start else { throw error("expected a digit") }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  private func append(_ token: ByteSlice, isInteger: Bool, at start: Int) {
    if isInteger, let (tag, bits) = Self.integer(token) {
      builder.number(tag, bits: bits, at: start)
      return
    }
    let nearest = csimdjson_nearest(token.buffer.baseAddress, token.count)
    let tag = isInteger || nearest.isInfinite ? Tape.Tag.unbounded : Tape.Tag.double
    builder.number(tag, bits: nearest.bitPattern, at: start)
  }

  /// The words of an integer that 64 bits hold; else nil.
  private static func integer(_ token: ByteSlice) -> (tag: UInt8, bits: UInt64)? {
    let isNegative = token[0] == UInt8(ascii: "-")
    var magnitude: UInt64 = 0
    for byte in token.buffer.dropFirst(isNegative ? 1 : 0) {
      let (tens, overflow) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(UInt64(byte - UInt8(ascii: "0")))
      guard !overflow, !carry else { return nil }
      magnitude = sum
    }
    if isNegative {
      return magnitude <= Int64.min.magnitude ? (Tape.Tag.signed, 0 &- magnitude) : nil
    }
    return (magnitude <= UInt64(Int64.max) ? Tape.Tag.signed : Tape.Tag.unsigned, magnitude)
  }
}

// MARK: Strings

extension TolerantParser {
  private func string() throws(JSONError) {
    let output = builder.beginString(at: place)
    place += 1
    while true {
      let start = place
      while let byte = peek(), byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
        place += 1
      }
      output.append(text[start..<place])
      guard let byte = peek() else { throw error("expected '\"'") }
      switch byte {
      case UInt8(ascii: "\""):
        place += 1
        builder.endString()
        return
      case UInt8(ascii: "\\"): try escape(to: output)
      case 0..<0x20: throw error("a control character in a string")
      default:
        let end = place + (try scalarLength(byte))
        output.append(text[place..<end])
        place = end
      }
    }
  }

  /// The length of the well-formed UTF-8 sequence (Unicode, table 3-7) of two to four bytes that `lead` begins.
  private func scalarLength(_ lead: UInt8) throws(JSONError) -> Int {
    let length: Int
    var second: ClosedRange<UInt8> = 0x80...0xbf
    switch lead {
    case 0xc2...0xdf: length = 2
    case 0xe0...0xef:
      length = 3
      if lead == 0xe0 { second = 0xa0...0xbf }
      if lead == 0xed { second = 0x80...0x9f }
    case 0xf0...0xf4:
      length = 4
      if lead == 0xf0 { second = 0x90...0xbf }
      if lead == 0xf4 { second = 0x80...0x8f }
    default: throw error("invalid UTF-8")
    }
    for distance in 1..<length {
      let range = distance == 1 ? second : 0x80...0xbf
      guard let byte = peek(distance), range.contains(byte) else { throw error("invalid UTF-8") }
    }
    return length
  }

  private func escape(to output: ByteBuffer) throws(JSONError) {
    switch peek(1) {
    case UInt8(ascii: "\""): output.append(UInt8(ascii: "\""))
    case UInt8(ascii: "\\"): output.append(UInt8(ascii: "\\"))
    case UInt8(ascii: "/"): output.append(UInt8(ascii: "/"))
    case UInt8(ascii: "b"): output.append(0x08)
    case UInt8(ascii: "f"): output.append(0x0c)
    case UInt8(ascii: "n"): output.append(0x0a)
    case UInt8(ascii: "r"): output.append(0x0d)
    case UInt8(ascii: "t"): output.append(0x09)
    case UInt8(ascii: "u"):
      try unicodeEscape(to: output)
      return
    default: throw peek(1) == nil ? error("", at: text.count) : error("unknown escape")
    }
    place += 2
  }

  private func unicodeEscape(to output: ByteBuffer) throws(JSONError) {
    var scalar = try codeUnit(at: place)
    place += 6
    if scalar & 0xfc00 == 0xd800, peek() == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "u") {
      let low = try codeUnit(at: place)
      if low & 0xfc00 == 0xdc00 {
        scalar = 0x10000 + (scalar & 0x3ff) << 10 + (low & 0x3ff)
        place += 6
      }
    }
    Self.appendGeneralised(scalar, to: output)
  }

  /// The code unit of the escape `\uxxxx` at `start`.
  private func codeUnit(at start: Int) throws(JSONError) -> UInt32 {
    var unit: UInt32 = 0
    for index in start + 2..<start + 6 {
      guard index < text.count else { throw error("", at: text.count) }
      switch text[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): unit = unit << 4 | UInt32(text[index] & 0x0f)
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
        unit = unit << 4 | UInt32(text[index] & 0x0f + 9)
      default: throw error("expected four hexadecimal digits", at: start)
      }
    }
    return unit
  }

  /// Appends the UTF-8 of a code point, surrogates like any other.
  private static func appendGeneralised(_ scalar: UInt32, to output: ByteBuffer) {
    func continuation(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(scalar >> shift & 0x3f) }
    switch scalar {
    case 0..<0x80:
      output.append(UInt8(scalar))
    case 0x80..<0x800:
      output.append(0xc0 | UInt8(scalar >> 6))
      output.append(continuation(0))
    case 0x800..<0x10000:
      output.append(0xe0 | UInt8(scalar >> 12))
      output.append(continuation(6))
      output.append(continuation(0))
    default:
      output.append(0xf0 | UInt8(scalar >> 18))
      output.append(continuation(12))
      output.append(continuation(6))
      output.append(continuation(0))
    }
  }
}
