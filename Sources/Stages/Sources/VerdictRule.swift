import JSONTape

/// What a rule of `verdict` says of a run.
public enum Verdict: String, Sendable, CaseIterable {
  case accepted
  case partiallyAccepted = "partially_accepted"
  case rejected
  case skipped
}

/// `{when: {…}, is: …}` or `{otherwise: …}` (no conditions). The first that holds decides; `skipped` ones are tried
/// first.
public struct VerdictRule: Sendable, Hashable {
  public var conditions: [Condition]
  public var verdict: Verdict

  public init(conditions: [Condition], verdict: Verdict) {
    self.conditions = conditions
    self.verdict = verdict
  }
}

/// A pointer and what must hold of what it finds. Types are strict: `true` is not `"true"`; numbers compare by value.
public struct Condition: Sendable, Hashable {
  public enum Test: Sendable, Hashable {
    case equals(JSON)
    case oneOf([JSON])
    case atLeast(Double)
    case below(Double)
    /// There and not null.
    case present(Bool)
    /// Of all that a pointer with `*` finds; false where it finds nothing.
    case every(JSON)
    case any(JSON)
  }
  public var reference: PointerReference
  public var test: Test

  public init(reference: PointerReference, test: Test) {
    self.reference = reference
    self.test = test
  }
}
