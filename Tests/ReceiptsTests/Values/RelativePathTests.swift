import Receipts
import Testing

@Suite("RelativePath")
struct RelativePathTests {
  @Test(
    "normal paths are taken as they are",
    arguments: ["a", "a/b", ".hidden", "..a/b..", "...", "a/.../b", "a b/ü.jsonl", "a\\b", "-", "a/.b/c"])
  func taken(text: String) throws {
    #expect(try #require(RelativePath(text)).string == text)
  }

  @Test(
    "others are refused",
    arguments: ["", "/", "/a", "a/", "a//b", ".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b", "a\0b"])
  func refused(text: String) {
    #expect(RelativePath(text) == nil)
  }

  @Test("equality and order are those of UTF-8 bytes, not of Unicode")
  func order() throws {
    let composed = try #require(RelativePath("\u{E9}"))
    let decomposed = try #require(RelativePath("e\u{301}"))
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed]).count == 2)
    #expect(decomposed < composed)
    let texts = ["a", "a-b", "a.b", "a/b", "aa", "b", "é", "\u{FF5E}", "\u{1F600}"]
    #expect(texts.reversed().map { RelativePath(unchecked: $0) }.sorted().map(\.string) == texts)
  }

  @Test("name, parent and child")
  func parts() throws {
    let path = try #require(RelativePath("data/logs/a.jsonl"))
    #expect(path.name == "a.jsonl")
    #expect(path.parent?.string == "data/logs")
    #expect(path.parent?.parent?.parent == nil)
    #expect(RelativePath(unchecked: "a").appending("b/c").string == "a/b/c")
  }

  @Test(
    "the stem is the name without its extension and without that of its compression",
    arguments: [
      ("logs/a.jsonl", "a"), ("logs.d/a", "a"), ("a.jsonl.gz", "a"), ("a.jsonl.zst", "a"), ("a.gz", "a"),
      ("a.b.c", "a.b"), (".hidden", ".hidden"), (".gz", ".gz"), (".hidden.json", ".hidden"), ("a.", "a"),
      ("a.gz.jsonl", "a.gz"), ("a.GZ", "a"),
    ])
  func stem(text: String, stem: String) {
    #expect(RelativePath(unchecked: text).stem == stem)
  }
}
