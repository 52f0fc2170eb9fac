import JSONTape

/// The core schema of YAML 1.2 (section 10.3.2): what an unquoted scalar is. `yes`, `on` and dates are texts.
enum PlainScalar {
  enum Value: Equatable {
    case json(JSON)
    /// A number that JSON has no word for, or that does not fit: why.
    case unusable(String)
  }

  static func resolve(_ text: String) -> Value {
    switch text {
    case "", "~", "null", "Null", "NULL": return .json(.null)
    case "true", "True", "TRUE": return .json(.bool(true))
    case "false", "False", "FALSE": return .json(.bool(false))
    case ".nan", ".NaN", ".NAN": return .unusable("not a number that JSON can write")
    default: break
    }
    let bytes = Array(text.utf8)
    let unsigned = bytes.first == UInt8(ascii: "+") || bytes.first == UInt8(ascii: "-") ? bytes.dropFirst() : bytes[...]
    if ["inf", "Inf", "INF"].contains(where: { unsigned.elementsEqual(".\($0)".utf8) }) {
      return .unusable("not a number that JSON can write")
    }
    if let integer = integer(text, bytes, unsigned) { return integer }
    guard isFloat(unsigned) else { return .json(.string(text)) }
    guard let double = Double(bytes.first == UInt8(ascii: "+") ? String(text.dropFirst()) : text), double.isFinite
    else {
      return .unusable("a number that is too large")
    }
    return .json(.double(double))
  }

  private static func integer(_ text: String, _ bytes: [UInt8], _ unsigned: ArraySlice<UInt8>) -> Value? {
    var digits = text
    var radix = 10
    if bytes.starts(with: "0x".utf8) || bytes.starts(with: "0o".utf8) {
      radix = bytes[1] == UInt8(ascii: "x") ? 16 : 8
      digits = String(text.dropFirst(2))
      guard !digits.isEmpty, digits.utf8.allSatisfy({ isDigit($0, radix: radix) }) else { return nil }
    } else {
      guard !unsigned.isEmpty, unsigned.allSatisfy({ isDigit($0, radix: 10) }) else { return nil }
    }
    guard let value = Int64(digits, radix: radix) else { return .unusable("an integer that does not fit into 64 bits") }
    return .json(.integer(value))
  }

  private static func isDigit(_ byte: UInt8, radix: Int) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "7"): true
    case UInt8(ascii: "8")...UInt8(ascii: "9"): radix >= 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"): radix == 16
    default: false
    }
  }

  /// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
  private static func isFloat(_ bytes: ArraySlice<UInt8>) -> Bool {
    var rest = bytes
    func digits() -> Int {
      let end = rest.firstIndex { !isDigit($0, radix: 10) } ?? rest.endIndex
      defer { rest = rest[end...] }
      return end - rest.startIndex
    }
    let whole = digits()
    var fraction = 0
    if rest.first == UInt8(ascii: ".") {
      rest = rest.dropFirst()
      fraction = digits()
    }
    guard whole + fraction > 0 else { return false }
    if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
      rest = rest.dropFirst()
      if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
      guard digits() > 0 else { return false }
    }
    return rest.isEmpty
  }
}
