import Testing

@testable import JSONTape

@Suite struct CanonicalTests {
  @Test func theExampleOfTheStandard() throws {
    let text = """
      {
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
        "literals": [null, true, false]
      }
      """
    // 333333333.33333329 is the one number here that no double prints: it keeps its token.
    #expect(
      try canonical(text)
        == #"{"literals":[null,true,false],"numbers":[333333333.33333329,1e+30,4.5,0.002,1e-27],"#
        + #""string":"€$\u000f\nA'B\"\\\\\"/"}"#)
  }

  @Test func theSortingExampleOfTheStandard() throws {
    let text = """
      {"\\u20ac": "Euro Sign", "\\r": "Carriage Return", "\\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
      "\\ud83d\\ude00": "Emoji: Grinning Face", "\\u0080": "Control", "\\u00f6": "Latin Small Letter O With Diaeresis"}
      """
    #expect(
      try canonical(text)
        == "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\","
        + "\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\","
        + "\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}")
  }

  @Test func keysAreInTheOrderOfTheirCodeUnits() throws {
    // A lone surrogate is a code unit like any other.
    let sorted = [
      "", #"\u0000"#, "a", #"a\u0000"#, "aa", "b", "\u{7f}", "\u{d7ff}", #"\ud800"#, "\u{10000}", #"\ud83d"#,
      #"\ud83da"#, "😀", #"\ud83e"#, "\u{10ffff}", #"\udc00"#, #"\udfff"#, "\u{e000}", "\u{ffff}",
    ]
    let expected = "{" + sorted.map { "\"\($0)\":0" }.joined(separator: ",") + "}"
    var random = SeededGenerator(seed: 7)
    for _ in 0..<100 {
      let shuffled = sorted.shuffled(using: &random)
      #expect(try canonical("{" + shuffled.map { "\"\($0)\":0" }.joined(separator: ",") + "}") == expected)
    }
  }

  @Test func manyKeysAreSortedToo() throws {
    var random = SeededGenerator(seed: 8)
    for count in [1, 2, 23, 24, 25, 26, 100, 1000] {
      let keys = (0..<count).map { "key number \($0 * 7919 % 100_003)é\($0)" }
      let sorted = keys.sorted { $0.utf16.lexicographicallyPrecedes($1.utf16) }
      let text = "{" + keys.shuffled(using: &random).map { "\"\($0)\":1" }.joined(separator: ",") + "}"
      #expect(try canonical(text) == "{" + sorted.map { "\"\($0)\":1" }.joined(separator: ",") + "}")
    }
  }

  @Test(arguments: [
    ("0", "0"), ("-0", "0"), ("-0.0", "0"), ("0e5", "0"), ("0.000e-99999999999999999999", "0"), ("1.0", "1"),
    ("-1.50", "-1.5"), ("1e2", "100"), ("1E+2", "100"), ("100e-2", "1"), ("0.1", "0.1"),
    ("1e20", "100000000000000000000"),
    ("1e21", "1e+21"), ("1.5e300", "1.5e+300"), ("1e-6", "0.000001"), ("1e-7", "1e-7"), ("12.5e-8", "1.25e-7"),
    ("9007199254740992", "9007199254740992"), ("5e-324", "5e-324"), ("123456789012345680000", "123456789012345680000"),
    ("1000000000000000000000", "1e+21"), ("10000000000000000000000000", "1e+25"), ("0.00001230", "0.0000123"),
    ("1.7976931348623157e308", "1.7976931348623157e+308"), ("0.30000000000000004", "0.30000000000000004"),
  ])
  func numbersAreWrittenAsECMAScriptWould(token: String, expected: String) throws {
    #expect(try canonical("[\(token)]") == "[\(expected)]")
  }

  @Test(arguments: [
    "9007199254740993", "9223372036854775807", "-9223372036854775808", "18446744073709551615", "18446744073709551616",
    "123456789012345678901234567890", "1e400", "-1E400", "1e-400", "0.1000000000000000055511151231257827", "4e-324",
    "1.00000000000000000001", "333333333.33333329", "-0.1234567890123456789", "1e99999999999999999999",
    "295147905179352825856",
  ])
  func aNumberThatWouldChangeItsValueKeepsItsToken(token: String) throws {
    #expect(try canonical(token) == token)
    #expect(try canonical("{\"a\": \(token) }") == "{\"a\":\(token)}")
  }

  @Test func integersOfSixtyFourBitsKeepTheirDigits() throws {
    var random = SeededGenerator(seed: 9)
    for _ in 0..<1000 {
      let integer = Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0..<63, using: &random)
      #expect(try canonical("\(integer)") == "\(integer)")
      // What ECMAScript prints for it is either the same text or another value.
      let output = ByteBuffer()
      NumberText.ecmaScript(Double(integer), to: output)
      if Double(integer).magnitude < 9e15 { #expect(output.bytes == "\(integer)") }
    }
  }

  @Test func loneSurrogatesStayEscapedInLowerCase() throws {
    #expect(try canonical(#""\uD800""#) == #""\ud800""#)
    #expect(try canonical(#"{"\uDFFF":"a\uDBFFb\uDC00\uD83D\uDE00\uD83D"}"#) == #"{"\udfff":"a\udbffb\udc00😀\ud83d"}"#)
    #expect(try canonical(#"["\udabc\u0041"]"#) == #"["\udabcA"]"#)
  }

  @Test func stringsAreEscapedNoMoreThanTheyMust() throws {
    var text = "\""
    for unit in 0..<0x30 { text += "\\u00" + String(unit + 0x100, radix: 16).dropFirst().uppercased() }
    text += "\u{7f}\u{80}\u{2028}\u{2029}\u{d7ff}한글\u{feff}\""
    #expect(
      try canonical(text)
        == #""\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f"#
        + #"\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f"#
        + " !\\\"#$%&'()*+,-./\u{7f}\u{80}\u{2028}\u{2029}\u{d7ff}한글\u{feff}\"")
  }

  @Test func stringsOfEveryLengthWithAnEscapeAnywhere() throws {
    for length in 0..<70 {
      for place in 0...length {
        let text = String(repeating: "x", count: place) + "\\\"" + String(repeating: "y", count: length - place)
        #expect(try canonical("\"\(text)\"") == "\"\(text)\"")
      }
    }
    let long = String(repeating: "\\u0001한", count: 30_000)
    #expect(try canonical("\"\(long)\"") == "\"\(long)\"")
  }

  @Test(arguments: [
    (#"{"a":1,"a":2}"#, "a", 7), (#"{"a":1,"\u0061":2}"#, "a", 7), (#"[{"x":{"":1,"b":0, "":3}}]"#, "", 19),
    (#"{"é":1,"\u00e9":1}"#, "é", 8),
    (#"{"k":0,"longer than eight bytes":1,"longer than eight bytes":2}"#, "longer than eight bytes", 35),
    (#"{"a":1,"a":2,"a":3}"#, "a", 7), (#"{"1e400":1e400,"\ud800":1,"z":2,"z":3}"#, "z", 32),
  ])
  func aKeyThatComesTwiceIsRefused(text: String, key: String, offset: Int) throws {
    #expect(throws: JSONError(reason: "duplicate key \"\(key)\"", offset: offset)) { try canonical(text) }
  }

  @Test func keysThatOnlyLookAlikeAreTwo() throws {
    #expect(try canonical("{\"\u{e9}\":1,\"e\u{301}\":2}").utf8.elementsEqual("{\"e\u{301}\":2,\"\u{e9}\":1}".utf8))
    #expect(try canonical(#"{"a":1,"a\u0000":2}"#) == #"{"a":1,"a\u0000":2}"#)
  }

  @Test func aRefusedValueLeavesTheOutputAsItWas() throws {
    let writer = CanonicalWriter()
    let output = ByteBuffer()
    output.append("before")
    try withValue(#"[1,{"b":[{"a":1,"a":2}]}]"#) { value in
      #expect(throws: JSONError.self) { try writer.write(value, to: output) }
    }
    #expect(output.bytes == "before")
    try withValue(#"{"b":1,"a":2}"#) { try writer.write($0, to: output) }
    #expect(output.bytes == #"before{"a":2,"b":1}"#)
  }

  @Test func theCanonicalFormIsItsOwnCanonicalForm() throws {
    var generator = TextGenerator(seed: 10)
    var taken = 0
    for _ in 0..<2000 {
      let text = generator.text()
      guard let once = try? canonical(text) else { continue }  // a key twice
      taken += 1
      let twice = try canonical(once)
      #expect(Array(twice.utf8) == Array(once.utf8))
      #expect(try canonical(text, tolerant: true) == once)
    }
    #expect(taken > 1500)
  }
}
