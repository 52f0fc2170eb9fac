/// `time_zone`: a fixed offset from UTC.
enum TimeZoneOffset {
  /// Seconds east of UTC of `UTC`, `Z` or `+02:00`; nil: anything else.
  static func parse(_ text: String) -> Int32? {
    if text == "UTC" || text == "Z" { return 0 }
    let bytes = Array(text.utf8)
    guard bytes.count == 6, bytes[3] == UInt8(ascii: ":") else { return nil }
    let sign: Int32
    switch bytes[0] {
    case UInt8(ascii: "+"): sign = 1
    case UInt8(ascii: "-"): sign = -1
    default: return nil
    }
    func twoDigits(_ index: Int) -> Int32? {
      let (tens, ones) = (Int32(bytes[index]) - 48, Int32(bytes[index + 1]) - 48)
      return (0...9).contains(tens) && (0...9).contains(ones) ? tens * 10 + ones : nil
    }
    guard let hours = twoDigits(1), let minutes = twoDigits(4), hours <= 23, minutes <= 59 else { return nil }
    return sign * (hours * 3600 + minutes * 60)
  }

  /// The text that reads as `seconds`.
  static func text(_ seconds: Int32) -> String {
    if seconds == 0 { return "UTC" }
    func twoDigits(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
    let minutes = abs(seconds) / 60
    return (seconds < 0 ? "-" : "+") + "\(twoDigits(minutes / 60)):\(twoDigits(minutes % 60))"
  }
}
