import Stages

/// Counts runs that are alike in all that the books ask for: few kinds, so that a run costs no look-up of a text.
struct RunTally {
  /// The first run of each kind stands for all.
  private(set) var entries: [(run: EvidenceRun, count: Int64)] = []

  mutating func add(_ run: EvidenceRun) {
    for place in entries.indices {
      let first = entries[place].run
      guard first.category == run.category, first.rule == run.rule, first.source == run.source, first.judge == run.judge
      else { continue }
      entries[place].count += 1
      return
    }
    entries.append((run, 1))
  }
}
