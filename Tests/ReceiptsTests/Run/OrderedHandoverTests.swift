import Glibc
import Synchronization
import Testing

@testable import Receipts

@Suite("Handing over in order")
struct OrderedHandoverTests {
  private struct Failure: Error, Equatable { var number: Int }

  @Test("things are taken in the order of their numbers, one at a time, whatever order they come in", arguments: 1...4)
  func order(jobs: Int) throws {
    let taken = Mutex<[Int]>([])
    let isBusy = Atomic<Bool>(false)
    let handover = OrderedHandover<Int>(room: jobs) { number, item in
      let wasBusy = isBusy.exchange(true, ordering: .sequentiallyConsistent)
      #expect(!wasBusy)
      #expect(item == number * 10)
      taken.withLock { $0.append(number) }
      isBusy.store(false, ordering: .sequentiallyConsistent)
    }
    _ = try parallelMap(Array(0..<300), jobs: jobs) { number, _ in
      usleep(UInt32.random(in: 0...200))
      try handover.hand(number, number * 10)
    }
    #expect(taken.withLock { $0 } == Array(0..<300))
  }

  @Test("what the taker throws ends all, and is what is told")
  func takerFails() {
    let handover = OrderedHandover<Int>(room: 2) { number, _ in
      if number == 50 { throw Failure(number: 50) }
    }
    #expect(throws: Failure(number: 50)) {
      _ = try parallelMap(Array(0..<300), jobs: 4) { number, item in try handover.hand(number, item) }
    }
  }

  @Test("who waits for a number that never comes is told why")
  func numberNeverComes() {
    let handover = OrderedHandover<Int>(room: 1) { _, _ in }
    #expect(throws: Failure(number: 0)) {
      _ = try parallelMap(Array(0..<20), jobs: 4) { number, item in
        do {
          if number == 0 {
            usleep(20_000)
            throw Failure(number: 0)
          }
          try handover.hand(number, item)
        } catch {
          handover.fail(error)
          throw error
        }
      }
    }
  }
}
