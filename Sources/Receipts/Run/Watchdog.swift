import Glibc
import Synchronization

/// Ends the process when code of a library does not end, or takes memory without end, that can neither be stopped nor
/// count its steps.
///
/// A thread of its own looks at the processor time of the threads that run such code, and at the memory of the process,
/// which can't be told by threads. Nothing that is published is ever half written, so that the end of the process is
/// safe at any time; it exits with 65, the code for data.
package enum Watchdog {
  /// What a run has more of than it may.
  package enum Excess: Sendable { case time, memory }

  private struct Run {
    var clock: clockid_t
    /// The processor time of the thread when the run began, and at which it has used up its share, in seconds.
    var start: Double
    var deadline: Double
    /// Bytes by which the process may grow.
    var memoryLimit: Int
    /// The least memory of the process that was seen since.
    var memoryBefore: Int?
    var message: @Sendable (Excess) -> String
  }

  private struct State {
    var runs: [Int: Run] = [:]
    var nextNumber = 0
    var isWatching = false
  }

  private static let state = Mutex(State())

  /// Begins to watch the calling thread.
  ///
  /// - Parameters:
  ///   - limit: seconds of processor time, in all code that it runs until `end`.
  ///   - memoryLimit: bytes by which the process may grow meanwhile. Of several runs the one is blamed that took most
  ///     time.
  ///   - message: what was going on, and what to do: whole lines.
  /// - Returns: what `end` is to be told.
  package static func begin(
    limit: Double, memoryLimit: Int = .max, message: @escaping @Sendable (Excess) -> String
  ) -> Int {
    var clock = clockid_t()
    pthread_getcpuclockid(pthread_self(), &clock)
    let start = seconds(clock)
    let run = Run(
      clock: clock, start: start, deadline: start + limit, memoryLimit: memoryLimit, message: message)
    return state.withLock { state in
      if !state.isWatching {
        state.isWatching = true
        startThread()
      }
      state.nextNumber += 1
      state.runs[state.nextNumber] = run
      return state.nextNumber
    }
  }

  package static func end(_ number: Int) {
    state.withLock { _ = $0.runs.removeValue(forKey: number) }
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    guard clock_gettime(clock, &time) == 0 else { return 0 }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func startThread() {
    var thread = pthread_t()
    let status = pthread_create(&thread, nil, { _ in Watchdog.watch() }, nil)
    if status == 0 { pthread_detach(thread) }
  }

  private static func watch() -> Never {
    while true {
      usleep(50_000)
      // The lock is held while a clock is read: a run that has ended may take its thread, and the clock, with it.
      state.withLock { state in
        for run in state.runs.values where seconds(run.clock) > run.deadline { stop(run, .time) }
        if state.runs.values.contains(where: { $0.memoryLimit < .max }) { lookAtMemory(&state) }
      }
    }
  }

  private static func lookAtMemory(_ state: inout State) {
    guard let used = memory() else { return }
    var blamed: Run?
    for (number, run) in state.runs {
      let before = min(run.memoryBefore ?? used, used)
      state.runs[number]?.memoryBefore = before
      guard used - before > run.memoryLimit else { continue }
      if let other = blamed, seconds(other.clock) - other.start > seconds(run.clock) - run.start { continue }
      blamed = run
    }
    if let blamed { stop(blamed, .memory) }
  }

  /// Bytes of the process in memory, mapped files aside. nil: the kernel does not say.
  private static func memory() -> Int? {
    let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    return withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      let count = read(file, buffer.baseAddress, buffer.count)
      guard count > 0 else { return nil }
      // Pages: all, resident, of these shared, …
      let numbers = String(decoding: buffer[..<count], as: UTF8.self).split(separator: " ").prefix(3).map { Int($0) }
      guard numbers.count == 3, let resident = numbers[1], let shared = numbers[2] else { return nil }
      return (resident - shared) * sysconf(Int32(_SC_PAGESIZE))
    }
  }

  private static func stop(_ run: Run, _ excess: Excess) -> Never {
    let text = Array("distill-make: \(run.message(excess))\n".utf8)
    _ = text.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress!, $0.count) }
    _exit(65)
  }
}
