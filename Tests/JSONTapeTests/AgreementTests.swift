import Testing

@testable import JSONTape

/// The two parsers take the same texts and make the same of them, two leniencies aside.
@Suite struct AgreementTests {
  /// Parses by both and compares; what stands behind the text must not matter.
  private func check(_ text: [UInt8], padding: UInt8) throws {
    let parser = JSONParser()
    let buffer = ByteBuffer()
    text.withUnsafeBytes { buffer.append($0) }
    for _ in 0..<JSONParser.padding { buffer.append(padding) }
    defer { withExtendedLifetime((parser, buffer)) {} }
    let bytes = buffer.slice(0..<text.count)
    let fast = parser.parseFast(bytes).map { description($0) }
    let tolerant = try? parser.parseTolerantly(bytes)
    guard let fast else {
      if let tolerant {
        #expect(needsTolerance(tolerant), "only simdjson refuses \(String(decoding: text, as: UTF8.self))")
      }
      return
    }
    #expect(tolerant.map { description($0) } == fast, "\(String(decoding: text, as: UTF8.self))")
  }

  private func needsTolerance(_ value: JSONValue) -> Bool {
    if value.kind == .number { return value.tape.pointee.tag(at: value.index) == Tape.Tag.unbounded }
    if let string = value.string { return hasSurrogate(string) }
    return value.elements.contains { needsTolerance($0) }
      || value.members.contains { hasSurrogate($0.key) || needsTolerance($0.value) }
  }

  private func hasSurrogate(_ text: ByteSlice) -> Bool { String(validating: text.buffer, as: UTF8.self) == nil }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func onGeneratedTexts(seed: UInt64) throws {
    var generator = TextGenerator(seed: seed)
    for round in 0..<1500 {
      generator.isWild = round % 2 == 0
      try check(generator.text(), padding: Array("]},:\"0e\\ \u{0}".utf8)[round % 10])
    }
  }

  @Test(arguments: [4, 5, 6] as [UInt64])
  func onMutatedTexts(seed: UInt64) throws {
    var generator = TextGenerator(seed: seed)
    for round in 0..<3000 {
      generator.isWild = round % 2 == 0
      try check(generator.mutate(generator.text()), padding: Array("]},:\"0e\\ \u{0}".utf8)[round % 10])
    }
  }

  @Test func onEveryShortTextOfTheGrammarsCharacters() throws {
    let alphabet = Array("[]{},:\"\\0-.eut \u{1}".utf8)
    for length in 0...3 {
      var places = [Int](repeating: 0, count: length)
      repeat {
        let text = places.map { alphabet[$0] }
        try check(text, padding: UInt8(ascii: "]"))
        try check([UInt8(ascii: "[")] + text + [UInt8(ascii: "]")], padding: UInt8(ascii: "]"))
        var place = 0
        while place < length, places[place] == alphabet.count - 1 {
          places[place] = 0
          place += 1
        }
        if place == length { break }
        places[place] += 1
      } while true
    }
  }

  /// simdjson itself must know a surrogate pair from a high surrogate with another escape behind it.
  @Test func onEveryKindOfSurrogate() throws {
    let borders = [0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff]
    for unit in Array(stride(from: 0, to: 0x10000, by: 61)) + borders {
      let escape = "\\u" + String(0x10000 + unit, radix: 16).dropFirst()
      for text in ["\"\(escape)\"", "\"\\ud83d\(escape)\"", "\"\\uDBFF\(escape)a\"", "\"\\\(escape)\""] {
        try check(Array(text.utf8), padding: UInt8(ascii: "\""))
      }
    }
  }
}
