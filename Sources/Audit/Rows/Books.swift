import JSONTape
import Receipts
import Stages

/// Compares the counts of a receipt with what the files come to, and its sums with each other.
struct BookCheck {
  let receipt: StageReceipt
  let log: FindingLog

  private var counts: JSON { receipt.receipt.core.recordCounts }

  private func report(_ member: String, _ expected: String, _ found: String) {
    log.add(
      .booksUnbalanced, path: "receipts/\(receipt.stage)/receipt.json", member: "/core/record_counts/\(member)",
      expected: expected, found: found)
  }

  private func number(_ name: String) -> Int64 { counts[name]?.integer ?? 0 }

  private func expect(_ name: String, _ expected: Int64, _ what: String) {
    let found = counts[name] ?? .null
    if found != .integer(expected) { report(name, "\(expected), \(what)", found.canonicalString) }
  }

  private func expect(table name: String, _ expected: [String: Int64], in counts: JSON? = nil, _ what: String) {
    let found = (counts ?? self.counts)[name.split(separator: "/").last.map(String.init) ?? name]?.object ?? [:]
    for (key, value) in found where value != .integer(expected[key] ?? 0) {
      report("\(name)/\(key)", "\(expected[key] ?? 0), \(what)", value.canonicalString)
    }
    for (key, count) in expected.sorted(by: { $0.key < $1.key }) where count > 0 && found[key] == nil {
      report("\(name)/\(key)", "\(count), \(what)", "nothing")
    }
  }

  private func expectSum(_ name: String, _ terms: [String]) {
    let sum = terms.reduce(0) { $0 &+ number($1) }
    if number(name) != sum {
      report(name, "\(sum) = \(terms.joined(separator: " + "))", "\(number(name))")
    }
  }

  // MARK: Stages

  func checkEvidence(_ evidence: EvidenceIndex, _ quarantine: RowCounts) {
    let rows = "rows of the partitions"
    let stopped = "rows of the quarantine"
    let duplicates = quarantine["by_reason", Reason.duplicateID.rawValue]
    expect("written", evidence.counts.total("kind"), rows)
    expect(table: "by_kind", evidence.counts["kind"], rows)
    expect("duplicates", duplicates, stopped)
    expect("quarantined", quarantine.total("by_reason") - duplicates, stopped)
    expect(table: "by_reason", quarantine["by_reason"], stopped)
    expect("pending", Int64(receipt.receipt.core.summary["pending"]?.array?.count ?? 0), "listed in the summary")
    expectSum("read", ["mapped", "mapped_to_nothing", "quarantined", "pending"])
    expectSum("objects", ["written", "duplicates"])
    checkSources(evidence, quarantine)
    let parameters = receipt.receipt.core.parameters["sources"]?.array ?? []
    // Files of look-ups are inputs, too, and no records of theirs are read as evidence.
    if parameters.allSatisfy({ $0["lookups"] == nil }) {
      let read = receipt.receipt.core.inputs.reduce(0) { $0 + Int64($1.recordCount) }
      expect("read", read, "records of the inputs")
    }
  }

  private func checkSources(_ evidence: EvidenceIndex, _ quarantine: RowCounts) {
    let terms = [
      "read", "mapped", "mapped_to_nothing", "quarantined", "pending", "objects", "written", "duplicates",
    ]
    var sums: [String: Int64] = [:]
    for (source, own) in counts["by_source"]?.object ?? [:] {
      for term in terms { sums[term, default: 0] += own[term]?.integer ?? 0 }
      let expected = [
        "written": evidence.counts["source", source],
        "quarantined": quarantine["quarantined/by_source", source],
        "duplicates": quarantine["duplicates/by_source", source],
      ]
      for (term, count) in expected.sorted(by: { $0.key < $1.key }) where own[term] != .integer(count) {
        report("by_source/\(source)/\(term)", "\(count), rows of the files", own[term]?.canonicalString ?? "nothing")
      }
    }
    for term in terms where sums[term, default: 0] != number(term) {
      report(term, "\(sums[term, default: 0]), the sum over the sources", "\(number(term))")
    }
  }

