import JSONTape
import Receipts
import Stages

/// Works out what an export has to hold.
struct DueRowPass {
  let stage: StageName
  let rules: ExportRules
  let index: EvidenceIndex
  let jobs: Int
  let shelf: Shelf<RowScratch>

  private var gates: ExportGates { ExportGates(stage: stage, rules: rules, index: index) }

  func rows() throws -> DueRows { stage == .exportPreference ? try pairs() : try samples() }

  // MARK: Samples

  private func samples() throws -> DueRows {
    var due = DueRows()
    let gates = gates
    try shelf.use { scratch in
      var ids: Set<UInt64> = []
      for (row, run) in index.runs.enumerated() where try gates.takes(run, scratch) {
        if index.sharedSampleIDs.contains(run.sampleID), !ids.insert(run.sampleID).inserted { continue }
        due.keys.append(RowKey(sampleOf: row))
      }
      if rules.dropsRepeated { due.keys = try withoutRepeated(due.keys, scratch) }
      due.stoppedRuns = Int64(index.runs.count - due.keys.count)
    }
    return due
  }

  /// Of those with the same prompt and text the first.
  private func withoutRepeated(_ keys: [RowKey], _ scratch: RowScratch) throws -> [RowKey] {
    let folding = FoldedTexts()
    var seen: Set<[Int]> = []
    let said = try keys.map { try texts(of: Int($0.first), scratch) }
    let runs = keys.map { index.runs[Int($0.first)] }
    let prompts = folding.firstAlike(
      zip(said, runs).map { ($0.prompt ?? .empty, $1.hasPrompt ? $1.promptStart : nil) })
    let answers = folding.firstAlike(zip(said, runs).map { ($0.text, $1.textStart) })
    return keys.indices.filter { seen.insert([prompts[$0], answers[$0]]).inserted }.map { keys[$0] }
  }

  /// As they are written.
  private func texts(of row: Int, _ scratch: RowScratch) throws -> (text: ByteSlice, prompt: ByteSlice?) {
    let run = index.runs[row]
    let tokens = index.tokens(of: row, try scratch.evidence.bytes(at: run.place))
    return (tokens.token(EvidenceMember.text) ?? .empty, run.hasPrompt ? tokens.token(EvidenceMember.prompt) : nil)
  }

  // MARK: Pairs

  /// Tasks are parted by the first byte of their hash.
  private static let parts = 256

  /// A run or comparison, with what it is sorted by.
  private struct Candidate: Sendable {
    var task: Hash128
    var number: Int32
    /// Of a run.
    var category = Category.needsHumanReview

    static func < (left: Candidate, right: Candidate) -> Bool {
      (left.task, left.number) < (right.task, right.number)
    }
  }

  /// Asks for what is known of the runs that come next, and for their prompts: tasks are all over the evidence.
  private struct PairPrefetch {
    let index: EvidenceIndex
    let rows: [Int]
    private var known = 0
    private var read = 0

    init(index: EvidenceIndex, rows: [Int]) {
      self.index = index
      self.rows = rows
    }

    mutating func move(to place: Int, _ scratch: RowScratch) {
      while known < min(rows.count, place + 32) {
        index.prefetch(rows[known])
        known += 1
      }
      while read < min(rows.count, place + 16) {
        let run = index.runs[rows[read]]
        if run.hasPrompt, let bytes = try? scratch.evidence.bytes(at: run.place) {
          index.tokens(of: rows[read], bytes).token(EvidenceMember.prompt)?.prefetch(0..<256)
        }
        read += 1
      }
    }
  }

  private struct Part: Sendable {
    /// Runs that pass, and comparisons that pass and have a winner.
    var runs: [Candidate] = []
    var comparisons: [Candidate] = []
  }

  private func pairs() throws -> DueRows {
    var due = DueRows()
    var parts = Array(repeating: Part(), count: Self.parts)
    var plan = PairPlan()
    let gates = gates
    try shelf.use { scratch in
      for (row, run) in index.runs.enumerated() {
        guard try gates.takes(run, scratch) else {
          due.stoppedRuns += 1
          continue
        }
        guard !run.isExtraction, run.category != .needsHumanReview else {
          plan.counts.notCandidate += 1
          continue
        }
        parts[Int(run.task.high >> 56)].runs.append(
          Candidate(task: run.task, number: Int32(row), category: run.category))
      }
      for (number, comparison) in index.comparisons.enumerated() {
        let evidence = try scratch.evidence.members(
          at: index.others[comparison.other].place, scratch.others[0], scratch.otherMembers[0])
        if gates.winner(evidence) == nil {
          due.comparisonsWithoutWinner += 1
        } else if gates.takes(comparison: evidence, scratch) {
          parts[Int(comparison.task.high >> 56)].comparisons.append(
            Candidate(task: comparison.task, number: Int32(number)))
        } else {
          due.stoppedComparisons += 1
        }
      }
    }
    for part in try parallelMap(parts, jobs: jobs, { _, part in try shelf.use { try pair(part, $0) } }) {
      plan.append(part)
    }
    dropRepeatedIDs(&plan)
    due.keys = plan.pairs
    due.plan = plan
    return due
  }

