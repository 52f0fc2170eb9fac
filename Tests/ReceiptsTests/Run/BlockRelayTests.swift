import Testing

@testable import Receipts

@Suite("Blocks that are copied and hashed at the same time")
struct BlockRelayTests {
  private struct Refused: Error {}

  private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 5) } }

  @Test(
    "what is read is written and hashed, in order", arguments: [0, 1, 1000, 262_144, 262_145, 5_000_001], [true, false])
  func copies(count: Int, isHelped: Bool) throws {
    let source = bytes(count)
    var written: [UInt8] = []
    let sha256 = SHA256()
    sha256.update("before")
    for _ in 0..<2 {
      try BlockRelay(hashingInto: sha256).copy(
        byteCount: count, isHelped: isHelped,
        read: { block, offset in block.copyBytes(from: source[offset..<offset + block.count]) },
        write: { written += $0 })
    }
    #expect(written == source + source)
    #expect(sha256.finish() == Digest.of(Array("before".utf8) + source + source))
  }

  @Test("an error of the reader or the writer ends both threads", arguments: [true, false])
  func errors(isHelped: Bool) {
    for failing in [0, 1, 7, 19] {
      for isReader in [true, false] {
        var calls = 0
        func call() throws {
          calls += 1
          if calls > failing { throw Refused() }
        }
        #expect(throws: Refused.self) {
          try BlockRelay(hashingInto: SHA256()).copy(
            byteCount: 6_000_000, isHelped: isHelped,
            read: { block, _ in
              block.initializeMemory(as: UInt8.self, repeating: 1)
              if isReader { try call() }
            }, write: { _ in if !isReader { try call() } })
        }
      }
    }
  }
}
