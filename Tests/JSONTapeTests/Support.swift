@testable import JSONTape

/// Runs `body` on the value of a text, by the parser of choice.
@discardableResult
func withValue<Result>(
  _ text: [UInt8], tolerant: Bool = false, paddedWith padding: UInt8 = 0x20, maximumDepth: Int = 1024,
  _ body: (JSONValue) throws -> Result
) throws -> Result {
  let parser = JSONParser(maximumDepth: maximumDepth)
  let buffer = ByteBuffer()
  text.withUnsafeBytes { buffer.append($0) }
  for _ in 0..<JSONParser.padding { buffer.append(padding) }
  let bytes = buffer.slice(0..<text.count)
  return try withExtendedLifetime((parser, buffer)) {
    try body(tolerant ? parser.parseTolerantly(bytes) : parser.parse(bytes))
  }
}

@discardableResult
func withValue<Result>(
  _ text: String, tolerant: Bool = false, _ body: (JSONValue) throws -> Result
) throws -> Result {
  try withValue(Array(text.utf8), tolerant: tolerant, body)
}

/// The canonical form of a text, which both parsers must agree on if simdjson takes it.
func canonical(_ text: String) throws -> String { try canonical(Array(text.utf8)) }

func canonical(_ text: [UInt8], tolerant: Bool = false) throws -> String {
  try withValue(text, tolerant: tolerant) { value in
    let output = ByteBuffer(capacity: 0)
    try CanonicalWriter().write(value, to: output)
    return String(decoding: output.bytes.buffer, as: UTF8.self)
  }
}

/// The error of a text that is refused; nil if it is taken.
func refusal(_ text: [UInt8], maximumDepth: Int = 1024) -> JSONError? {
  do {
    try withValue(text, maximumDepth: maximumDepth) { _ in }
    return nil
  } catch {
    return error as? JSONError
  }
}

func refusal(_ text: String) -> JSONError? { refusal(Array(text.utf8)) }

/// Everything that a value says about itself and about what is in it.
func description(_ value: JSONValue, from start: Int = 0) -> String {
  let range = value.sourceRange
  var text = "\(value.kind)@\(range.lowerBound - start)..<\(range.upperBound - start)"
  if let string = value.string { text += " string \(Array(string.buffer))" }
  if value.kind == .number {
    text += " \(value.token.string())"
    text += " \(value.integer.map(String.init) ?? "-") \(value.double.map { String($0.bitPattern) } ?? "-")"
  }
  if let bool = value.bool { text += " \(bool)" }
  for element in value.elements { text += "[" + description(element, from: start) + "]" }
  for (key, member) in value.members { text += "{\(Array(key.buffer)): \(description(member, from: start))}" }
  return text
}

/// SplitMix64: the same numbers on every run.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// Makes JSON texts of all kinds, with what logs hold and with what they should not.
struct TextGenerator {
  var random: SeededGenerator
  /// Lone surrogates and numbers that no double or 64-bit integer holds, too.
  var isWild = true

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func text() -> [UInt8] {
    var bytes: [UInt8] = []
    space(&bytes)
    value(&bytes, depth: 0)
    space(&bytes)
    return bytes
  }

  private mutating func pick(_ texts: [String]) -> [UInt8] { Array(texts.randomElement(using: &random)!.utf8) }

  private mutating func space(_ bytes: inout [UInt8]) {
    if Int.random(in: 0..<4, using: &random) == 0 { bytes += pick([" ", "\n", "\t", "\r\n", "   "]) }
  }

  private mutating func value(_ bytes: inout [UInt8], depth: Int) {
    switch Int.random(in: 0..<(depth > 4 ? 6 : 10), using: &random) {
    case 0: bytes += pick(["null", "true", "false"])
    case 1, 2: number(&bytes)
    case 3, 4, 5: string(&bytes)
    case 6, 7: container(&bytes, "[", "]", depth) { $0.value(&$1, depth: depth + 1) }
    default:
      container(&bytes, "{", "}", depth) {
        $0.string(&$1)
        $0.space(&$1)
        $1.append(UInt8(ascii: ":"))
        $0.space(&$1)
        $0.value(&$1, depth: depth + 1)
      }
    }
  }

