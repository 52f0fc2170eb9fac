import JSONTape

/// An instant with nanosecond resolution, in the years 0001 to 9999 of the proleptic Gregorian calendar, UTC.
public struct Timestamp: Sendable, Hashable {
  /// Since 1970-01-01T00:00:00Z; rounded down, so that `nanoseconds` always counts forwards.
  public let seconds: Int64
  /// 0 ..< 1,000,000,000
  public let nanoseconds: Int32

  /// nil: the instant is outside of the years 0001 to 9999, or `nanoseconds` is outside of 0 ..< 1,000,000,000.
  public init?(seconds: Int64, nanoseconds: Int32) {
    guard Self.range.contains(seconds), (0..<1_000_000_000).contains(nanoseconds) else { return nil }
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// 0001-01-01T00:00:00Z ... 9999-12-31T23:59:59Z
  static let range: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

  /// The day in UTC.
  public var day: (year: Int, month: Int, day: Int) {
    let date = CivilDate(daysSince1970: seconds.flooredDivision(by: 86_400))
    return (date.year, date.month, date.day)
  }

  /// RFC 3339 in UTC with a `Z`, up to 9 fraction digits without trailing zeros: `2026-04-26T08:00:00.5Z`.
  public var text: String {
    String(unsafeUninitializedCapacity: Self.maximumLength) { write(to: $0) }
  }

  /// Appends `text`.
  public func append(to output: ByteBuffer) {
    output.append(count: Self.maximumLength) { write(to: $0.assumingMemoryBound(to: UInt8.self)) }
  }

  /// Is this the `text` of an instant, letter by letter?
  public static func isWritten(_ text: ByteSlice) -> Bool {
    if isPlainlyWritten(text) { return true }
    guard text.count <= maximumLength, let timestamp = Timestamp(text, defaultOffsetSeconds: 0) else { return false }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: maximumLength) { room in
      let count = timestamp.write(to: room)
      return text == ByteSlice(UnsafeBufferPointer(rebasing: room[..<count]))
    }
  }

  /// Whole seconds, up to the 28th: written so whatever year and month it is.
  private static func isPlainlyWritten(_ text: ByteSlice) -> Bool {
    guard text.count == 20, let byte = text.buffer.baseAddress else { return false }
    func number(_ place: Int) -> UInt8 {
      let (tens, ones) = (byte[place] &- 0x30, byte[place + 1] &- 0x30)
      return tens < 10 && ones < 10 ? tens * 10 + ones : .max
    }
    return number(0) <= 99 && number(2) <= 99 && number(0) + number(2) > 0 && byte[4] == UInt8(ascii: "-")
      && (1...12).contains(number(5)) && byte[7] == UInt8(ascii: "-") && (1...28).contains(number(8))
      && byte[10] == UInt8(ascii: "T") && number(11) < 24 && byte[13] == UInt8(ascii: ":") && number(14) < 60
      && byte[16] == UInt8(ascii: ":") && number(17) < 60 && byte[19] == UInt8(ascii: "Z")
  }

  private static let maximumLength = "2026-04-26T08:00:00.123456789Z".utf8.count

  /// Returns how many bytes it wrote.
  private func write(to output: UnsafeMutableBufferPointer<UInt8>) -> Int {
    let date = day
    let second = Int(seconds - seconds.flooredDivision(by: 86_400) * 86_400)
    var count = 0
    func put(_ byte: Unicode.Scalar) {
      output[count] = UInt8(ascii: byte)
      count += 1
    }
    func put(_ value: Int, digits: Int) {
      var value = value
      for place in (count..<count + digits).reversed() {
        output[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
        value /= 10
      }
      count += digits
    }
    put(date.year, digits: 4)
    put("-")
    put(date.month, digits: 2)
    put("-")
    put(date.day, digits: 2)
    put("T")
    put(second / 3600, digits: 2)
    put(":")
    put(second / 60 % 60, digits: 2)
    put(":")
    put(second % 60, digits: 2)
    if nanoseconds > 0 {
      var fraction = Int(nanoseconds)
      var digits = 9
      while fraction % 10 == 0 {
        fraction /= 10
        digits -= 1
      }
      put(".")
      put(fraction, digits: digits)
    }
    put("Z")
    return count
  }
}

extension Timestamp: Comparable {
  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }
}

extension Timestamp: CustomStringConvertible {
  public var description: String { text }
}
