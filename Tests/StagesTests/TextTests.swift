import JSONTape
@_spi(_Unicode) import Swift
import StagesTesting
import Testing

@testable import Stages

@Suite struct TextTests {
  private func slice<R>(_ text: String, _ body: (ByteSlice) -> R) -> R {
    var text = text
    return text.withUTF8 { body(ByteSlice($0)) }
  }

  private func fold(_ text: String) -> String {
    slice(text) { slice in
      let buffer = ByteBuffer()
      Text.fold(slice, into: buffer)
      return buffer.bytes.string()
    }
  }

  /// Every text by the long way: NFC and white space as the standard library has them. (Foundation's NFC composes
  /// Hangul and Greek otherwise than the standard says, so it is no judge here.)
  private func expectedFold(_ text: String) -> String {
    var folded = String.UnicodeScalarView()
    var isPending = false
    for scalar in text._nfc {
      if scalar.properties.isWhitespace {
        isPending = !folded.isEmpty
      } else {
        if isPending { folded.append(" ") }
        isPending = false
        folded.append(scalar)
      }
    }
    return String(folded)
  }

  private static let whiteSpace: [Unicode.Scalar] = (0...0xFFFF).compactMap { Unicode.Scalar($0 as UInt32) }
    .filter(\.properties.isWhitespace)

  @Test func `white space is what Unicode calls so, every character of it`() {
    #expect(Self.whiteSpace.count == 25)
    for scalar in Self.whiteSpace {
      let space = String(scalar)
      #expect(slice(space, Text.isBlank), "\(scalar.value)")
      #expect(fold("a\(space)\(space)b\(space)") == "a b", "\(scalar.value)")
      #expect(slice("\(space) a\(space)") { Text.trimmed($0).string() } == "a", "\(scalar.value)")
    }
    for value in [0x00, 0x1C, 0x1F, 0x180E, 0x200B, 0x200C, 0x2060, 0xFEFF, 0x2007 + 0x1000, 0x3001] as [UInt32] {
      let text = String(Unicode.Scalar(value)!)
      #expect(!slice(text, Text.isBlank), "\(value)")
      #expect(slice(text) { Text.trimmed($0).count } == text.utf8.count)
    }
    #expect(slice("", Text.isBlank))
  }

  @Test func `texts are folded to NFC with single spaces`() {
    #expect(fold("  Cafe\u{301}\t\nau\u{a0}\u{2003}lait ") == "Café au lait")
    #expect(Array(fold("e\u{301}").utf8) == Array("\u{e9}".utf8))
    #expect(Array(fold("\u{212b}\u{2126}\u{1100}\u{1161}\u{11a8}").utf8) == Array("\u{c5}\u{3a9}\u{ac01}".utf8))
    // Marks are put in order, and what may not be composed stays in pieces.
    #expect(Array(fold("a\u{301}\u{323}").utf8) == Array("\u{1ea1}\u{301}".utf8))
    #expect(Array(fold("\u{2add}\u{338}\u{958}").utf8) == Array("\u{2add}\u{338}\u{915}\u{93c}".utf8))
    #expect(fold("") == "" && fold(" \n ") == "")
    #expect(Array(fold("\u{ac00}\u{11a8}\u{11a8}").utf8) == Array("\u{ac01}\u{11a8}".utf8))
    #expect(Array(fold("か\u{3099}").utf8) == Array("が".utf8))
    #expect(Array(fold("→\u{338}").utf8) == Array("↛".utf8))
  }

  @Test func `texts of characters that never change are folded as by the long way`() {
    for start in stride(from: 0 as UInt32, to: 0x20000, by: 256) {
      var text = String.UnicodeScalarView()
      for value in start..<start + 256 {
        guard let scalar = Unicode.Scalar(value) else { continue }
        text.append(scalar)
      }
      let string = String(text)
      if !Array(fold(string).utf8).elementsEqual(expectedFold(string).utf8) {
        Issue.record("block \(String(start, radix: 16))")
      }
    }
  }