  private mutating func container(
    _ bytes: inout [UInt8], _ open: String, _ close: String, _ depth: Int,
    _ member: (inout TextGenerator, inout [UInt8]) -> Void
  ) {
    bytes += open.utf8
    space(&bytes)
    for place in 0..<Int.random(in: 0..<5, using: &random) {
      if place > 0 { bytes.append(UInt8(ascii: ",")) }
      space(&bytes)
      member(&self, &bytes)
      space(&bytes)
    }
    bytes += close.utf8
  }

  private mutating func number(_ bytes: inout [UInt8]) {
    switch Int.random(in: 0..<(isWild ? 7 : 5), using: &random) {
    case 0: bytes += pick(["0", "-0", "-0.0", "1e5", "0.1", "1.50", "1E-7", "123456789012345678", "2e+0", "0e99999"])
    case 1: bytes += String(Int64.random(in: .min ... .max, using: &random)).utf8
    case 2: bytes += String(Int.random(in: -100...100, using: &random)).utf8
    case 3: bytes += "\(Double.random(in: -1...1, using: &random))".utf8
    case 4:
      let double = Double(bitPattern: UInt64.random(in: .min ... .max, using: &random))
      bytes += double.isFinite ? "\(double)".utf8 : "1".utf8
    case 5: bytes += String(UInt64.random(in: .min ... .max, using: &random)).utf8
    default:
      bytes += pick([
        "18446744073709551616", "-9223372036854775809", "1e400", "-1e400", "1e-400", "1e99999999999999999999",
      ])
      for _ in 0..<Int.random(in: 0..<30, using: &random) { bytes += pick(["0", "7"]) }
    }
  }

  private mutating func string(_ bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for _ in 0..<Int.random(in: 0..<6, using: &random) {
      switch Int.random(in: 0..<(isWild ? 9 : 7), using: &random) {
      case 0, 1: bytes += pick(["a", "key", "some longer plain text that fills blocks", "~", "\u{7f}"])
      case 2: bytes += pick(["é", "日本", "한", "\u{d7ff}", "\u{e000}", "\u{ffff}", "😀", "\u{10ffff}", "\u{2028}"])
      case 3: bytes += pick([#"\n"#, #"\""#, #"\\"#, #"\/"#, #"\b"#, #"\f"#, #"\r"#, #"\t"#])
      case 4: bytes += pick([#"\u0000"#, #"\u0041"#, #"\u00e9"#, #"\uFFFF"#, #"\u001F"#])
      case 5: bytes += pick([#"\ud83d\ude00"#, #"\uD800\uDC00"#, #"\uDBFF\uDFFF"#])
      case 6: bytes += pick([#"\\ud83d"#, #"\\\\ud83d\\ude00"#])
      default: bytes += pick([#"\ud800"#, #"\udc00"#, #"\uD83D\u0041"#, #"\ud83d\ud83d\ude00"#, #"\ude00\ud83d"#])
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Changes a text in one to three places.
  mutating func mutate(_ text: [UInt8]) -> [UInt8] {
    var text = text
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let place = Int.random(in: 0...text.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0 where place < text.count: text[place] = UInt8.random(in: 0...255, using: &random)
      case 1 where place < text.count: text.remove(at: place)
      case 2: text.removeSubrange(place...)
      case 3 where place < text.count: text[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      default: text.insert(contentsOf: junk(), at: place)
      }
    }
    return text
  }

  private mutating func junk() -> [UInt8] {
    let damage: [[UInt8]] = [
      [0], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [0xef, 0xbb, 0xbf], [0x1f], [0x0c],
    ]
    if Int.random(in: 0..<3, using: &random) == 0 { return damage.randomElement(using: &random)! }
    return pick([
      "[", "]", "{", "}", "\"", ",", ":", "\\", "\\u", "\\ud8", "\\x", "0", "-", ".", "e", "+", "NaN", "null", "tru",
      "//", "/**/", "1.", ".5", "01", "\n", "'", "Infinity", "1e", "\\ud800\\u",
    ])
  }
}
