@testable import Stages

/// What may be exported, and so must be.
extension FirewallOracle {
  func isHeldOut(_ prompt: Wording) -> Bool { workspace.heldOut.contains { $0.meaning == prompt.meaning } }

  /// Runs and extractions that have something to say, and may be learned from.
  func isUsable(_ run: Run) -> Bool { !run.record.text.isBlank && !isHeldOut(run.record.prompt) }

  func mayBePlaybook(_ run: Run) -> Bool {
    guard isUsable(run) else { return false }
    switch run.category {
    case .accepted, .partiallyAccepted: return true
    case .needsHumanReview: return workspace.exports.includeReview
    case .rejected: return false
    }
  }

  func mayBeSample(_ run: Run) -> Bool {
    guard isUsable(run), !run.record.prompt.isBlank else { return false }
    let judges = workspace.exports.requireJudge
    guard judges.isEmpty || run.judge.map(judges.contains) ?? false else { return false }
    return run.category == .accepted || (run.category == .partiallyAccepted && workspace.exports.includePartial)
  }

  // MARK: Pairs

  /// Runs and comparisons pair within a task and prompt.
  struct Question: Hashable {
    var task: String
    var prompt: Int

    init(_ record: RandomRecord) { (task, prompt) = (record.task, record.prompt.meaning) }
  }

  /// Texts that a task has both accepted and rejected, by meaning.
  func contested(_ task: String) -> Set<Int> { texts(task, .accepted).intersection(rejected(task)) }

  func rejected(_ task: String) -> Set<Int> { texts(task, .rejected) }

  private func texts(_ task: String, _ category: Category) -> Set<Int> {
    let usable = runs.values.filter { $0.record.kind == .run && $0.record.task == task && isUsable($0) }
    return Set(usable.filter { $0.category == category }.map(\.record.text.meaning))
  }

  /// What preference stops: nothing to say, held out, or contested, which only what may stand on a side can be.
  func isStoppedForPairs(_ run: Run) -> Bool {
    guard isUsable(run) else { return true }
    return run.record.kind == .run && run.category != .needsHumanReview
      && contested(run.record.task).contains(run.record.text.meaning)
  }

  func mayBeOnASide(_ run: Run) -> Bool { run.record.kind == .run && !isStoppedForPairs(run) }

  /// true: `a` is better; nil: nobody won.
  func winner(_ comparison: RandomRecord) -> Bool? {
    let (a, b) = (comparison.votes.count { $0 == 1 }, comparison.votes.count { $0 == 2 })
    if a * 2 > comparison.votes.count { return true }
    return b * 2 > comparison.votes.count ? false : nil
  }

  func isStopped(_ comparison: RandomRecord) -> Bool {
    let texts = [comparison.text, comparison.rival]
    guard winner(comparison) != nil else { return false }
    return isHeldOut(comparison.prompt) || texts.contains(where: \.isBlank)
      || texts.contains { contested(comparison.task).contains($0.meaning) }
      || rejected(comparison.task).contains((winner(comparison) == true ? comparison.text : comparison.rival).meaning)
  }

  func mayBePair(_ comparison: RandomRecord) -> Bool {
    winner(comparison) != nil && !isStopped(comparison) && comparison.text.meaning != comparison.rival.meaning
  }

  /// How many pairs each question must have: all that differ in what they say, up to the cap.
  var pairCounts: [Question: Int] {
    var texts: [Question: [Category: Set<Int>]] = [:]
    for run in runs.values where mayBeOnASide(run) {
      texts[Question(run.record), default: [:]][run.category, default: []].insert(run.record.text.meaning)
    }
    var counts = texts.mapValues { sides in
      let accepted = sides[.accepted] ?? []
      let others = sides[.rejected] ?? sides[.partiallyAccepted] ?? []
      return accepted.count * others.count - accepted.intersection(others).count
    }
    for comparison in comparisons.values where mayBePair(comparison) { counts[Question(comparison), default: 0] += 1 }
    return counts.mapValues { min($0, workspace.exports.maxPairsPerTask) }.filter { $0.value > 0 }
  }
}
