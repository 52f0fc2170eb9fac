import Testing

@testable import JSONTape

@Suite struct NumberTextTests {
  private func text(_ write: (ByteBuffer) -> Void) -> String {
    let buffer = ByteBuffer(capacity: 0)
    write(buffer)
    return buffer.bytes.string()
  }

  /// RFC 8785, appendix B.
  @Test(
    arguments: [
      (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
      (0x8000_0000_0000_0001, "-5e-324"), (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
      (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
      (0xc340_0000_0000_0000, "-9007199254740992"), (0x4430_0000_0000_0000, "295147905179352830000"),
      (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"), (0x44b5_2d02_c7e1_4af6, "1e+23"),
      (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"), (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
      (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
      (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
      (0x41b3_de43_5555_5553, "333333333.3333332"), (0x41b3_de43_5555_5554, "333333333.33333325"),
      (0x41b3_de43_5555_5555, "333333333.3333333"), (0x41b3_de43_5555_5556, "333333333.3333334"),
      (0x41b3_de43_5555_5557, "333333333.33333343"), (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
      (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
    ] as [(UInt64, String)])
  func theSamplesOfTheStandard(bits: UInt64, expected: String) {
    #expect(text { NumberText.ecmaScript(Double(bitPattern: bits), to: $0) } == expected)
  }

  @Test(arguments: [
    (0.0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (0.1, "0.1"), (-2.5, "-2.5"), (1e20, "100000000000000000000.0"),
    (1e21, "1e+21"), (1e-7, "1e-7"), (123456, "123456.0"), (0.95, "0.95"),
  ])
  func aDoubleIsAlwaysSeenToBeOne(value: Double, expected: String) {
    #expect(text { NumberText.shortest(value, to: $0) } == expected)
  }

  @Test func textReadsBackAsTheSameDouble() throws {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<20_000 {
      let value = Double(bitPattern: random.next())
      guard value.isFinite else { continue }
      let shortest = text { NumberText.shortest(value, to: $0) }
      #expect(Double(shortest)?.bitPattern == value.bitPattern)
      let bytes = Array(shortest.utf8)
      bytes.withUnsafeBufferPointer { #expect(NumberText.survivesDouble(ByteSlice($0), nearest: value)) }
      // The standard library finds the same digits and writes the exponent another way.
      let other = Array("\(value)".utf8)
      other.withUnsafeBufferPointer { #expect(Decimal(token: ByteSlice($0)) == Decimal(shortest: value)) }
    }
  }

  /// The short cut for tokens of up to 15 digits never disagrees with the conversion.
  @Test func shortTokensSurviveADouble() throws {
    var random = SeededGenerator(seed: 12)
    for _ in 0..<20_000 {
      let significand = UInt64.random(in: 1..<1_000_000_000_000_000, using: &random)
      let token = Array("\(significand)e\(Int.random(in: -299...289, using: &random))".utf8)
      token.withUnsafeBufferPointer { token in
        let decimal = Decimal(token: ByteSlice(token))
        let nearest = Double(String(decoding: token, as: UTF8.self))!
        #expect(decimal == Decimal(shortest: nearest))
      }
    }
  }
}
