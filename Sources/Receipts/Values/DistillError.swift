/// How a command ends, as the shell sees it. The numbers follow `sysexits.h` where it has one.
public enum ExitCode: Int32, Sendable {
  /// A check failed: validation, audit, verify.
  case checkFailed = 1
  case usage = 64
  /// The configuration or the data can't be used.
  case data = 65
  /// A fault of this program.
  case internalFault = 70
  case cannotWrite = 73
  case inputOutput = 74
  /// Another build holds the workspace.
  case locked = 75
}

/// A failure for the person at the terminal: what happened, where, what was expected, what to do.
public struct DistillError: Error, Sendable, Equatable {
  public var code: ExitCode
  /// What happened, one sentence without a full stop.
  public var message: String
  /// Where: `distill.yaml:12:5` or a path; nil where the message says it all.
  public var place: String?
  /// What to do, one sentence; nil where that is plain.
  public var hint: String?

  public init(_ code: ExitCode, _ message: String, place: String? = nil, hint: String? = nil) {
    self.code = code
    self.message = message
    self.place = place
    self.hint = hint
  }
}

extension DistillError: CustomStringConvertible {
  /// `place: message (hint)`, as it is printed behind `distill-make: `.
  public var description: String {
    (place.map { "\($0): " } ?? "") + message + (hint.map { "\n  \($0)" } ?? "")
  }
}
