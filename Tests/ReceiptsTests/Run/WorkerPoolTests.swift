import Synchronization
import Testing

@testable import Receipts

@Suite("parallelMap")
struct WorkerPoolTests {
  struct Failure: Error, Equatable { var index: Int }

  @Test("results come in the order of the items", arguments: [0, 1, 2, 7, 64])
  func order(jobs: Int) throws {
    let items = Array(0..<1000)
    let results = try parallelMap(items, jobs: jobs) { index, item in "\(index):\(item * 2)" }
    #expect(results == items.map { "\($0):\($0 * 2)" })
    #expect(try parallelMap([Int](), jobs: jobs) { _, item in item }.isEmpty)
  }

  @Test("runs of items keep their indices and their order", arguments: [0, 1, 2, 7])
  func runs(jobs: Int) throws {
    let items = Array(0..<1000)
    let results = try parallelMap(items, inRunsOf: 64, jobs: jobs) { run in run.indices.map { $0 + run[$0] } }
    #expect(results.flatMap { $0 } == items.map { $0 * 2 })
    #expect(results.allSatisfy { jobs < 2 || $0.count <= 64 })
    #expect(try parallelMap([Int](), inRunsOf: 64, jobs: jobs) { $0.count } == [0])
  }

  @Test("a result may itself be nil")
  func optionals() throws {
    #expect(try parallelMap([1, 2, 3], jobs: 2) { _, item in item == 2 ? nil : item } == [1, nil, 3])
  }

  @Test("of the items that failed the first one's error is thrown, and no further item begins")
  func errors() throws {
    let begun = Atomic<Int>(0)
    #expect(throws: Failure(index: 3)) {
      try parallelMap(Array(0..<1000), jobs: 1) { index, _ in
        begun.add(1, ordering: .relaxed)
        if index == 3 { throw Failure(index: index) }
      }
    }
    #expect(begun.load(ordering: .relaxed) == 4)
    // Both run at once, and the second fails first.
    let secondFailed = Atomic<Bool>(false)
    #expect(throws: Failure(index: 0)) {
      try parallelMap([0, 1], jobs: 2) { index, _ in
        while index == 0 && !secondFailed.load(ordering: .acquiring) {}
        defer { if index == 1 { secondFailed.store(true, ordering: .releasing) } }
        throw Failure(index: index)
      }
    }
  }

  @Test("bodies may use a deep stack, and may start further work")
  func stack() throws {
    // 10 MiB, where threads often have no more than that.
    let results = try parallelMap([2500, 2500], jobs: 2) { _, levels in
      try parallelMap([levels], jobs: 1) { _, levels in depth(levels) == levels }
    }
    #expect(results == [[true], [true]])
  }
}

/// `levels`, each with 4 KiB on the stack.
private func depth(_ levels: Int) -> Int {
  withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { room in
    room[0] = 1
    return levels == 0 ? 0 : depth(levels - 1) + Int(room[0])
  }
}
