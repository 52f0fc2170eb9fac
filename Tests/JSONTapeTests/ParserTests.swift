import Testing

@testable import JSONTape

@Suite struct ParserTests {
  @Test(arguments: [false, true])
  func everyValueKnowsItsPlace(tolerant: Bool) throws {
    let text = #" { "a" : [ 1 , -2.5e3 ,"x\"]é" , [ ] , { } , true ] , "" : null , "b\u0041":false } "#
    try withValue(text, tolerant: tolerant) { value in
      func token(_ value: JSONValue?) -> String? {
        guard let value else { return nil }
        let bytes = Array(text.utf8)[value.sourceRange]
        #expect(bytes.elementsEqual(value.token.buffer))
        return value.token.string()
      }
      #expect(token(value) == text.dropFirst().dropLast().description)
      let array = try #require(value.member("a"))
      #expect(token(array) == #"[ 1 , -2.5e3 ,"x\"]é" , [ ] , { } , true ]"#)
      #expect(array.elements.map { token($0) } == ["1", "-2.5e3", #""x\"]é""#, "[ ]", "{ }", "true"])
      #expect(value.members.map { $0.key.string() } == ["a", "", "bA"])
      #expect(token(value.member("")) == "null")
      #expect(token(value.member("bA")) == "false")
      #expect(value.member("c") == nil)
      #expect(array.member("a") == nil)
      #expect(token(array.element(5)) == "true")
      #expect(array.element(6) == nil)
      #expect(array.element(-1) == nil)
      #expect(value.element(0) == nil)
      #expect([value.elementCount, array.elementCount, array.element(3)!.elementCount] == [3, 6, 0])
      #expect(array.element(0)?.elementCount == 0)
      #expect(array.element(1)?.double == -2500)
      #expect(array.element(1)?.integer == nil)
      #expect(array.element(2)?.string == "x\"]é")
      #expect(value.member("bA")?.bool == false)
      #expect(value.member("")?.isNull == true)
      #expect(value.string == nil && value.double == nil && value.integer == nil && value.bool == nil)
    }
  }

  /// The token of every value, parsed alone, is the same value again.
  @Test(arguments: [false, true])
  func tokensStandForTheirValues(tolerant: Bool) throws {
    var generator = TextGenerator(seed: 20)
    func check(_ value: JSONValue) throws {
      let start = value.sourceRange.lowerBound
      try withValue(Array(value.token.buffer), tolerant: !tolerant) {
        #expect(description($0) == description(value, from: start))
      }
      var end = start
      for inner in Array(value.elements) + value.members.map(\.value) {
        #expect(inner.sourceRange.lowerBound > end)
        #expect(inner.sourceRange.upperBound < value.sourceRange.upperBound)
        end = inner.sourceRange.upperBound
        try check(inner)
      }
    }
    for _ in 0..<150 { try withValue(generator.text(), tolerant: tolerant) { try check($0) } }
  }