  @Test func `mixed texts are folded as by the long way, and once is enough`() {
    var generator = SeededGenerator(seed: 9)
    let alphabet: [String] = [
      "a", "e", "o", " ", "\n", "\u{301}", "\u{323}", "\u{308}", "é", "ö", "\u{1ea1}", "가", "\u{1100}", "\u{1161}",
      "\u{11a8}", "か", "\u{3099}", "→", "\u{338}", "😀", "\u{fe0f}", "\u{200d}", "\u{212b}", "\u{2003}", "\u{a0}", "中",
      "\u{f900}", "ｱ", "\u{ff9e}", "\u{20dd}", "\u{1d15e}", "\u{64b}", "\u{651}", "क", "\u{93c}", "…", "\u{2028}",
      "ا", "و", "\u{653}", "\u{654}", "и", "\u{306}", "Ω", "\u{345}", "\u{387}", "א", "\u{5b7}", "\u{1d6fc}",
    ]
    for _ in 0..<1500 {
      let text = (0..<Int.random(in: 1...9, using: &generator)).map { _ in alphabet.randomElement(using: &generator)! }
        .joined()
      if !fold(text).utf8.elementsEqual(expectedFold(text).utf8) { Issue.record("\(text.debugDescription)") }
      #expect(fold(fold(text)).utf8.elementsEqual(fold(text).utf8))
    }
  }

  @Test func `long texts are folded as by the long way, wherever what changes stands`() {
    let odd = [
      " ", "\n", "\t ", "\u{0}", "\u{1f}", "\u{7f}", "\u{a0}", "\u{3000}", "é", "e\u{301}", "中", "😀", "и\u{306}",
    ]
    for length in [1, 15, 16, 17, 31, 32, 33, 64] {
      for place in 0...length {
        for change in odd {
          let text = String(repeating: "x", count: place) + change + String(repeating: "y", count: length - place)
          for text in [text, text + " ", " " + text, text.replacing("xx", with: "x  ")] {
            if !fold(text).utf8.elementsEqual(expectedFold(text).utf8) { Issue.record("\(text.debugDescription)") }
          }
        }
      }
    }
  }

  @Test func `a text that is folded already is taken as it is`() {
    let buffer = ByteBuffer()
    for text in ["", "x", "a text, plain and simple", "a b c d e f g h i j k l m n o p q r s t u v w x y z"] {
      #expect(slice(text) { Text.folded($0, buffer).buffer.baseAddress == $0.buffer.baseAddress })
    }
    for text in [" x", "x ", "x  y", "a text that is longer than a block\nand has two lines", "é", "e\u{301}", "\n"] {
      let folded = slice(text) { Text.folded($0, buffer).string() }
      #expect(folded.utf8.elementsEqual(expectedFold(text).utf8))
    }
  }

  @Test func `a prefix never splits a character, and is as long as it may be`() {
    var generator = SeededGenerator(seed: 11)
    let alphabet = ["a", "é", "中", "😀", "\u{301}", "\u{10ffff}", "\u{7ff}", "\u{800}", "\u{ffff}", "\u{10000}"]
    for _ in 0..<100 {
      let text = (0..<12).map { _ in alphabet.randomElement(using: &generator)! }.joined()
      for limit in 0...26 {
        let prefix = slice(text) { Text.prefix($0, utf16: limit) }.count
        let bytes = Array(text.utf8)
        guard let cut = String(validating: bytes[..<prefix], as: UTF8.self) else {
          Issue.record("split: \(text.debugDescription) at \(limit)")
          continue
        }
        #expect(cut.utf16.count <= limit)
        let next = text.unicodeScalars.dropFirst(cut.unicodeScalars.count).first
        if let next { #expect(cut.utf16.count + (next.value > 0xFFFF ? 2 : 1) > limit) }
      }
    }
  }

  @Test func `the first line is the first that says something, trimmed`() {
    func first(_ text: String) -> String? { slice(text) { Text.firstLine($0)?.string() } }
    #expect(first("one\ntwo") == "one" && first("one") == "one" && first("one\r\ntwo") == "one")
    #expect(first("\n\r\n \t\n\u{3000}\u{2028}\r\n  two \r\nthree") == "two")
    // Lines end at LF or CRLF alone.
    #expect(first("a\rb\nc") == "a\rb" && first("a\u{2028}b") == "a\u{2028}b" && first("a\u{85}b\n") == "a\u{85}b")
    #expect(first("") == nil && first("\n\n") == nil && first(" \r\n") == nil)
    #expect(first("\n\nlast") == "last")
  }
}
