import Testing

@testable import JSONTape

@Suite struct JSONTests {
  private func parse(_ text: String) throws -> JSON { try JSON.parse(Array(text.utf8)) }

  @Test func aDocumentIsReadAndWritten() throws {
    let text = #"{"z":[1,-2.5,1e+21,"é\n"],"a":{"b":null,"c":true},"😀":0,"\#u{fb33}":[],"e":{}}"#
    let document = try parse(text)
    #expect(String(decoding: document.encoded(), as: UTF8.self) == text)
    #expect(document["z"]?.array?.count == 4)
    #expect(document["z"]?.array?[1].double == -2.5)
    #expect(document["a"]?["c"]?.bool == true)
    #expect(document["a"]?["b"]?.isNull == true)
    #expect(document["nothing"] == nil)
    #expect(document["z"]?["a"] == nil)
    #expect(document.object?.keys == ["z", "a", "😀", "\u{fb33}", "e"])
    #expect(
      document.canonicalString
        == #"{"a":{"b":null,"c":true},"e":{},"z":[1,-2.5,1e+21,"é\n"],"😀":0,"\#u{fb33}":[]}"#)
  }

  @Test func literalsBuildTrees() throws {
    let document: JSON = ["b": 1, "a": [true, nil, 0.5, "x"], "c": [:]]
    #expect(try parse(#"{"b":1,"a":[true,null,0.5,"x"],"c":{}}"#) == document)
    #expect(
      document.pretty() == """
        {
          "b": 1,
          "a": [
            true,
            null,
            0.5,
            "x"
          ],
          "c": {}
        }
        """)
  }

  @Test func theCanonicalFormIsThatOfTheTapesWriter() throws {
    var generator = TextGenerator(seed: 40)
    generator.isWild = false
    var taken = 0
    for _ in 0..<1500 {
      guard let tree = try? JSON.parse(generator.text()) else { continue }
      taken += 1
      let text = tree.encoded()
      #expect(String(decoding: tree.canonical, as: UTF8.self) == (try canonical(text)))
      #expect(try JSON.parse(text) == tree)
      #expect(try JSON.parse(Array(tree.pretty().utf8)) == tree)
    }
    #expect(taken > 1000)
  }

  @Test func doublesStayDoublesAndIntegersIntegers() throws {
    #expect(JSON.double(1).encoded() == Array("1.0".utf8))
    #expect(JSON.double(1).canonicalString == "1")
    #expect(JSON.integer(.max).canonicalString == "9223372036854775807")
    #expect(try parse("1.0") == .double(1))
    #expect(try parse("1") == .integer(1))
    #expect(JSON.integer(1) != .double(1))
    #expect(JSON.integer(3).double == 3)
    #expect(JSON.double(3).integer == nil)
  }

  @Test func theCanonicalFormOfAnyDoubleIsReadBack() throws {
    var random = SeededGenerator(seed: 12)
    let borders = [
      9_223_372_036_854_775_808, 1e19, -1e19, 12_345_678_901_234_567_168, 1e20, 999_999_999_999_999_868_928, 1e21,
    ]
    for value in borders + (0..<2000).map({ _ in Double.random(in: -1e22...1e22, using: &random) }) {
      let tree = JSON.array([.double(value)])
      let read = try JSON.parse(tree.canonical)
      #expect(read.canonical == tree.canonical && read.array?[0].double == value)
    }
    // An integer of the same size that no double has is refused, not rounded.
    #expect(throws: JSONError.self) { try parse("10000000000000000001") }
  }

  @Test(arguments: [
    (#"{"a":1,"\u0061":2}"#, #"duplicate key "a""#, 7), ("[18446744073709551616]", "an integer past 64 bits", 1),
    ("[9223372036854775808]", "an integer past 64 bits", 1), ("1e400", "a number too large for a double", 0),
    (#"["\ud800"]"#, "a lone surrogate", 1), ("[", "the text ends too early", 1),
  ])
  func whatATreeCannotHoldIsRefused(text: String, reason: String, offset: Int) {
    #expect(throws: JSONError(reason: reason, offset: offset)) { try parse(text) }
  }

  @Test func anObjectKeepsItsOrder() {
    var object: JSONObject = ["b": 1, "a": 2, "b": 3]
    #expect(object.map(\.key) == ["b", "a"])
    #expect(object["b"] == 3)
    object["c"] = 4
    object["a"] = nil
    object["nothing"] = nil
    object["b"] = 5
    #expect(object == ["b": 5, "c": 4])
    #expect(object != ["c": 4, "b": 5])
    #expect(object.count == 2 && !object.isEmpty && JSONObject().isEmpty)
  }

  @Test func textIsComparedByItsBytes() {
    #expect(JSON.string("\u{e9}") != .string("e\u{301}"))
    let object: JSONObject = ["\u{e9}": 1, "e\u{301}": 2]
    #expect(object.count == 2)
    #expect(object["e\u{301}"] == 2)
    #expect(Set<JSON>(["\u{e9}", "e\u{301}", "\u{e9}"]).count == 2)
  }
}
