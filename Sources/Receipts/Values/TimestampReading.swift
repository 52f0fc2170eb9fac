import JSONTape

extension Timestamp {
  /// Reads RFC 3339: `T`, `t` or a space between date and time; a fraction of at least one digit, of which nine count;
  /// `Z`, `z`, `±hh:mm` or `±hhmm`. A date alone is its midnight. A leap second (60) is read as second 59.
  ///
  /// - Parameter defaultOffsetSeconds: east of UTC, for a text without an offset.
  /// - Returns: nil for anything else, for a day that the calendar lacks, and outside of the years 0001 to 9999.
  public init?(_ text: ByteSlice, defaultOffsetSeconds: Int32) {
    var reader = Reader(text: text.buffer)
    guard let year = reader.number(digits: 4), year >= 1, reader.take("-"),
      let month = reader.number(digits: 2), reader.take("-"),
      let day = reader.number(digits: 2), let date = CivilDate(year: year, month: month, day: day)
    else { return nil }
    var second = 0
    var fraction = 0
    var offset = Int(defaultOffsetSeconds)
    if !reader.isAtEnd {
      guard reader.take("T") || reader.take("t") || reader.take(" "), let clock = reader.timeOfDay() else { return nil }
      (second, fraction) = clock
      if !reader.isAtEnd {
        guard let written = reader.offset() else { return nil }
        offset = written
      }
    }
    guard reader.isAtEnd else { return nil }
    self.init(
      seconds: date.daysSince1970 * 86_400 + Int64(second) - Int64(offset), nanoseconds: Int32(fraction))
  }

  /// Reads a JSON number: seconds since 1970; from 1e11 milliseconds, from 1e14 microseconds, from 1e17 nanoseconds
  /// (by its absolute value). The token's decimal digits count, not the nearest double; what is below a nanosecond is
  /// cut off.
  ///
  /// - Returns: nil for what is no number, and outside of the years 0001 to 9999.
  public init?(numberToken token: ByteSlice) {
    guard let number = DecimalToken(token.buffer) else { return nil }
    // Below 1e11 a second takes nine more digits to be nanoseconds, and so on.
    let fractionDigits: Int
    switch number.integerDigits {
    case ...11: fractionDigits = 9
    case ...14: fractionDigits = 6
    case ...17: fractionDigits = 3
    default: fractionDigits = 0
    }
    // The year 9999 has 21 digits of nanoseconds.
    let digits = number.integerDigits + fractionDigits
    guard digits <= 21 else { return nil }
    var total: Int128 = 0
    number.forEachDigit(first: digits) { total = total * 10 + Int128($0) }
    if number.isNegative { total = -total }
    var (seconds, nanoseconds) = total.quotientAndRemainder(dividingBy: 1_000_000_000)
    if nanoseconds < 0 {
      seconds -= 1
      nanoseconds += 1_000_000_000
    }
    guard let wholeSeconds = Int64(exactly: seconds) else { return nil }
    self.init(seconds: wholeSeconds, nanoseconds: Int32(nanoseconds))
  }
}

/// Reads fixed-width fields from the front of a text.
private struct Reader {
  let text: UnsafeBufferPointer<UInt8>
  var place = 0

  var isAtEnd: Bool { place == text.count }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard place < text.count, text[place] == UInt8(ascii: character) else { return false }
    place += 1
    return true
  }

  mutating func digit() -> Int? {
    guard place < text.count, (0x30...0x39).contains(text[place]) else { return nil }
    place += 1
    return Int(text[place - 1]) - 0x30
  }

  mutating func number(digits: Int) -> Int? {
    var value = 0
    for _ in 0..<digits {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  mutating func timeOfDay() -> (second: Int, nanoseconds: Int)? {
    guard let hour = number(digits: 2), hour <= 23, take(":"),
      let minute = number(digits: 2), minute <= 59, take(":"),
      let second = number(digits: 2), second <= 60
    else { return nil }
    var nanoseconds = 0
    if take(".") {
      guard var digit = digit() else { return nil }
      var weight = 100_000_000
      while true {
        nanoseconds += digit * weight
        weight /= 10
        guard let next = self.digit() else { break }
        digit = next
      }
    }
    return (hour * 3600 + minute * 60 + min(second, 59), nanoseconds)
  }

  /// Seconds east of UTC.
  mutating func offset() -> Int? {
    if take("Z") || take("z") { return 0 }
    let sign: Int
    if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
    guard let hour = number(digits: 2), hour <= 23 else { return nil }
    _ = take(":")
    guard let minute = number(digits: 2), minute <= 59 else { return nil }
    return sign * (hour * 3600 + minute * 60)
  }
}

/// A JSON number as its decimal digits: 0.d₁d₂d₃… × 10^integerDigits, d₁ not zero.
private struct DecimalToken {
  private let mantissa: UnsafeBufferPointer<UInt8>.SubSequence
  let isNegative: Bool
  /// How many digits stand before the point once the exponent is worked in; negative for 0.001. 0 for zero.
  let integerDigits: Int

  /// nil: not a JSON number.
  init?(_ token: UnsafeBufferPointer<UInt8>) {
    var place = 0
    func isDigit() -> Bool { place < token.count && (0x30...0x39).contains(token[place]) }
    func skipDigits() -> Int {
      let start = place
      while isDigit() { place += 1 }
      return place - start
    }
    isNegative = token.first == UInt8(ascii: "-")
    if isNegative { place = 1 }
    let start = place
    let whole = skipDigits()
    guard whole > 0 else { return nil }
    if place < token.count, token[place] == UInt8(ascii: ".") {
      place += 1
      guard skipDigits() > 0 else { return nil }
    }
    let end = place
    var exponent = 0
    if place < token.count, token[place] | 0x20 == UInt8(ascii: "e") {
      place += 1
      let negative = place < token.count && token[place] == UInt8(ascii: "-")
      if negative || (place < token.count && token[place] == UInt8(ascii: "+")) { place += 1 }
      guard isDigit() else { return nil }
      while isDigit() {
        // Past a billion the value is out of all range, with any mantissa that fits in memory.
        exponent = min(exponent * 10 + Int(token[place]) - 0x30, 1_000_000_000_000)
        place += 1
      }
      if negative { exponent = -exponent }
    }
    guard place == token.count else { return nil }

    var first = start
    var leadingZeros = 0
    while first < end, token[first] == 0x30 || token[first] == UInt8(ascii: ".") {
      if token[first] == 0x30 { leadingZeros += 1 }
      first += 1
    }
    mantissa = token[first..<end]
    integerDigits = first == end ? 0 : whole - leadingZeros + exponent
  }

  /// The `count` digits from the first significant one, with zeros behind the last; none if `count` is negative.
  func forEachDigit(first count: Int, _ body: (UInt8) -> Void) {
    var left = count
    for byte in mantissa where byte != UInt8(ascii: ".") {
      if left <= 0 { return }
      body(byte - 0x30)
      left -= 1
    }
    while left > 0 {
      body(0)
      left -= 1
    }
  }
}
