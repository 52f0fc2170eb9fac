import CSimdJSON
import Testing

@testable import JSONTape

/// What the scanner takes, the parser takes, and both find the same.
@Suite struct TokenScannerTests {
  private func withText(_ text: [UInt8], _ body: (ByteSlice) throws -> Void) rethrows {
    let buffer = ByteBuffer()
    text.withUnsafeBytes { buffer.append($0) }
    defer { withExtendedLifetime(buffer) {} }
    try body(buffer.bytes)
  }

  @Test(arguments: [11, 12, 13] as [UInt64])
  func `what it takes of random and damaged texts is a value to the parser, too`(seed: UInt64) throws {
    var generator = TextGenerator(seed: seed)
    let parser = JSONParser()
    var taken = 0
    for round in 0..<3000 {
      generator.isWild = round % 3 == 0
      let text = generator.text()
      guard !text.isEmpty else { continue }
      withText(text) { bytes in
        var scanner = TokenScanner(bytes)
        guard scanner.takeValue(), scanner.isAtEnd else { return }
        taken += 1
        #expect((try? parser.parse(bytes)) != nil, "\(String(decoding: text, as: UTF8.self))")
      }
    }
    #expect(taken > 100)
  }

  @Test func `strings of every length and with every escape mean what the parser says`() throws {
    let parser = JSONParser()
    let pieces = [
      "", "a", "\\n", "\\\"", "\\\\", "\\/", "\\b\\f\\r\\t", "\\u0041", "\\u00e9", "\\u20AC", "\\ud83d\\ude00",
      "\\ud83d",
      "\\ude00", "\\ud83d\\u0041", "\\ud83d\\ud83d\\ude00", "é", "€", "😀", "\\u0000", "\u{7f}",
    ]
    // Behind the longer end, pieces stand anywhere in a block of 64 bytes, and on the border of two.
    let ends = ["yz", String(repeating: "yz", count: 40) + "\\n" + String(repeating: "z", count: 20)]
    for (piece, end) in pieces.flatMap({ piece in ends.map { (piece, $0) } }) {
      for before in 0..<(end.utf8.count == 2 ? 40 : 70) {
        let text = Array(("\"" + String(repeating: "x", count: before) + piece + end + "\"").utf8)
        try withText(text) { bytes in
          var scanner = TokenScanner(bytes)
          let taken = scanner.takeString()
          let found = try #require(taken)
          let expected = try #require(try parser.parse(bytes).string)
          let buffer = ByteBuffer()
          #expect(scanner.isAtEnd)
          #expect(found.text(buffer) == expected)
          #expect(found.hasEscapes == (piece + end).contains("\\"))
          #expect(found.utf16Length == expected.utf16Length)
          withExtendedLifetime(buffer) {}
        }
      }
    }
  }

  @Test(arguments: [21, 22])
  func `registers of any width find the same in random and damaged texts`(seed: UInt64) {
    var generator = TextGenerator(seed: seed)
    var ended = 0
    for round in 0..<4000 {
      generator.isWild = round % 3 == 0
      // Behind a start of any length, so that blocks begin anywhere in the text.
      let text = Array(repeating: UInt8(ascii: "x"), count: round % 130) + generator.text()
      let found = [0, 256, 512].map { csimdjson_scan_string_by($0, text, text.count) }
      ended += found[0].length > 0 ? 1 : 0
      for wide in found.dropFirst() {
        #expect(wide.length == found[0].length)
        if wide.length == 0 { continue }
        #expect(wide.excess == found[0].excess && (wide.has_high_bytes == 0) == (found[0].has_high_bytes == 0))
      }
    }
    #expect(ended > 1000)
  }

  @Test func `a string cut off anywhere, or with a byte that no string has, is none`() throws {
    let long = String(repeating: " and more than a block of bytes", count: 4)
    let whole = Array("\"ab\\u00e9\\n\\ud83d\\ude00 é€😀\(long)\\t\\\\\\\"\\u0020\(long)\"".utf8)
    for end in 1..<whole.count {
      withText(Array(whole[..<end])) { bytes in
        var scanner = TokenScanner(bytes)
        #expect(scanner.takeString() == nil, "cut at \(end)")
        #expect(scanner.position == 0)
      }
    }
    let parser = JSONParser()
    for place in 1..<whole.count - 1 {
      for byte in [0x00, 0x1f, 0x22, 0x5c, 0x75, 0x80, 0xc0, 0xed, 0xff] as [UInt8] {
        var text = whole
        text[place] = byte
        withText(text) { bytes in
          var scanner = TokenScanner(bytes)
          guard scanner.takeString() != nil, scanner.isAtEnd else { return }
          #expect((try? parser.parse(bytes)) != nil, "\(byte) at \(place)")
        }
      }
    }
  }

  @Test(arguments: [
    ("0", true), ("7", true), ("123456789012345678", true), ("1234567890123456789", false), ("01", false),
    ("-1", false),
    ("1.5", false), ("1e3", false), ("", false), ("x", false),
  ])
  func `whole numbers`(text: String, isTaken: Bool) {
    withText(Array((text + ",").utf8)) { bytes in
      var scanner = TokenScanner(bytes)
      #expect(scanner.takeInteger() == (isTaken ? Int64(text) : nil))
    }
  }

  @Test(arguments: [
    ("0", true), ("-0", true), ("-0.5", true), ("1e10", true), ("1E-07", true), ("12.25e+3", true), ("1e400", false),
    ("00", false), ("1.", false), (".5", false), ("-", false), ("1e", false),
  ])
  func `numbers that are finite`(text: String, isTaken: Bool) {
    withText(Array(text.utf8)) { bytes in
      var scanner = TokenScanner(bytes)
      #expect((scanner.takeNumber() && scanner.isAtEnd) == isTaken)
    }
  }

  @Test func `containers 65 deep are left to the parser`() {
    for (depth, isTaken) in [(63, true), (64, true), (65, false)] {
      withText(Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)) { bytes in
        var scanner = TokenScanner(bytes)
        #expect(scanner.takeValue() == isTaken)
      }
    }
  }
}