  @Test(
    arguments: [
      (#"1"#, 1, 1), (#"-0"#, 0, -0.0), (#"9223372036854775807"#, .max, 0x1p63),
      (#"-9223372036854775808"#, .min, -0x1p63), (#"9223372036854775808"#, nil, 0x1p63),
      (#"18446744073709551615"#, nil, 0x1p64), (#"18446744073709551616"#, nil, 0x1p64),
      (#"-9223372036854775809"#, nil, -0x1p63), (#"1e3"#, nil, 1000), (#"1.0"#, nil, 1), (#"1e400"#, nil, nil),
      (#"-1e400"#, nil, nil), (#"1e-400"#, nil, 0), (#"5e-324"#, nil, .leastNonzeroMagnitude),
      (#"0e999999999999999999999"#, nil, 0),
    ] as [(String, Int64?, Double?)])
  func numbersOfAnySize(text: String, integer: Int64?, double: Double?) throws {
    for tolerant in [false, true] {
      try withValue(text, tolerant: tolerant) { value in
        #expect(value.kind == .number)
        #expect(value.integer == integer)
        #expect(value.double?.bitPattern == double?.bitPattern)
        #expect(value.token == text)
      }
    }
    let digits = String(repeating: "9", count: 400)
    try withValue("[\(digits), -\(digits)]") { value in
      #expect(value.elements.allSatisfy { $0.kind == .number && $0.double == nil && $0.integer == nil })
      #expect(value.element(1)?.token.string() == "-\(digits)")
    }
  }

  @Test func stringsAreUnescaped() throws {
    let text = #""\"\\\/\b\f\n\r\t\u0000\u00e9\uFFFF\ud83d\ude00é😀"# + "\u{2028}\u{7f}\""
    for tolerant in [false, true] {
      try withValue(text, tolerant: tolerant) {
        #expect($0.string == "\"\\/\u{8}\u{c}\n\r\t\0é\u{ffff}😀é😀\u{2028}\u{7f}")
      }
    }
  }

  @Test(
    arguments: [
      (#""\ud800""#, [0xed, 0xa0, 0x80]), (#""\uDFFF""#, [0xed, 0xbf, 0xbf]),
      (#""\ud83d\ud83d\ude00""#, [0xed, 0xa0, 0xbd, 0xf0, 0x9f, 0x98, 0x80]),
      (#""\ud83d\u0041""#, [0xed, 0xa0, 0xbd, 0x41]), (#""\ud83dA""#, [0xed, 0xa0, 0xbd, 0x41]),
      (#""\ude00\ud83d""#, [0xed, 0xb8, 0x80, 0xed, 0xa0, 0xbd]),
    ] as [(String, [UInt8])])
  func loneSurrogatesAreKept(text: String, bytes: [UInt8]) throws {
    try withValue(text) { #expect($0.string.map { Array($0.buffer) } == bytes) }
    try withValue("{\(text):[\(text)]}") { value in
      #expect(value.members.map { Array($0.key.buffer) } == [bytes])
      #expect(value.members.map { $0.value.element(0)?.token.string() } == [text])
    }
  }

  @Test func aKeyThatComesTwiceIsFoundTheFirstTime() throws {
    try withValue(#"{"a":1,"\u0061":2}"#) { value in
      #expect(value.member("a")?.integer == 1)
      #expect(value.elementCount == 2)
    }
  }

  @Test func depthIsExact() throws {
    for depth in [1023, 1024, 1025, 5000] {
      for (open, inner, close) in [("[", "", "]"), ("[", "0", "]"), (#"{"a":"#, "0", "}"), (#"[{"":"#, "[]", "}]")] {
        let nesting = open.count == 1 || open.first == "{" ? 1 : 2
        let levels = (depth - (inner == "[]" ? 1 : 0)) / nesting
        let total = levels * nesting + (inner == "[]" ? 1 : 0)
        let text = String(repeating: open, count: levels) + inner + String(repeating: close, count: levels)
        let error = refusal(text)
        #expect((error == nil) == (total <= 1024))
        if let error {
          #expect(error.reason == "nesting deeper than 1024")
          if open == "[" { #expect(error.offset == 1024) }
        } else {
          #expect(try canonical(text) == text)
        }
      }
    }
    #expect(refusal(Array("[[]]".utf8), maximumDepth: 1)?.offset == 1)
    #expect(refusal(Array("[1]".utf8), maximumDepth: 1) == nil)
    #expect(refusal(Array("[[],{}]".utf8), maximumDepth: 2) == nil)
  }

  @Test(arguments: [
    ("", "the text ends too early", 0), (" ", "the text ends too early", 1), ("[1", "the text ends too early", 2),
    ("\"abc", "the text ends too early", 4), ("\"a\\", "the text ends too early", 3),
    ("\"\\u00", "the text ends too early", 5), ("{\"a\"", "the text ends too early", 4),
    ("-", "the text ends too early", 1),
    ("1.", "the text ends too early", 2), ("[1,]", "expected a value", 3), ("[,1]", "expected a value", 1),
    ("{\"a\":1,}", "expected a key", 7), ("{1:2}", "expected a key", 1), ("{\"a\" 1}", "expected ':'", 5),
    ("[1 2]", "expected ',' or ']'", 3), ("{\"a\":1]", "expected ',' or '}'", 6), ("1 2", "text after the value", 2),
    ("[]]", "text after the value", 2), ("NaN", "expected a value", 0), ("[Infinity]", "expected a value", 1),
    ("[-Infinity]", "expected a digit", 2), ("nul", "expected a value", 0), ("True", "expected a value", 0),
    ("'a'", "expected a value", 0), ("[1]//", "text after the value", 3), ("/**/1", "expected a value", 0),
    ("01", "a number with a leading zero", 0), ("-012", "a number with a leading zero", 1),
    (".5", "expected a value", 0),
    ("+1", "expected a value", 0), ("[1.e3]", "expected a digit", 3), ("[1e]", "expected a digit", 3),
    ("0x1", "text after the value", 1), ("\"\n\"", "a control character in a string", 1),
    ("\"\0\"", "a control character in a string", 1), ("[\0]", "expected a value", 1),
    ("1\0", "text after the value", 1),
    ("\"\\x\"", "unknown escape", 1), ("\"\\u12g4\"", "expected four hexadecimal digits", 1),
    ("\"\\ud800\\u12g4\"", "expected four hexadecimal digits", 7), ("\u{feff}[]", "byte order mark", 0),
    ("[\u{a0}1]", "expected a value", 1), ("\u{c}1", "expected a value", 0),
  ])
  func errorsSayWhatAndWhere(text: String, reason: String, offset: Int) {
    #expect(refusal(text) == JSONError(reason: reason, offset: offset))
  }

  @Test(
    arguments: [
      [0x80], [0xc0, 0x80], [0xc1, 0xbf], [0xc3], [0xc3, 0x28], [0xe0, 0x80, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80],
      [0xed, 0xbf, 0xbf], [0xf0, 0x80, 0x80, 0x80], [0xf0, 0x9f, 0x98], [0xf4, 0x90, 0x80, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0xff],
    ] as [[UInt8]])
  func invalidUTF8IsRefused(bytes: [UInt8]) {
    let text = Array("[\"é".utf8) + bytes + Array("\"]".utf8)
    #expect(refusal(text) == JSONError(reason: "invalid UTF-8", offset: 4))
  }

  @Test func textsCutAnywhereAreRefused() throws {
    var generator = TextGenerator(seed: 21)
    for round in 0..<200 {
      generator.isWild = round % 2 == 0
      let text = [UInt8(ascii: "[")] + generator.text() + [UInt8(ascii: "]")]
      #expect(refusal(text) == nil)
      for length in 0..<text.count {
        let error = refusal(Array(text[..<length]))
        #expect(error != nil)
        #expect(error?.offset ?? 0 <= length)
      }
    }
  }

  @Test func aParserIsUsedAgainAfterAnything() throws {
    let parser = JSONParser()
    var generator = TextGenerator(seed: 22)
    for round in 0..<600 {
      var text = generator.text()
      if round % 3 == 0 { text = generator.mutate(text) }
      if round % 300 == 7 { text = Array("[\"\(String(repeating: "a", count: 150_000))\",".utf8) + text + [0x5d] }
      let expected = try? withValue(text) { description($0) }
      text.withUnsafeBufferPointer { bytes in
        let result = try? parser.parse(copying: ByteSlice(bytes))
        #expect(result.map { description($0) } == expected)
      }
    }
  }
}
