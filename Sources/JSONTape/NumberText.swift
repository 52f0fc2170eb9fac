/// Numbers as decimal text.
public enum NumberText {
  /// ECMAScript's Number::toString, as RFC 8785 wants it: `1e+21`, `1e-7`, `100`, `0` for minus zero.
  /// - Parameter value: finite; anything else stops the program.
  public static func ecmaScript(_ value: Double, to output: ByteBuffer) {
    Decimal(shortest: value).append(to: output)
  }

  /// The same digits, always with a fraction or an exponent: `1.0`, `0.1`, `1e+21`, `-0.0`.
  /// - Parameter value: finite; anything else stops the program.
  public static func shortest(_ value: Double, to output: ByteBuffer) {
    if value == 0 && value.sign == .minus { output.append(UInt8(ascii: "-")) }
    let start = output.count
    ecmaScript(value, to: output)
    let text = output.slice(start..<output.count)
    if !text.buffer.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "e") }) { output.append(".0") }
  }

  /// Does the double nearest to a JSON number, written as ``ecmaScript(_:to:)`` does, have the token's own value?
  /// - Parameter nearest: not finite if there is no such double.
  public static func survivesDouble(_ token: ByteSlice, nearest: Double) -> Bool {
    exactDecimal(token, nearest: nearest) != nil
  }

  /// Appends the canonical form of a JSON number; the token itself if that form would have another decimal value.
  static func canonical(_ token: ByteSlice, nearest: Double, to output: ByteBuffer) {
    if let decimal = exactDecimal(token, nearest: nearest) {
      decimal.append(to: output)
    } else {
      output.append(token)
    }
  }

  private static func exactDecimal(_ token: ByteSlice, nearest: Double) -> Decimal? {
    guard nearest.isFinite, let decimal = Decimal(token: token) else { return nil }
    return decimal.survivesDouble || decimal == Decimal(shortest: nearest) ? decimal : nil
  }
}
