import CSimdJSON

/// A decimal number of at most 17 significant digits: ±`significand` × 10^`exponent`, as many as a double needs.
struct Decimal: Equatable {
  var isNegative: Bool
  /// Without zeros at its end; zero itself has the exponent 0 and no sign.
  private(set) var significand: UInt64
  private(set) var exponent: Int

  /// The shortest decimal that reads back as `value`, which must be finite.
  init(shortest value: Double) {
    precondition(value.isFinite, "there is no JSON for infinity and NaN")
    guard value != 0 else {
      self.init(isNegative: false, significand: 0, exponent: 0)
      return
    }
    var significand: UInt64 = 0
    var exponent: Int32 = 0
    csimdjson_shortest(value.magnitude, &significand, &exponent)
    self.init(isNegative: value < 0, significand: significand, exponent: Int(exponent))
  }

  private init(isNegative: Bool, significand: UInt64, exponent: Int) {
    self.isNegative = isNegative
    self.significand = significand
    self.exponent = exponent
    guard significand != 0 else { return }
    while self.significand % 10 == 0 {
      self.significand /= 10
      self.exponent += 1
    }
  }

  /// The exact value of a JSON number; nil if it has more than 17 significant digits or an exponent past ±10^9.
  init?(token: ByteSlice) {
    var significand: UInt64 = 0
    var digits = 0
    var pendingZeros = 0
    var exponent = 0
    var inFraction = false
    var index = 0
    let count = token.count
    let bytes = token.buffer
    let isNegative = count > 0 && bytes[0] == UInt8(ascii: "-")
    if isNegative { index = 1 }
    while index < count {
      let byte = bytes[index]
      if byte == UInt8(ascii: ".") {
        inFraction = true
      } else if byte | 0x20 == UInt8(ascii: "e") {
        break
      } else {
        if inFraction { exponent -= 1 }
        if byte == UInt8(ascii: "0") {
          if digits > 0 { pendingZeros += 1 }
        } else {
          digits += pendingZeros + 1
          guard digits <= 17 else { return nil }
          for _ in 0...pendingZeros { significand *= 10 }
          significand += UInt64(byte - UInt8(ascii: "0"))
          pendingZeros = 0
        }
      }
      index += 1
    }
    exponent += pendingZeros
    guard let power = Self.power(in: token, from: index) else {
      guard significand == 0 else { return nil }
      self.init(isNegative: false, significand: 0, exponent: 0)
      return
    }
    self.init(
      isNegative: isNegative && significand != 0, significand: significand,
      exponent: significand == 0 ? 0 : exponent + power)
  }

  /// What follows the `e` at `index`; 0 at the end of the token, nil past ±10^9.
  private static func power(in token: ByteSlice, from index: Int) -> Int? {
    guard index < token.count else { return 0 }
    var index = index + 1
    var isNegative = false
    if token[index] == UInt8(ascii: "-") || token[index] == UInt8(ascii: "+") {
      isNegative = token[index] == UInt8(ascii: "-")
      index += 1
    }
    var power = 0
    while index < token.count {
      power = power * 10 + Int(token[index] - UInt8(ascii: "0"))
      guard power <= 1_000_000_000 else { return nil }
      index += 1
    }
    return isNegative ? -power : power
  }

  /// Does every double nearest to such a number print as that number again? So it is up to 15 digits (the
  /// `DBL_DIG` of C) in the range of normal doubles; that saves most numbers the conversion.
  var survivesDouble: Bool {
    significand < 1_000_000_000_000_000 && exponent > -300 && exponent < 290
  }

  /// Appends it as ECMAScript's Number::toString writes a number: `1e+21`, `1e-7`, `0.000001`, `100`.
  func append(to output: ByteBuffer) {
    if isNegative { output.append(UInt8(ascii: "-")) }
    let start = output.count
    output.appendDigits(significand)
    let digits = output.count - start
    /// The decimal point stands behind that many digits.
    let point = digits + exponent
    if significand == 0 || (point >= digits && point <= 21) {
      output.appendZeros(exponent)
    } else if point > 0 && point <= 21 {
      output.insert(".", at: start + point)
    } else if point > -6 && point <= 0 {
      output.insert("0.000000", count: 2 - point, at: start)
    } else {
      if digits > 1 { output.insert(".", at: start + 1) }
      output.append(point > 0 ? "e+" : "e-")
      output.appendDigits(UInt64((point - 1).magnitude))
    }
  }
}

extension ByteBuffer {
  fileprivate func appendZeros(_ count: Int) {
    for _ in 0..<count { append(UInt8(ascii: "0")) }
  }

  /// Moves what stands from `place` on to make room for the first `count` bytes of `text`.
  fileprivate func insert(_ text: StaticString, count: Int = 1, at place: Int) {
    reserve(count)
    let target = state.pointee.base + place
    UnsafeMutableRawPointer(target + count).copyMemory(from: target, byteCount: self.count - place)
    UnsafeMutableRawPointer(target).copyMemory(from: text.utf8Start, byteCount: count)
    state.pointee.count += count
  }
}
