import Receipts
import Synchronization

/// A clock that stands still until it is told to move; a sleep moves it.
public final class ManualClock: WallClock {
  private let state: Mutex<(sinceStart: UInt64, slept: [UInt64])> = Mutex((0, []))
  private let start: Int64

  /// - Parameter start: seconds since 1970; by default 2026-04-26T08:00:00Z.
  public init(start: Int64 = 1_777_190_400) {
    self.start = start
  }

  /// Another clock that shows the same time.
  public func copy() -> ManualClock {
    let copy = ManualClock(start: start)
    copy.advance(nanoseconds: monotonicNanoseconds())
    return copy
  }

  public func advance(nanoseconds: UInt64) {
    state.withLock { $0.sinceStart += nanoseconds }
  }

  public func advance(seconds: UInt64) { advance(nanoseconds: seconds * 1_000_000_000) }

  /// The lengths of all sleeps so far, in nanoseconds.
  public var sleeps: [UInt64] { state.withLock { $0.slept } }

  public func now() -> Timestamp {
    let sinceStart = monotonicNanoseconds()
    return Timestamp(
      seconds: start + Int64(sinceStart / 1_000_000_000), nanoseconds: Int32(sinceStart % 1_000_000_000))!
  }

  public func monotonicNanoseconds() -> UInt64 { state.withLock { $0.sinceStart } }

  public func sleep(nanoseconds: UInt64) {
    state.withLock {
      $0.sinceStart += nanoseconds
      $0.slept.append(nanoseconds)
    }
  }
}
