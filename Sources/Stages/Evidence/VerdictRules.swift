import JSONTape

/// The rules of a part's `verdict`, in the order in which they are tried: those that say `skipped` first.
final class VerdictRules {
  private struct Rule {
    var conditions: [CompiledCondition]
    var verdict: Verdict
  }

  private let rules: [Rule]

  init(_ rules: [VerdictRule]) {
    let ordered = rules.filter { $0.verdict == .skipped } + rules.filter { $0.verdict != .skipped }
    self.rules = ordered.map { Rule(conditions: $0.conditions.map(CompiledCondition.init), verdict: $0.verdict) }
  }

  var isEmpty: Bool { rules.isEmpty }

  var pointers: [CompiledPointer] { rules.flatMap { $0.conditions.map(\.pointer) } }

  /// The verdict of the first rule whose conditions all hold; nil: none does.
  func verdict(in scope: RecordScope) -> Verdict? {
    rules.first { rule in rule.conditions.allSatisfy { $0.holds(in: scope) } }?.verdict
  }
}
