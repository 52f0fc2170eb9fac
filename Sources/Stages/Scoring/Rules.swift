import Receipts

/// The scoring rules. The first that holds decides. No model is asked: the same facts give the same category.
enum Rule {
  static let version: Int64 = 1

  static func decide(_ facts: RunFacts) -> Decision {
    humanOverride(facts) ?? verdictConflict(facts) ?? notJudged(facts) ?? verdict(facts) ?? score(facts)
      ?? groundedFraction(facts) ?? parent(facts) ?? noVerdict
  }

  // MARK: The rules

  /// 1. The latest word of a human, by (time, file, place); a word without a time is the earliest.
  private static func humanOverride(_ facts: RunFacts) -> Decision? {
    if facts.judgements.isEmpty {
      return facts.humanOverride.map { Decision($0, .humanOverride, ["own: \($0.rawValue)"]) }
    }
    typealias Place = (time: Bool, seconds: Int64, nanoseconds: Int64, file: String, line: Int64)
    var latest: (Decision, Place)?
    func consider(
      _ category: Category?, _ time: Timestamp?, _ file: String, _ line: Int64, _ decider: Decision.Decider,
      _ label: String
    ) {
      guard let category else { return }
      let place: Place = (time != nil, time?.seconds ?? 0, Int64(time?.nanoseconds ?? 0), file, line)
      if let (_, known) = latest, !isLater(place, known) { return }
      latest = (Decision(category, .humanOverride, ["\(label): \(category.rawValue)"], decider: decider), place)
    }
    func isLater(_ left: Place, _ right: Place) -> Bool {
      if left.time != right.time { return left.time }
      if left.seconds != right.seconds { return left.seconds > right.seconds }
      if left.nanoseconds != right.nanoseconds { return left.nanoseconds > right.nanoseconds }
      if left.file != right.file { return !left.file.utf8.lexicographicallyPrecedes(right.file.utf8) }
      return left.line > right.line
    }
    consider(facts.humanOverride, facts.timestamp, facts.sourceFile, facts.line, .run, "own")
    for (index, judgement) in facts.judgements.enumerated() {
      consider(
        judgement.humanOverride, judgement.timestamp, judgement.sourceFile, judgement.line, .judgement(index),
        judgement.label)
    }
    return latest?.0
  }

  /// 2. The verdicts known about the run differ; `skipped` and null are none.
  private static func verdictConflict(_ facts: RunFacts) -> Decision? {
    // A verdict alone conflicts with nothing.
    if facts.otherVerdicts.isEmpty, facts.judgements.isEmpty { return nil }
    var known: [(verdict: Verdict, fact: String)] = []
    if let verdict = facts.verdict { known.append((verdict, "own: \(verdict.rawValue)")) }
    for verdict in facts.otherVerdicts { known.append((verdict, "duplicate: \(verdict.rawValue)")) }
    for judgement in facts.judgements {
      if let verdict = judgement.verdict { known.append((verdict, "\(judgement.label): \(verdict.rawValue)")) }
      for verdict in judgement.otherVerdicts {
        known.append((verdict, "duplicate of \(judgement.label): \(verdict.rawValue)"))
      }
    }
    known.removeAll { $0.verdict == .skipped }
    // A verdict that only a dropped duplicate has differs from none: the run that stayed was not judged alike.
    let isOnlyOthers = facts.verdict?.category == nil && firstJudgement(facts) == nil && !known.isEmpty
    guard Set(known.map(\.verdict)).count > 1 || isOnlyOthers else { return nil }
    return Decision(.needsHumanReview, .verdictConflict, known.map(\.fact), decider: .nobody)
  }

  /// 3. A run that was skipped and that nobody judged is never rejected.
  private static func notJudged(_ facts: RunFacts) -> Decision? {
    guard facts.verdict == .skipped, firstJudgement(facts) == nil else { return nil }
    return Decision(.needsHumanReview, .notJudged, .ownVerdict(.skipped), decider: .nobody)
  }

  /// 4. A verdict: the run's own, or the judgements', which agree after rule 2.
  private static func verdict(_ facts: RunFacts) -> Decision? {
    if let verdict = facts.verdict, let category = verdict.category {
      return Decision(category, .verdict, .ownVerdict(verdict))
    }
    guard let (index, category) = firstJudgement(facts) else { return nil }
    let judgement = facts.judgements[index]
    return Decision(
      category, .verdict, ["\(judgement.label): \(category.rawValue)"], decider: .judgement(index))
  }

  /// 5. A score, where its source has thresholds for it.
  private static func score(_ facts: RunFacts) -> Decision? {
    guard let cut = facts.thresholds.score, let score = facts.score else { return nil }
    return byThreshold(score, cut, .score)
  }

  /// 6. The grounded fraction, likewise.
  private static func groundedFraction(_ facts: RunFacts) -> Decision? {
    guard let cut = facts.thresholds.groundedFraction, let fraction = facts.groundedFraction else { return nil }
    return byThreshold(fraction, cut, .groundedFraction)
  }

  /// 7. An extraction is worth what the runs are worth that it was distilled from, if they agree.
  private static func parent(_ facts: RunFacts) -> Decision? {
    guard facts.isExtraction else { return nil }
    guard let parents = facts.parents, let first = parents.categories.first else {
      return Decision(.needsHumanReview, .noParent, .nothing, decider: .nobody)
    }
    let words = parents.categories.map(\.rawValue).joined(separator: ", ")
    let fact = "\(parents.count) \(parents.count == 1 ? "run" : "runs"): \(words)"
    if parents.categories.count > 1 { return Decision(.needsHumanReview, .parentsDisagree, [fact], decider: .nobody) }
    return Decision(first, .parent, [fact], decider: .nobody)
  }

  /// 8. Nothing is known.
  private static let noVerdict = Decision(.needsHumanReview, .noVerdict, .nothing, decider: .nobody)

  // MARK: Their means

  private static func firstJudgement(_ facts: RunFacts) -> (Int, Category)? {
    for (index, judgement) in facts.judgements.enumerated() {
      if let category = judgement.verdict?.category { return (index, category) }
    }
    return nil
  }

  private static func byThreshold(_ value: Double, _ cut: Thresholds.Cut, _ rule: RuleID) -> Decision {
    if value >= cut.acceptAt { return Decision(.accepted, rule, .atLeast(value, cut.acceptAt)) }
    if let partial = cut.partialAt, value >= partial {
      return Decision(.partiallyAccepted, rule, .atLeast(value, partial))
    }
    return Decision(.rejected, rule, .below(value, cut.partialAt ?? cut.acceptAt))
  }
}

extension Verdict {
  /// nil: `skipped` is no verdict.
  var category: Category? {
    switch self {
    case .accepted: .accepted
    case .partiallyAccepted: .partiallyAccepted
    case .rejected: .rejected
    case .skipped: nil
    }
  }
}
