import JSONTape
import Receipts
import Testing

@Suite("Timestamp")
struct TimestampTests {
  private func read(_ text: String, offset: Int32 = 0) -> String? {
    Array(text.utf8).withUnsafeBytes { Timestamp(ByteSlice($0), defaultOffsetSeconds: offset)?.text }
  }

  private func number(_ token: String) -> String? {
    Array(token.utf8).withUnsafeBytes { Timestamp(numberToken: ByteSlice($0))?.text }
  }

  @Test(
    "RFC 3339 texts are read and written in UTC",
    arguments: [
      ("2026-04-26T08:00:00Z", "2026-04-26T08:00:00Z"),
      ("2026-04-26t08:00:00z", "2026-04-26T08:00:00Z"),
      ("2026-04-26 08:00:00.500Z", "2026-04-26T08:00:00.5Z"),
      ("2026-04-26T08:00:00.000000001Z", "2026-04-26T08:00:00.000000001Z"),
      ("2026-04-26T08:00:00.1234567899Z", "2026-04-26T08:00:00.123456789Z"),
      ("2026-04-26T08:00:00.00000000099999Z", "2026-04-26T08:00:00Z"),
      ("2026-04-26T08:00:00+02:00", "2026-04-26T06:00:00Z"),
      ("2026-04-26T08:00:00-0530", "2026-04-26T13:30:00Z"),
      ("2026-04-26T00:30:00.25+01:00", "2026-04-25T23:30:00.25Z"),
      ("2026-04-26T08:00:00", "2026-04-26T08:00:00Z"),
      ("2026-04-26", "2026-04-26T00:00:00Z"),
      ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
      ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"),
      ("2000-02-29", "2000-02-29T00:00:00Z"),
      ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
      ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"),
      ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
      ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
    ])
  func texts(text: String, expected: String) {
    #expect(read(text) == expected)
  }

  @Test(
    "what is no such text, or no such day, is not read",
    arguments: [
      "", "2026", "2026-04", "2026-4-26", "2026-04-26T", "2026-04-26T08", "2026-04-26T08:00", "2026-04-26T08:00Z",
      "2026-04-26T24:00:00Z", "2026-04-26T08:60:00Z", "2026-04-26T08:00:61Z", "2026-04-26T08:00:00.Z",
      "2026-04-26T08:00:00,5Z", "2026-04-26T08:00:00+2", "2026-04-26T08:00:00+02", "2026-04-26T08:00:00+24:00",
      "2026-04-26T08:00:00+02:60", "2026-04-26T08:00:00 Z", "2026-04-26T08:00:00Z ", " 2026-04-26", "2026-04-26Z",
      "2026-02-30", "2025-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "2026-04-31", "0000-01-01",
      "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "12026-04-26", "-2026-04-26", "２026-04-26",
    ])
  func refused(text: String) {
    #expect(read(text) == nil)
  }

  @Test("a text without an offset is in the default one, others are not")
  func defaultOffset() {
    #expect(read("2026-04-26T08:00:00", offset: 7200) == "2026-04-26T06:00:00Z")
    #expect(read("2026-04-26", offset: 7200) == "2026-04-25T22:00:00Z")
    #expect(read("2026-04-26T08:00:00Z", offset: 7200) == "2026-04-26T08:00:00Z")
    #expect(read("2026-04-26T08:00:00-01:00", offset: 7200) == "2026-04-26T09:00:00Z")
  }

  @Test(
    "numbers are seconds, milliseconds, microseconds or nanoseconds by their size",
    arguments: [
      ("0", "1970-01-01T00:00:00Z"),
      ("-0.0", "1970-01-01T00:00:00Z"),
      ("1777190400", "2026-04-26T08:00:00Z"),
      ("1777190400.5", "2026-04-26T08:00:00.5Z"),
      ("1777190400123", "2026-04-26T08:00:00.123Z"),
      ("1777190400123.456", "2026-04-26T08:00:00.123456Z"),
      ("1777190400123456", "2026-04-26T08:00:00.123456Z"),
      ("1777190400123456789", "2026-04-26T08:00:00.123456789Z"),
      ("1777190400.1234567899", "2026-04-26T08:00:00.123456789Z"),
      ("1.7771904e9", "2026-04-26T08:00:00Z"),
      ("17771904E+2", "2026-04-26T08:00:00Z"),
      ("17771904000000e-4", "2026-04-26T08:00:00Z"),
      ("0.0000000017771904e18", "2026-04-26T08:00:00Z"),
      ("99999999999", "5138-11-16T09:46:39Z"),
      ("99999999999.5", "5138-11-16T09:46:39.5Z"),
      ("100000000000", "1973-03-03T09:46:40Z"),
      ("99999999999999", "5138-11-16T09:46:39.999Z"),
      ("100000000000000", "1973-03-03T09:46:40Z"),
      ("100000000000000000", "1973-03-03T09:46:40Z"),
      ("253402300799999999999", "9999-12-31T23:59:59.999999999Z"),
      ("-1", "1969-12-31T23:59:59Z"),
      ("-0.5", "1969-12-31T23:59:59.5Z"),
      ("-62135596800000", "0001-01-01T00:00:00Z"),
      ("1e-400", "1970-01-01T00:00:00Z"),
      ("0e999999999999999999999", "1970-01-01T00:00:00Z"),
    ])
  func numbers(token: String, expected: String) {
    #expect(number(token) == expected)
  }

  @Test(
    "numbers out of the years 0001 to 9999, and what is no number, are not read",
    arguments: [
      "253402300800000000000", "-62135596801000", "1e22", "1e400", "1e999999999999999999999", "", "-", "1.", ".5",
      "1e", "1e+", "0x10", "1 ", "NaN", "true",
    ])
  func refusedNumbers(token: String) {
    #expect(number(token) == nil)
  }

  @Test("in 400 years, which is a cycle, each day follows the one before; days of all years are read back")
  func everyDay() throws {
    var previous: (year: Int, month: Int, day: Int)?
    for day in Int64(-62_091)...84_005 {
      let date = try #require(Timestamp(seconds: day * 86_400 + 86_399, nanoseconds: 0)).day
      if let previous {
        let follows =
          date == (previous.year, previous.month, previous.day + 1) || date == (previous.year, previous.month + 1, 1)
          || date == (previous.year + 1, 1, 1)
        if !follows { Issue.record("\(date) follows \(previous)") }
      }
      previous = date
    }
    #expect(try #require(previous) == (2199, 12, 31))
    for day in stride(from: Int64(-719_162), through: 2_932_896, by: 997) {
      let time = try #require(Timestamp(seconds: day * 86_400 + day.magnitudeOfDay, nanoseconds: 5))
      #expect(read(time.text) == time.text)
    }
  }

  @Test("instants are ordered by time, and the same instant is equal")
  func order() throws {
    let early = try #require(Timestamp(seconds: -1, nanoseconds: 999_999_999))
    let late = try #require(Timestamp(seconds: 0, nanoseconds: 0))
    #expect(early < late)
    #expect(try early < #require(Timestamp(seconds: 0, nanoseconds: 1)))
    #expect(try late == #require(Timestamp(seconds: 0, nanoseconds: 0)))
    #expect(Timestamp(seconds: 0, nanoseconds: -1) == nil)
    #expect(Timestamp(seconds: 0, nanoseconds: 1_000_000_000) == nil)
    #expect(Timestamp(seconds: .max, nanoseconds: 0) == nil)
  }
}

extension Int64 {
  /// Some second of a day, another one each day.
  fileprivate var magnitudeOfDay: Int64 { abs(self &* 7919) % 86_400 }
}
