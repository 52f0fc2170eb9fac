import JSONTape
import Testing

@Suite struct TextRunTests {
  private func slice<R>(_ bytes: [UInt8], _ body: (ByteSlice) -> R) -> R {
    bytes.withUnsafeBytes { body(ByteSlice($0)) }
  }

  /// Byte by byte.
  private func foldedRun(_ bytes: [UInt8], from start: Int) -> Int {
    func stands(_ index: Int) -> Bool { index < bytes.count && bytes[index] > 0x20 && bytes[index] < 0x80 }
    var index = start
    while index < bytes.count, stands(index) || (bytes[index] == 0x20 && stands(index + 1)) { index += 1 }
    return index
  }

  @Test func `runs end where they end byte by byte, wherever in a block that is`() {
    for length in [0, 1, 15, 16, 17, 18, 33, 50] {
      for place in 0..<max(1, length) {
        for byte in [0x20, 0x00, 0x0A, 0x1F, 0x7F, 0x80, 0xC2, 0xFF, 0x21] as [UInt8] {
          var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: length)
          if length > 0 { bytes[place] = byte }
          for second in [place, place + 1] where second < length && second != place { bytes[second] = 0x20 }
          for start in [0, place, length] {
            #expect(slice(bytes) { $0.endOfFoldedRun(from: start) } == foldedRun(bytes, from: start))
            let end = bytes[start...].firstIndex { $0 >= 0x80 } ?? length
            #expect(slice(bytes) { $0.endOfASCIIRun(from: start) } == end)
          }
        }
      }
    }
  }

  @Test func `lower-case hex is told from everything else, wherever that stands`() {
    for length in [0, 1, 16, 31, 64, 100] {
      var bytes = (0..<length).map { Array("0123456789abcdef".utf8)[$0 % 16] }
      #expect(slice(bytes) { $0.isLowerHex })
      for place in 0..<length {
        let kept = bytes[place]
        for byte in [0x2F, 0x3A, 0x41, 0x46, 0x60, 0x67, 0x00, 0xB0, 0xE1] as [UInt8] {
          bytes[place] = byte
          #expect(!slice(bytes) { $0.isLowerHex }, "\(byte) at \(place)")
        }
        bytes[place] = kept
      }
    }
  }
}
