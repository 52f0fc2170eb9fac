import StagesTesting
import Testing

@testable import Stages

@Suite struct HashSet128Tests {
  @Test func `it holds what a set holds, also zero, and keys that differ in one half or begin alike`() {
    var random = SeededGenerator(seed: 3)
    var expected: Set<[UInt64]> = []
    var keys = HashSet128()
    for number in 0..<20_000 {
      let key =
        switch number % 4 {
        case 0: Hash128(high: random.next() % 3000, low: 0)
        case 1: Hash128(high: 7, low: random.next() % 500)
        case 2: Hash128(high: random.next() & 3 << 62 | random.next() % 50, low: random.next() % 50)
        default: Hash128(high: random.next() % 100 << 40, low: 1)
        }
      let parts = [key.high, key.low]
      #expect(keys.contains(key) == expected.contains(parts))
      #expect(keys.insert(key) == expected.insert(parts).inserted)
      #expect(keys.contains(key))
    }
    #expect(keys.count == expected.count && expected.contains([0, 0]))
  }
}
