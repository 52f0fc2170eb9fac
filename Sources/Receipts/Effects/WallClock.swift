import Glibc

/// What the program may know of time, and how it waits.
public protocol WallClock: Sendable {
  func now() -> Timestamp
  /// Counts from an unknown start and never goes back: for durations.
  func monotonicNanoseconds() -> UInt64
  /// Returns when that much time has passed, also when signals come in between.
  func sleep(nanoseconds: UInt64)
}

/// The clock of the operating system.
public struct SystemClock: WallClock {
  public init() {}

  public func now() -> Timestamp {
    let time = Self.read(CLOCK_REALTIME)
    guard let now = Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int32(time.tv_nsec)) else {
      preconditionFailure("the system's clock is past the year 9999")
    }
    return now
  }

  public func monotonicNanoseconds() -> UInt64 {
    let time = Self.read(CLOCK_MONOTONIC)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  public func sleep(nanoseconds: UInt64) {
    var left = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    while true {
      var rest = timespec()
      guard nanosleep(&left, &rest) != 0 && errno == EINTR else { return }
      left = rest
    }
  }

  private static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    let result = clock_gettime(clock, &time)
    precondition(result == 0, "the system has no clock")
    return time
  }
}

extension Timestamp {
  /// Since 1970, as file times are given. nil: past the years that fit, 1678 to 2262.
  var nanosecondsSince1970: Int64? {
    let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, sumOverflow) = whole.addingReportingOverflow(Int64(nanoseconds))
    return overflow || sumOverflow ? nil : sum
  }
}
