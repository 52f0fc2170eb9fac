import Glibc
import Receipts
import Synchronization

/// On a terminal one line that is drawn anew ten times a second; else a line for each stage that runs.
final class ConsoleProgress: Progress {
  private struct State {
    var stage: StageName?
    var planned = 0
    var done = 0
    var started: UInt64 = 0
    var isEnded = false
    var isDrawn = false
  }

  private let state = Mutex(State())
  private let isLive: Bool
  private let isQuiet: Bool
  private let clock = SystemClock()

  init(quiet: Bool) {
    isQuiet = quiet
    isLive = !quiet && Terminal.errorIsTerminal
    if isLive { draw() }
  }

  func stageBegan(_ stage: StageName) {
    state.withLock {
      $0.stage = stage
      $0.planned = 0
      $0.done = 0
      $0.started = clock.monotonicNanoseconds()
    }
  }

  func stageRuns(_ stage: StageName) {
    if !isLive && !isQuiet { Terminal.say("\(stage): building") }
  }

  func planned(bytes: Int) { state.withLock { $0.planned += bytes } }

  func advanced(bytes: Int) { state.withLock { $0.done += bytes } }

  func stageEnded(_ stage: StageName) { clear() }

  func end() {
    state.withLock { $0.isEnded = true }
    clear()
  }

  private func clear() {
    state.withLock {
      $0.stage = nil
      if $0.isDrawn { Terminal.draw("\r\u{1B}[K") }
      $0.isDrawn = false
    }
  }

  private func draw() {
    let thread = Unmanaged.passRetained(self)
    var identifier = pthread_t()
    let failure = pthread_create(
      &identifier, nil,
      { argument in
        let progress = Unmanaged<ConsoleProgress>.fromOpaque(argument!).takeRetainedValue()
        while progress.drawOnce() { usleep(100_000) }
        return nil
      }, thread.toOpaque())
    if failure == 0 { pthread_detach(identifier) } else { thread.release() }
  }

  private func drawOnce() -> Bool {
    state.withLock { state in
      guard !state.isEnded else { return false }
      guard let stage = state.stage else { return true }
      let seconds = Double(clock.monotonicNanoseconds() - state.started) / 1e9
      // A stage that has nothing to do is over before anyone could read of it.
      guard seconds > 0.15 else { return true }
      let rate = seconds > 0 ? Double(state.done) / seconds : 0
      var line = "\(stage)  \(Quantity.bytes(state.done))"
      if state.planned > state.done { line += " of \(Quantity.bytes(state.planned))" }
      line += "  \(Quantity.bytes(Int(rate)))/s"
      if state.planned > state.done, rate > 0 {
        line += "  \(Quantity.seconds(Double(state.planned - state.done) / rate)) left"
      }
      Terminal.draw("\r\u{1B}[K\(line.prefix(Terminal.errorWidth - 1))")
      state.isDrawn = true
      return true
    }
  }
}

/// Quantities for people.
enum Quantity {
  /// 12,345
  static func count(_ number: Int64) -> String {
    var digits = String(number.magnitude)
    var end = digits.count - 3
    while end > 0 {
      digits.insert(",", at: digits.index(digits.startIndex, offsetBy: end))
      end -= 3
    }
    return number < 0 ? "-" + digits : digits
  }

  /// 12 files
  static func files(_ number: Int) -> String { "\(count(Int64(number))) \(number == 1 ? "file" : "files")" }

  /// Decimal units: 1.5 MB.
  static func bytes(_ count: Int) -> String {
    var value = Double(count)
    for unit in ["B", "kB", "MB", "GB"] {
      if value < 1000 { return unit == "B" ? "\(count) B" : "\(oneDigit(value)) \(unit)" }
      value /= 1000
    }
    return "\(oneDigit(value)) TB"
  }

  /// Of a whole number with B, kB, MB, GB or TB behind it; nil: something else.
  static func parse(bytes text: String) -> Int64? {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    let units: [String: Int64] = [
      "": 1, "b": 1, "kb": 1000, "mb": 1_000_000, "gb": 1_000_000_000, "tb": 1_000_000_000_000,
    ]
    let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
    guard let number = Int64(digits), let factor = units[unit] else { return nil }
    let (product, overflow) = number.multipliedReportingOverflow(by: factor)
    return overflow ? nil : product
  }

  static func seconds(_ seconds: Double) -> String {
    if seconds < 1 { return "\(Int((seconds * 1000).rounded())) ms" }
    if seconds < 60 { return "\(oneDigit(seconds)) s" }
    return "\(Int(seconds) / 60) min \(Int(seconds) % 60) s"
  }

  private static func oneDigit(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