  private func pair(_ part: Part, _ scratch: RowScratch) throws -> PairPlan {
    var plan = PairPlan()
    let folding = FoldedTexts()
    let runs = part.runs.sorted(by: <)
    let comparisons = part.comparisons.sorted(by: <)
    var (run, comparison) = (0, 0)
    var ahead = PairPrefetch(index: index, rows: runs.map { Int($0.number) })
    while run < runs.count || comparison < comparisons.count {
      var task = run < runs.count ? runs[run].task : comparisons[comparison].task
      if comparison < comparisons.count { task = min(task, comparisons[comparison].task) }
      ahead.move(to: run, scratch)
      let (firstRun, firstComparison) = (run, comparison)
      while run < runs.count, runs[run].task == task { run += 1 }
      while comparison < comparisons.count, comparisons[comparison].task == task { comparison += 1 }
      plan.append(
        try pair(runs[firstRun..<run], comparisons[firstComparison..<comparison], folding, scratch))
    }
    return plan
  }

  /// Those of one task.
  private func pair(
    _ runs: ArraySlice<Candidate>, _ comparisons: ArraySlice<Candidate>, _ folding: FoldedTexts, _ scratch: RowScratch
  ) throws -> PairPlan {
    if comparisons.isEmpty, let plan = Self.unpaired(runs) { return plan }
    let candidates = try runs.map { candidate in
      let row = Int(candidate.number)
      let run = index.runs[row]
      let (text, prompt) = try texts(of: row, scratch)
      return PairRun(
        row: candidate.number, category: run.category, identity: run.identity, text: text, prompt: prompt,
        textStart: run.textStart, promptStart: run.promptStart)
    }
    var buffers: [ByteBuffer] = []
    let judged = try comparisons.map { try comparison(Int($0.number), scratch, &buffers) }
    return withExtendedLifetime(buffers) {
      TaskPairing(candidates, judged, maximum: rules.maximumPairs, folding).plan
    }
  }

  /// What becomes of runs of one task none of which can pair, whatever they say; nil: some can.
  private static func unpaired(_ runs: ArraySlice<Candidate>) -> PairPlan? {
    func isThere(_ category: Category) -> Bool { runs.contains { $0.category == category } }
    if isThere(.accepted), runs.contains(where: { $0.category != .accepted }) { return nil }
    // Prompts part the runs, and a partial one is no candidate only beside a rejected one of its prompt.
    if isThere(.rejected), isThere(.partiallyAccepted) { return nil }
    var plan = PairPlan()
    plan.counts.withoutPartner = Int64(runs.count)
    return plan
  }

  /// - Parameter buffers: takes what holds the texts.
  private func comparison(
    _ number: Int, _ scratch: RowScratch, _ buffers: inout [ByteBuffer]
  ) throws -> PairComparison {
    let comparison = index.comparisons[number]
    let other = index.others[comparison.other]
    let evidence = try scratch.evidence.members(at: other.place, scratch.others[0], scratch.otherMembers[0])
    func kept(_ value: JSONValue?) -> ByteSlice {
      let buffer = ByteBuffer()
      buffer.append(value?.token ?? .empty)
      buffers.append(buffer)
      return buffer.bytes
    }
    let sides = gates.winner(evidence)
    let prompt = evidence[EvidenceMember.prompt]
    return PairComparison(
      row: Int32(index.runs.count + comparison.other), identity: other.identity,
      chosen: kept(sides?.won.member("text")), rejected: kept(sides?.lost.member("text")),
      prompt: prompt.string.map(Text.isBlank) ?? true ? nil : kept(prompt))
  }

  /// Two pairs have one id only where both sides have: runs of the same id and record in two sources.
  private func dropRepeatedIDs(_ plan: inout PairPlan) {
    let shared = index.sharedSampleIDs
    if shared.isEmpty { return }
    var seen: Set<[UInt64]> = []
    let count = plan.pairs.count
    plan.pairs.removeAll { key in
      guard Int(key.first) < index.runs.count else { return false }
      let ids = [index.runs[Int(key.first)].sampleID, index.runs[Int(key.second)].sampleID]
      return ids.allSatisfy(shared.contains) && !seen.insert(ids).inserted
    }
    plan.counts.stoppedPairs += Int64(count - plan.pairs.count)
  }
}
