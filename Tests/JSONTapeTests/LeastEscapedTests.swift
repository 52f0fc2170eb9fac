import Testing

@testable import JSONTape

@Suite struct LeastEscapedTests {
  /// What the text of a string is written as: copied where that is the same as escaping it.
  private func written(_ token: String, tolerant: Bool = false) throws -> (copied: String, escaped: String) {
    // The string stands in a container, as on the tape of a record, with another one behind it.
    try withValue("[\(token), \"next\"]", tolerant: tolerant) { list in
      let value = list.element(0)!
      func text(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter(ByteBuffer(capacity: 0))
        body(&writer)
        return writer.output.bytes.string()
      }
      return (text { $0.string(value) }, text { $0.string(value.string!) })
    }
  }

  @Test func `a string is written as its text, escaped anew, whatever it holds`() throws {
    var generator = TextGenerator(seed: 41)
    for _ in 0..<4000 {
      try withValue(generator.text()) { value in
        func check(_ value: JSONValue) {
          if let text = value.string {
            var copied = JSONWriter(ByteBuffer(capacity: 0))
            copied.string(value)
            var escaped = JSONWriter(ByteBuffer(capacity: 0))
            escaped.string(text)
            #expect(copied.output.bytes == escaped.output.bytes)
          }
          for element in value.elements { check(element) }
          for (_, member) in value.members { check(member) }
        }
        check(value)
      }
    }
  }

  @Test func `escapes count wherever a block of the text ends`() throws {
    let escapes = [
      #"\""#, #"\\"#, #"\n"#, #"\t"#, #"\b"#, #"\f"#, #"\r"#, #"\/"#, #"\u0000"#, #"\u001f"#, #"\u001F"#, #"\u0008"#,
      #"\u0009"#, #"\u000a"#, #"\u000b"#, #"\u000c"#, #"\u000d"#, #"\u000e"#, #"\u007f"#, #"\u0041"#, #"\u0020"#,
      #"\u00e9"#, #"\ud83d\ude00"#, #"\ud800"#, #"\\u0041"#, #"\\\\"#, #"\\\/"#, #"\\\\n"#,
    ]
    for escape in escapes {
      for length in 0..<140 {
        for (before, after) in [("x", ""), ("x", "tail"), (#"\\"#, ""), ("é", #"\n"#)] {
          let token = "\"" + String(repeating: before, count: length) + escape + after + "\""
          let text = try written(token)
          #expect(text.copied == text.escaped, "\(token)")
          #expect(try written(token, tolerant: true) == text)
        }
      }
    }
  }

  @Test func `bytes are counted`() {
    var random = SeededGenerator(seed: 5)
    for count in [0, 1, 15, 63, 64, 65, 4031, 4032, 4033, 4096, 10_000] {
      for share in [1, 3, 200] {
        let bytes = (0..<count).map { _ in UInt8(Int.random(in: 0..<share, using: &random)) }
        let slice = bytes.withUnsafeBytes { ByteSlice($0).occurrences(of: 0) }
        #expect(slice == bytes.count { $0 == 0 })
      }
    }
  }
}
