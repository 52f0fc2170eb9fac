import Testing

@testable import JSONTape

@Suite("Elements of an array in a text that is fed in blocks")
struct ElementScannerTests {
  /// What the scanner finds in `text`, fed in blocks of `size` bytes.
  private func scan(
    _ text: String, _ path: [ElementStep] = [], size: Int = .max
  ) -> (elements: [String], array: String?, state: ElementScanner.State) {
    let bytes = Array(text.utf8)
    var scanner = ElementScanner(path: path)
    var ranges: [Range<Int>] = []
    var position = 0
    while position < bytes.count {
      let end = min(bytes.count, size == .max ? bytes.count : position + size)
      Array(bytes[position..<end]).withUnsafeBufferPointer { block in
        scanner.scan(ByteSlice(block)) { ranges.append($0) }
      }
      position = end
    }
    let state = scanner.state
    scanner.finish()
    func part(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    return (ranges.map(part), scanner.array.map(part), state)
  }

  private func step(_ name: String) -> ElementStep { ElementStep(name: name, index: Int(name)) }

  @Test func `elements come without the white space around them, whatever the blocks`() {
    let text = #" [ {"a": [1, "]"]} , "x\\\",y" ,3,[ ] , null ] "#
    let wanted = [#"{"a": [1, "]"]}"#, #""x\\\",y""#, "3", "[ ]", "null"]
    for size in 1...text.utf8.count {
      let found = scan(text, size: size)
      #expect(found.elements == wanted && found.state == .found)
      #expect(found.array == text.dropFirst(2).dropLast(2).description)
    }
  }

  @Test func `an array is found by names and places`() {
    let text = #"{"results":{"other":[9],"list":[[7],[1,2]]},"list":[8]}"#
    for size in 1...text.utf8.count {
      #expect(scan(text, [step("results"), step("list"), step("1")], size: size).elements == ["1", "2"])
      #expect(scan(text, [step("list")], size: size).elements == ["8"])
      #expect(scan(text, [step("results"), step("other")], size: size).elements == ["9"])
    }
    #expect(scan(#"{"a":[],"b":[1]}"#, [step("a")]).array == "")
  }

  @Test(arguments: [
    #"{"a":1}"#, #"{"b":[1]}"#, #"{"a":{"a":[1]}}"#, "[1]", "1", "", "[[1],[2]]", #"{"\u0061":[1]}"#, #"{"aa":[1]}"#,
    #"{"x":{"a":[1]}}"#, #"{"x":"a","y":[1]}"#, #"["a",[1]]"#,
  ])
  func `an array that is not at the place, or whose name is not written out, is not found`(_ text: String) {
    let found = scan(text, [ElementStep(name: "a", index: nil)])
    #expect(found.elements.isEmpty && found.array == nil)
  }

  @Test func `no more brackets are kept open than a parser takes`() {
    for text in ["[[1],", "{\"x\":", "{\"a\":["] {
      var scanner = ElementScanner(path: text.hasPrefix("{") ? [step("a")] : [])
      let bytes = Array((text + String(repeating: "[", count: 3000)).utf8)
      bytes.withUnsafeBufferPointer { scanner.scan(ByteSlice($0)) { _ in } }
      let before = text.utf8.count { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") } - (text.contains("]") ? 1 : 0)
      #expect(scanner.state == .astray && scanner.tooDeep == text.utf8.count + 1024 - before)
    }
  }

  @Test(arguments: ["[1,", "[1", "[1,]", "[,1]", "[1,,2]", "[1}", "[{]}", "[\"a]", "[{\"a\":1]", "["])
  func `brackets and commas that are astray are noticed`(_ text: String) {
    #expect(scan(text).array == nil)
  }

  @Test func `it finds what the parser finds, in random documents`() throws {
    let parser = JSONParser()
    var generator = Generator(seed: 7)
    for _ in 0..<2000 {
      let document = generator.document(depth: 3)
      let buffer = ByteBuffer()
      buffer.append(document)
      let root = try parser.parse(buffer.bytes)
      guard root.kind == .array else { continue }
      let wanted = root.elements.map { $0.token.string() }
      for size in [1, 3, 7, 64] { #expect(scan(document, size: size).elements == wanted) }
    }
  }
}

/// Documents with strings that look like structure.
private struct Generator {
  var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func pick(_ count: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % count
  }

  mutating func space() -> String { ["", "", " ", "\n\t"][pick(4)] }

  mutating func document(depth: Int) -> String {
    let value: String
    switch depth == 0 ? pick(4) : pick(8) {
    case 0: value = "-1.5e3"
    case 1: value = "null"
    case 2: value = "\"" + ["", "]", "}", ",", "\\\"", "\\\\", "\\\\\\\"[", "é\\u0041"][pick(8)] + "\""
    case 3: value = "true"
    case 4, 5:
      value =
        "{"
        + (0..<pick(4)).map { "\(space())\"k\($0)\"\(space()):\(document(depth: depth - 1))" }
        .joined(separator: ",") + "}"
    default: value = "[" + (0..<pick(5)).map { _ in document(depth: depth - 1) }.joined(separator: ",") + "]"
    }
    return space() + value + space()
  }
}
