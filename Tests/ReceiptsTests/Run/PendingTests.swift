import Synchronization
import Testing

@testable import Receipts

@Suite("A value worked out beside")
struct PendingTests {
  private struct Failure: Error, Equatable {}

  @Test("is there for all who want it, and worked out once")
  func once() throws {
    let count = Atomic(0)
    let pending = Pending { count.add(1, ordering: .relaxed).newValue }
    let values = try parallelMap(Array(0..<20), jobs: 4) { _, _ in try pending.get() }
    #expect(values == Array(repeating: 1, count: 20))
    #expect(try Pending("known").get() == "known")
  }

  @Test("that can't be worked out is told to all who want it")
  func failure() {
    let pending = Pending<Int> { throw Failure() }
    for _ in 0..<3 { #expect(throws: Failure()) { try pending.get() } }
  }

  @Test("that nobody wants ends with its owner")
  func unwanted() {
    let isDone = Atomic(false)
    do { _ = Pending { isDone.store(true, ordering: .releasing) } }
    let wasDone = isDone.load(ordering: .acquiring)
    #expect(wasDone)
  }
}