  func checkScore(
    _ evidence: EvidenceIndex, _ scored: ScoredIndex, _ quarantine: RowCounts, _ join: EvidenceJoin.Outcome
  ) {
    expect("evidence", evidence.counts.total("kind"), "rows of the evidence")
    expect("scored", scored.counts.total("by_category"), "rows of the partitions")
    expect("judgements", evidence.counts["kind", RecordKind.verdict.rawValue], "verdicts in the evidence")
    expect("comparisons", evidence.counts["kind", RecordKind.comparison.rawValue], "comparisons in the evidence")
    expect("quarantined", quarantine.total("by_reason"), "rows of the quarantine")
    expect(table: "by_reason", quarantine["by_reason"], "rows of the quarantine")
    for table in ["by_category", "by_rule", "by_judge"] {
      expect(table: table, scored.counts[table], "rows of the partitions")
    }
    let sources = Set(evidence.counts["source"].keys).union((counts["by_source"]?.object ?? [:]).keys)
    for source in sources.sorted() {
      expect(
        table: "by_source/\(source)", scored.counts["by_source/\(source)"], in: counts["by_source"],
        "rows of the partitions")
    }
    expect("judgements_matched", join.matched - join.stale, "judgements about a run with these words")
    expect("judgements_unmatched", join.unmatched + join.stale, "judgements about no run, or other words")
    expect("judgements_stale", join.stale, "judgements about other words of a run")
    expectSum("evidence", ["scored", "judgements", "comparisons", "quarantined"])
  }

  func checkSamples(_ export: RowCounts, _ quarantine: RowCounts, scored: Int64?) {
    expect("exported", export.total("by_category"), "rows of the export")
    expect("quarantined", quarantine.total("by_reason"), "rows of the quarantine")
    expect(table: "by_reason", quarantine["by_reason"], "rows of the quarantine")
    expect(table: "by_category", export["by_category"], "rows of the export")
    expect(table: "by_source", export["by_source"], "rows of the export")
    if let scored { expect("scored", scored, "rows of the scored runs") }
    expectSum("scored", ["exported", "quarantined"])
  }

  /// - Parameter due: nil: what should be there is not known.
  func checkPairs(
    _ export: RowCounts, _ quarantine: RowCounts, scored: Int64?, comparisons: Int64?, _ due: DueRows?
  ) {
    expect("exported", export.total("by_preference"), "rows of the export")
    expect(table: "by_preference", export["by_preference"], "rows of the export")
    expect(table: "by_reason", quarantine["by_reason"], "rows of the quarantine")
    expect("quarantined", quarantine["by_subject", "run"], "runs in the quarantine")
    expect("pairs_quarantined", quarantine["by_subject", "pair"], "pairs in the quarantine")
    expect("comparisons_quarantined", quarantine["by_subject", "comparison"], "comparisons in the quarantine")
    if let scored { expect("scored", scored, "rows of the scored runs") }
    if let comparisons { expect("comparisons", comparisons, "comparisons in the evidence") }
    if let due, let plan = due.plan {
      let rule = "by the rule that pairs"
      expect("quarantined", due.stoppedRuns + plan.counts.contested, rule)
      expect("not_candidate", plan.counts.notCandidate, rule)
      expect("without_partner", plan.counts.withoutPartner, rule)
      expect("used", plan.counts.used, rule)
      expect("over_cap", plan.counts.overCap, rule)
      expect("pairs_quarantined", plan.counts.stoppedPairs, rule)
      expect("comparisons_without_winner", due.comparisonsWithoutWinner, rule)
      expect("comparisons_quarantined", due.stoppedComparisons + plan.counts.contestedComparisons, rule)
      expect("comparisons_over_cap", plan.counts.comparisonsOverCap, rule)
    }
    expectSum("scored", ["quarantined", "not_candidate", "without_partner", "used", "over_cap"])
  }
}
