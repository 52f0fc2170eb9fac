import JSONTape

/// Numbers as people read them, in integer arithmetic: the same text on every machine.
enum ReportFigures {
  /// `1,234,567`
  static func count(_ value: Int64) -> String {
    let digits = Array(String(value.magnitude).utf8)
    var text = value < 0 ? "-" : ""
    for (place, digit) in digits.enumerated() {
      if place > 0 && (digits.count - place) % 3 == 0 { text += "," }
      text.unicodeScalars.append(Unicode.Scalar(digit))
    }
    return text
  }

  /// `+1,234` or `-5`
  static func difference(_ value: Int64) -> String { (value > 0 ? "+" : "") + count(value) }

  /// `12.3 %`, rounded to the nearest tenth, a half up; but only all is `100 %`, `<0.1 %` is more than nothing,
  /// and `>100 %` more than all.
  static func share(_ part: Int64, of total: Int64) -> String {
    guard total > 0 else { return "–" }
    if part == total { return "100 %" }
    // Such a receipt is no honest one, which is for an audit to say.
    if part > total { return ">100 %" }
    if part <= 0 { return "0 %" }
    let (product, whole) = (part.multipliedFullWidth(by: 1000), total.magnitude)
    let (quotient, rest) = whole.dividingFullWidth((product.high.magnitude, product.low))
    let tenths = min(999, quotient + (rest >= whole - rest ? 1 : 0))
    return tenths == 0 ? "<0.1 %" : "\(tenths / 10).\(tenths % 10) %"
  }

  /// `12 B`, `3.4 kB`, `1.0 MB`: powers of 1000, rounded down.
  static func bytes(_ value: Int64) -> String {
    guard value >= 1000 else { return "\(value) B" }
    var unit: Int64 = 1000
    for name in ["kB", "MB", "GB"] {
      if value < unit * 1000 { return "\(value / unit).\(value % unit * 10 / unit) \(name)" }
      unit *= 1000
    }
    return "\(count(value / unit)).\(value % unit * 10 / unit) TB"
  }

  /// `41 ms`, `3.2 s`, `4 min 05 s`
  static func duration(milliseconds value: Int64) -> String {
    switch value {
    case ..<1000: return "\(value) ms"
    case ..<60_000: return "\(value / 1000).\(value % 1000 / 100) s"
    default:
      let seconds = value / 1000 % 60
      return "\(count(value / 60_000)) min \(seconds < 10 ? "0" : "")\(seconds) s"
    }
  }

  /// `1 record`, `2,000 records`
  static func count(_ value: Int64, _ noun: String, _ plural: String? = nil) -> String {
    "\(count(value)) \(value == 1 ? noun : plural ?? noun + "s")"
  }

  /// Orders the members of a table: the largest count first, then by name.
  static func isMoreFrequent(_ left: (key: String, value: JSON), _ right: (key: String, value: JSON)) -> Bool {
    let (leftCount, rightCount) = (left.value.integer ?? 0, right.value.integer ?? 0)
    return leftCount == rightCount ? left.key < right.key : leftCount > rightCount
  }
}
