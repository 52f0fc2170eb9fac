import JSONTape
import Receipts
import Testing

@testable import Stages

@Suite struct ConfigurationYAMLTests {
  private func parse(_ yaml: String) throws(DistillError) -> ConfigurationNode? {
    try ConfigurationYAML.parse(yaml, fileName: "distill.yaml")
  }

  @Test(
    arguments: [
      ("true", .bool(true)), ("False", .bool(false)), ("yes", "yes"), ("on", "on"), ("null", nil), ("~", nil),
      ("", nil),
      ("12", 12), ("+12", 12), ("-3", -3), ("0x1F", 31), ("0o17", 15), ("017", 17), ("1_000", "1_000"), ("1.5", 1.5),
      (".5", 0.5), ("5.", .double(5)), ("1e3", .double(1000)), ("+1.5", 1.5), ("1.2.3", "1.2.3"),
      ("2026-04-26", "2026-04-26"),
      ("12:30", "12:30"), ("e3", "e3"), (".", "."), ("-", "-"), ("0x", "0x"), ("infinity", "infinity"), ("1e", "1e"),
    ] as [(String, JSON)])
  func `a plain scalar is what YAML 1.2 says`(text: String, value: JSON) {
    #expect(PlainScalar.resolve(text) == .json(value))
  }

  @Test func `quoted scalars are texts, and a tag can say so too`() throws {
    let node = try parse("- '5'\n- \"true\"\n- !!str 5\n- |\n  7\n- 5")
    #expect(node?.json == ["5", "true", "5", "7\n", 5])
  }

  @Test func `a byte order mark at the start is no part of the text`() throws {
    let node = try #require(try parse("\u{FEFF}a: 1\n"))
    #expect(node.json == ["a": 1])
    #expect(node.mapping?[0].place?.text == "distill.yaml:1:1")
  }

  @Test func `nodes and keys know their places`() throws {
    let node = try #require(try parse("a:\n  b: [1,\n   2]\n"))
    #expect(node["a"]?["b"]?.list?[1].place?.text == "distill.yaml:3:4")
    #expect(node["a"]?.mapping?[0].place?.text == "distill.yaml:2:3")
  }

  @Test func `aliases stand for their anchors, at the anchor's place`() throws {
    let node = try #require(try parse("a: &x {b: 1}\nc: *x\n"))
    #expect(node["c"]?.json == ["b": 1])
  }

  @Test func `comments alone are nothing`() throws {
    #expect(try parse("# nothing\n") == nil)
  }

  @Test func `aliases of aliases of aliases are stopped`() {
    var yaml = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    for level in 1...9 {
      let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
      yaml += "a\(level): &a\(level) [\(items)]\n"
    }
    #expect {
      try parse(yaml)
    } throws: {
      ($0 as? DistillError)?.message == "the configuration has more than 100000 values, aliases written out"
    }
  }

  @Test func `deep nesting is an error, not a crash`() {
    let yaml = String(repeating: "[", count: 100_000)
    #expect(throws: DistillError.self) { try parse(yaml) }
  }

  @Test(arguments: [
    ("a: 1\nb: 2\na: 3\n", "distill.yaml:1:1: the key `a` stands twice in one mapping\n  keep one of the two"),
    ("a: 1\n\tb: 2\n", "distill.yaml:2:1: a tab where YAML wants spaces\n  indent with spaces"),
    ("a: @x\n", "distill.yaml:1:4: a text can't begin with `@`\n  put quotes around the text"),
    (
      "a: b: c\n",
      "distill.yaml:1:5: a `:` where no key can stand\n  put quotes around a text that has `: ` in it"
    ),
    ("a: [1, 2\nb: 3\n", "distill.yaml:2:2: a `[` without its `]`"),
    ("a: {b: 1\nc: 3\n", "distill.yaml:2:2: a `{` without its `}`\n  a template that begins with { needs quotes"),
    ("a: \"x\nb: 1\n", "distill.yaml:1:4: a quote without its end"),
    (
      "a:\n  - 1\n b: 2\n",
      "distill.yaml:3:2: a line that is neither a key nor a list entry, or is indented differently"
    ),
    ("a: *x\n", "distill.yaml:1:4: an alias without its anchor\n  a text that begins with * needs quotes"),
    ("a: 1\n---\nb: 2\n", "distill.yaml:2:1: a second document; a configuration is one\n  take the `---` line away"),
    (
      "a: 99999999999999999999\n",
      "distill.yaml:1:4: `99999999999999999999` is an integer that does not fit into 64 bits\n"
        + "  put quotes around it if it is a text"
    ),
    (
      "a: .inf\n",
      "distill.yaml:1:4: `.inf` is not a number that JSON can write\n  put quotes around it if it is a text"
    ),
    (
      "a: !!binary x\n",
      "distill.yaml:1:4: the tag of `x` has no meaning here\n"
        + "  take the tag away, and put quotes around a text that looks like a number"
    ),
    ("? [a]\n: 1\n", "distill.yaml:1:3: a key is a list or a mapping\n  a text that begins with { or [ needs quotes"),
    ("a: 1\0\n", "distill.yaml: not a text: control characters are not allowed\n  save the file as UTF-8"),
  ])
  func `what is not YAML is said in plain words with its place`(yaml: String, text: String) {
    #expect {
      try parse(yaml)
    } throws: { error in
      #expect("\(error)" == text)
      return true
    }
  }
}
