import Receipts
import ReceiptsTesting
import Testing

@Suite("WallClock")
struct WallClockTests {
  @Test("the system's clock goes on, and a sleep is as long as asked for")
  func system() throws {
    let clock = SystemClock()
    let start = clock.monotonicNanoseconds()
    clock.sleep(nanoseconds: 2_000_000)
    #expect(clock.monotonicNanoseconds() - start >= 2_000_000)
    #expect(clock.now() > (try #require(Timestamp(seconds: 1_700_000_000, nanoseconds: 0))))
  }

  @Test("a manual clock moves when it is told to, and in sleeps")
  func manual() {
    let clock = ManualClock()
    #expect(clock.now().text == "2026-04-26T08:00:00Z")
    clock.advance(seconds: 2)
    clock.sleep(nanoseconds: 5)
    #expect(clock.now().text == "2026-04-26T08:00:02.000000005Z")
    #expect(clock.sleeps == [5])
  }
}
