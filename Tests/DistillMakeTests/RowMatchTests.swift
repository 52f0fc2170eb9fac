import JSONTape
import StagesTesting
import Testing

@testable import Audit

/// Comparing exported rows piece by piece.
@Suite("Comparing rows piece by piece")
struct RowMatchTests {
  private static func match<Result>(_ text: String, _ body: (inout RowMatch) -> Result) -> Result {
    let buffer = ByteBuffer()
    buffer.append(text)
    defer { withExtendedLifetime(buffer) {} }
    var row = RowMatch(buffer.bytes)
    return body(&row)
  }

  private static func hex(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  @Test("an id is taken where its 16 digits stand, and no other")
  func identifiers() {
    var random = SeededGenerator(seed: 5)
    let values = [0, 1, 9, 10, 15, 16, .max, 0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210] as [UInt64]
    for value in values + (0..<500).map({ _ in UInt64.random(in: 0...UInt64.max, using: &random) }) {
      let digits = Self.hex(value)
      #expect(Self.match(digits + "\"") { $0.take(hex: value) && $0.take("\"") && $0.isAtEnd })
      #expect(Self.match(digits) { $0.takeID() } == value)
      #expect(!Self.match(String(digits.dropLast())) { $0.take(hex: value) }, "too short")
      #expect(!Self.match(digits) { $0.take(hex: value ^ 1 << UInt64.random(in: 0..<64, using: &random)) })
      var bytes = Array(digits.utf8)
      bytes[Int.random(in: 0..<16, using: &random)] ^= 0x20
      #expect(!Self.match(String(decoding: bytes, as: UTF8.self)) { $0.take(hex: value) }, "another spelling")
    }
  }
}
