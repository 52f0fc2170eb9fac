import JSONTape
import Receipts
import Stages

/// What the scored partitions say, run for run.
struct ScoredIndex: Sendable {
  /// Runs that have the row that they should have.
  var agreeing: [Int32] = []
  /// What the others' rows say.
  var categories: [Int: Category] = [:]
  var counts = RowCounts()
  /// Whether each run has a row.
  private(set) var isScored: [Bool] = []

  /// What the row of a run says; nil: it has none.
  func category(of run: Int, _ index: EvidenceIndex) -> Category? {
    guard isScored[run] else { return nil }
    return categories.isEmpty ? index.runs[run].category : categories[run] ?? index.runs[run].category
  }

  /// Has each run the row that it should have?
  func isAgreeing(runs: Int) -> Bool { categories.isEmpty && !isScored.contains(false) && isScored.count == runs }

  /// When all parts are appended.
  mutating func finish(runs: Int) {
    isScored = Array(repeating: false, count: runs)
    for run in agreeing { isScored[Int(run)] = true }
    for run in categories.keys { isScored[run] = true }
  }

  mutating func append(_ part: ScoredIndex) {
    agreeing += part.agreeing
    categories.merge(part.categories) { first, _ in first }
    counts.add(part.counts)
  }
}

/// Compares a segment of a scored partition with what the auditor made of the evidence.
struct ScoredPass {
  let path: RelativePath
  /// Runs of the evidence partition; nil: there is no sound one, so the rows are only looked at by themselves.
  let runs: Range<Int>?
  /// Are there as many rows as runs?
  let isComplete: Bool
  let log: FindingLog
  let match: ScoredRowMatch

  private var index: EvidenceIndex { match.index }
  private var scratch: RowScratch { match.scratch }

  func read(_ lines: SegmentLines) throws -> ScoredIndex {
    var scored = ScoredIndex()
    scored.agreeing.reserveCapacity(lines.count)
    var tally = RunTally()
    try lines.forEach { line in
      if let runs, line.number <= runs.count {
        let place = runs.lowerBound + line.number - 1
        if place + 2 < runs.upperBound { scratch.evidence.prefetch(index.runs[place + 2].place) }
        if try match.isExpected(line.bytes, place) {
          scored.agreeing.append(Int32(place))
          tally.add(index.runs[place])
          return
        }
      }
      try look(line, &scored)
    }
    for (run, times) in tally.entries {
      count(
        run.category, run.rule.rawValue, run.judge.kind, index.name(ofSource: run.source), &scored.counts, times: times)
    }
    return scored
  }

  private func count(
    _ category: Category, _ rule: String, _ judge: String, _ source: String, _ counts: inout RowCounts,
    times: Int64 = 1
  ) {
    counts.add("by_category", category.rawValue, times)
    counts.add("by_rule", rule, times)
    counts.add("by_judge", judge, times)
    counts.add("by_source/\(source)", category.rawValue, times)
  }

  private func look(_ line: Line, _ scored: inout ScoredIndex) throws {
    let check = RowCheck(schema: .scoredRun, path: path.string, log: log)
    guard let row = check.parse(line, scratch.parser),
      let category = row.member("category")?.string.flatMap({ Category(rawValue: $0.string()) })
    else { return }
    let provenance = row.member("provenance")
    let rule = row.member("reasons")?.element(0)?.member("rule")?.string?.string() ?? ""
    let source = provenance?.member("source")?.string ?? .empty
    count(
      category, rule, row.member("judged_by")?.member("kind")?.string?.string() ?? "none", source.string(),
      &scored.counts)
    guard let runs else { return }
    let identity = Identity.hash(
      source: source, kind: row.member("kind")?.string ?? .empty,
      runID: row.member("evidence_run_id")?.string ?? .empty, scratch.sha256, scratch.text)
    guard let place = index.byIdentity[identity], runs.contains(place) else {
      return differs(line, nil, "a run in the evidence partition of the same name", "none with this identity")
    }
    if try match.isSame(line.bytes, place) {
      scored.agreeing.append(Int32(place))
      if isComplete, place != runs.lowerBound + line.number - 1 {
        differs(line, nil, "the run on this place of the evidence", "that of line \(index.runs[place].place.line)")
      }
      return
    }
    scored.categories[place] = category
    try compare(row, line, index.runs[place], category, rule)
  }

  private func compare(
    _ row: JSONValue, _ line: Line, _ run: EvidenceRun, _ category: Category, _ rule: String
  ) throws {
    let expected = "\(run.category.rawValue) by the rule \(run.rule.rawValue)"
    if category != run.category || rule != run.rule.rawValue {
      return differs(line, "/category", expected, "\(category.rawValue) by the rule \(rule)")
    }
    let evidence = try scratch.evidence.members(at: run.place, scratch.others[0], scratch.otherMembers[0])
    let copied: [(StaticString, Int)] = [
      ("evidence_task_id", EvidenceMember.taskID), ("score", EvidenceMember.score),
      ("scored_at", EvidenceMember.timestamp), ("provenance", EvidenceMember.provenance),
    ]
    for (name, place) in copied {
      guard let value = row.member(name), !value.isSame(as: evidence[place]) else { continue }
      return differs(line, "/\(name)", evidence[place].words, value.words)
    }
    let judge = row.member("judged_by")?.member("kind")?.string?.string() ?? "none"
    if judge != run.judge.kind { return differs(line, "/judged_by", run.judge.kind, judge) }
    differs(line, "/reasons", "the row that the rules make of the evidence", "other facts, or another spelling")
  }

  private func differs(_ line: Line, _ member: String?, _ expected: String, _ found: String) {
    log.add(.rowDiffers, path: path.string, line: line.number, member: member, expected: expected, found: found)
  }
}
