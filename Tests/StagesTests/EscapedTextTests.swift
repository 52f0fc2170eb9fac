import JSONTape
import Testing

@testable import Stages

/// Lengths, cuts and blanks of texts that are still escaped are those of the texts.
@Suite struct EscapedTextTests {
  private static let pieces = [
    "a", "plain words and more", "\\n", "\\r\\n", "\\t", "\\\"", "\\\\", "\\/", "\\u0041", "\\u00a0", "\\u2028", "é",
    "€", "😀",
    "\\ud83d\\ude00", " ", "\u{3000}", "\u{85}", "x\\b", "\\u0000",
  ]

  @Test func `cuts, lengths and blanks of random texts`() throws {
    var generator = SystemRandomNumberGenerator()
    let (buffer, other) = (ByteBuffer(), ByteBuffer())
    for _ in 0..<4000 {
      let count = Int.random(in: 0...40, using: &generator)
      let written = "\"" + (0..<count).map { _ in Self.pieces.randomElement(using: &generator)! }.joined() + "\""
      buffer.removeAll()
      buffer.append(written)
      let escaped = try #require(EscapedText(quoted: buffer.bytes))
      other.removeAll()
      let text = escaped.text(other)
      #expect(escaped.utf16Length == text.string().utf16.count, "\(written)")
      #expect(Text.isBlank(escaped) == Text.isBlank(text), "\(written)")
      for limit in [0, 1, 2, 7, 16, 17, 33, 120] {
        let cut = escaped.prefix(utf16: limit)
        let expected = Text.prefix(text, utf16: limit).string()
        #expect(cut.string() == expected, "\(written) cut at \(limit)")
        #expect(cut.utf16Length == expected.utf16.count)
      }
    }
    withExtendedLifetime((buffer, other)) {}
  }

  @Test(arguments: ["", " \\n\\t\\r\\f", "\\u0020\\u3000", "\\u000b"]) func `blank`(_ text: String) throws {
    let buffer = ByteBuffer()
    buffer.append("\"" + text + "\"")
    #expect(Text.isBlank(try #require(EscapedText(quoted: buffer.bytes))))
    withExtendedLifetime(buffer) {}
  }
}
