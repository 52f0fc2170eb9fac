import JSONTape
import Testing

@Suite struct UTF16LengthTests {
  @Test func `the length is that of the standard library, for any length and place of characters`() {
    let alphabet: [Unicode.Scalar] = [
      "a", "\u{7f}", "\u{80}", "é", "\u{7ff}", "\u{800}", "中", "\u{ffff}", "\u{10000}", "😀", "\u{10ffff}",
    ]
    var generator = SystemRandomNumberGenerator()
    for length in Array(0...80) + [127 * 16 - 1, 127 * 16, 127 * 16 + 17, 9000] {
      var text = ""
      for _ in 0..<length { text.unicodeScalars.append(alphabet.randomElement(using: &generator)!) }
      #expect(text.withUTF8 { ByteSlice($0).utf16Length } == text.utf16.count, "\(text.debugDescription)")
    }
    var longest = String(repeating: "😀", count: 5000)
    #expect(longest.withUTF8 { ByteSlice($0).utf16Length } == 10000)
    #expect(ByteSlice.empty.utf16Length == 0)
  }

  @Test func `a lone surrogate is one unit`() {
    let bytes: [UInt8] = [0x61, 0xED, 0xA0, 0x80, 0x62]
    #expect(bytes.withUnsafeBufferPointer { ByteSlice($0).utf16Length } == 3)
  }
}
