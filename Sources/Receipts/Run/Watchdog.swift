import Glibc
import Synchronization

/// Ends the process when code of a library does not end that can neither be stopped nor count its steps.
///
/// A thread of its own looks at the processor time of the threads that run such code. Nothing that is published is ever
/// half written, so that the end of the process is safe at any time; it exits with 65, the code for data.
package enum Watchdog {
  private struct Run {
    var clock: clockid_t
    /// The processor time at which the run has used up its share, in seconds.
    var deadline: Double
    /// The whole error text.
    var message: String
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
  ///   - message: what was going on, and what to do: whole lines.
  /// - Returns: what `end` is to be told.
  package static func begin(limit: Double, message: String) -> Int {
    var clock = clockid_t()
    pthread_getcpuclockid(pthread_self(), &clock)
    let run = Run(clock: clock, deadline: seconds(clock) + limit, message: "distill-make: \(message)\n")
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
      usleep(200_000)
      // The lock is held while a clock is read: a run that has ended may take its thread, and the clock, with it.
      state.withLock { state in
        for run in state.runs.values where seconds(run.clock) > run.deadline {
          let text = Array(run.message.utf8)
          _ = text.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress!, $0.count) }
          _exit(65)
        }
      }
    }
  }
}
