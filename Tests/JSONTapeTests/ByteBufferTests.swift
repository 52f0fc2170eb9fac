import Testing

@testable import JSONTape

@Suite struct ByteBufferTests {
  @Test func bytesAreAppendedInOrder() {
    let buffer = ByteBuffer(capacity: 0)
    buffer.append(0x61)
    buffer.append("bc")
    buffer.append("dé" as String)
    buffer.append(ByteSlice.empty)
    buffer.appendDecimal(.min)
    buffer.appendDecimal(0)
    buffer.append(count: 10) { room in
      room[0] = UInt8(ascii: "!")
      return 1
    }
    #expect(buffer.bytes.string() == "abcdé-92233720368547758080!")
    buffer.truncate(to: 3)
    #expect(buffer.bytes == "abc")
    #expect(buffer.slice(1..<2) == "b")
    buffer.removeAll()
    #expect(buffer.count == 0)
  }

  @Test func growthKeepsTheBytes() {
    let buffer = ByteBuffer(capacity: 1)
    let expected = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    for byte in expected { buffer.append(byte) }
    #expect(Array(buffer.bytes.buffer) == expected)
  }

  @Test func slicesAreComparedByTheirBytes() {
    let text = Array("abcabc".utf8)
    text.withUnsafeBufferPointer { pointer in
      let slice = ByteSlice(pointer)
      #expect(slice[0..<3] == slice[3..<6])
      #expect(slice[0..<3].hashValue == slice[3..<6].hashValue)
      #expect(slice[0..<2] != slice[3..<6])
      #expect(slice[1] == UInt8(ascii: "b"))
      #expect(slice.hasPrefix("abca") && !slice.hasPrefix("b") && !slice[0..<1].hasPrefix("ab"))
      #expect(slice[2..<2].isEmpty && slice[2..<2] == ByteSlice.empty && slice[2..<2] == "")
      #expect(slice == "abcabc" && slice == String(decoding: text, as: UTF8.self))
    }
  }

  @Test func damagedTextIsRepaired() {
    let bytes: [UInt8] = [0x61, 0xff, 0x62]
    #expect(bytes.withUnsafeBufferPointer { ByteSlice($0).string() } == "a\u{fffd}b")
  }

  @Test func `the last place of a byte is found wherever it is`() {
    for count in 0...40 {
      for place in -1..<count {
        // Neighbours that differ in one bit, and what comes before does not count.
        var bytes = [UInt8](repeating: 0x7a, count: count)
        if place >= 0 { bytes[place] = 0x7b }
        if place > 3 { bytes[place - 3] = 0x7b }
        let found = bytes.withUnsafeBufferPointer { ByteSlice($0).lastIndex(of: 0x7b) }
        #expect(found == (place >= 0 ? place : nil))
      }
    }
    #expect(ByteSlice.empty.lastIndex(of: 0) == nil)
  }

  @Test func `slices of any length are the same if each byte is, wherever they lie`() {
    for count in 0...70 {
      // Behind a start of odd length, and before bytes that differ.
      let one: [UInt8] = [1, 2, 3] + (0..<count).map { UInt8(truncatingIfNeeded: 7 &* $0 &+ 1) } + [0xAA, 0xAA]
      var other: [UInt8] = [9] + one[3..<3 + count] + [0xBB, 0xBB]
      func areSame() -> Bool {
        one.withUnsafeBytes { one in
          other.withUnsafeBytes { ByteSlice(one)[3..<3 + count] == ByteSlice($0)[1..<1 + count] }
        }
      }
      #expect(areSame())
      for place in 1..<1 + count {
        for bit in [0x01, 0x80] as [UInt8] {
          other[place] ^= bit
          #expect(!areSame(), "byte \(place - 1) of \(count)")
          other[place] ^= bit
        }
      }
    }
  }
}
