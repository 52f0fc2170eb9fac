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
    var passed: [Int] = []
    try shelf.use { scratch in
      for (row, run) in index.runs.enumerated() {
        if let stop = try gates.stop(run, scratch) {
          due.stopped.append(StoppedRow(key: RowKey(sampleOf: row), subject: .run, stop: stop))
        } else {
          passed.append(row)
        }
      }
      let repeated = try repetitions(passed, scratch)
      due.keys = passed.filter { repeated[$0] == nil }.map(RowKey.init(sampleOf:))
      due.stopped += repeated.map { StoppedRow(key: RowKey(sampleOf: $0), subject: .run, stop: $1) }
    }
    due.stopped.sort { $0.key.first < $1.key.first }
    return due
  }

  /// The runs of which an earlier one that stays has the id or, where that is asked for, says the same.
  private func repetitions(_ rows: [Int], _ scratch: RowScratch) throws -> [Int: ExportStop] {
    if index.sharedSampleIDs.isEmpty, !rules.dropsRepeated { return [:] }
    var repeated: [Int: ExportStop] = [:]
    var ids: Set<UInt64> = []
    var seen: Set<[Int]> = []
    let said = rules.dropsRepeated ? try numbersOfTexts(rows, scratch) : []
    for (number, row) in rows.enumerated() {
      let id = index.runs[row].sampleID
      if ids.contains(id) {
        repeated[row] = .repeatedID
      } else if rules.dropsRepeated, !seen.insert(said[number]).inserted {
        repeated[row] = .repeatedTexts
      } else if index.sharedSampleIDs.contains(id) {
        ids.insert(id)
      }
    }
    return repeated
  }

  /// Of each run numbers of its prompt and text: equal ones are equal texts.
  private func numbersOfTexts(_ rows: [Int], _ scratch: RowScratch) throws -> [[Int]] {
    let folding = FoldedTexts()
    var holders: [FileView] = []
    let said = try rows.map { try texts(of: $0, scratch, &holders) }
    return withExtendedLifetime(holders) {
      let runs = rows.map { index.runs[$0] }
      let prompts = folding.firstAlike(
        zip(said, runs).map { ($0.prompt ?? .empty, $1.hasPrompt ? $1.promptStart : nil) })
      let answers = folding.firstAlike(zip(said, runs).map { ($0.text, $1.textStart) })
      return zip(prompts, answers).map { [$0, $1] }
    }
  }

  /// As they are written.
  /// - Parameter holders: takes what holds them.
  private func texts(
    of row: Int, _ scratch: RowScratch, _ holders: inout [FileView]
  ) throws -> (text: ByteSlice, prompt: ByteSlice?) {
    let run = index.runs[row]
    let tokens = index.tokens(of: row, try scratch.evidence.bytes(at: run.place))
    if let holder = scratch.evidence.holder(of: run.place), holder !== holders.last { holders.append(holder) }
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
        if let stop = try gates.stop(run, scratch) {
          due.stoppedRuns += 1
          due.stopped.append(StoppedRow(key: RowKey(sampleOf: row), subject: .run, stop: stop))
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
        } else if let stop = gates.stop(comparison: evidence, scratch) {
          due.stoppedComparisons += 1
          let row = Int32(index.runs.count + comparison.other)
          due.stopped.append(StoppedRow(key: RowKey(row, row), subject: .comparison, stop: stop))
        } else {
          parts[Int(comparison.task.high >> 56)].comparisons.append(
            Candidate(task: comparison.task, number: Int32(number)))
        }
      }
    }
    for part in try parallelMap(parts, jobs: jobs, { _, part in try shelf.use { try pair(part, $0) } }) {
      plan.append(part)
    }
    stopRepeatedIDs(&plan)
    due.keys = plan.pairs
    for row in plan.contested {
      let isRun = Int(row) < index.runs.count
      due.stopped.append(
        StoppedRow(
          key: isRun ? RowKey(sampleOf: Int(row)) : RowKey(row, row), subject: isRun ? .run : .comparison,
          stop: .contested))
    }
    // Runs first, then comparisons: so are the rows numbered.
    due.stopped.sort { $0.key.first < $1.key.first }
    due.stopped += plan.planned.compactMap { pair in
      pair.stop.map { StoppedRow(key: pair.key, subject: .pair, stop: $0) }
    }
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
    var holders: [FileView] = []
    let candidates = try runs.map { candidate in
      let row = Int(candidate.number)
      let run = index.runs[row]
      let (text, prompt) = try texts(of: row, scratch, &holders)
      return PairRun(
        row: candidate.number, category: run.category, identity: run.identity, text: text, prompt: prompt,
        textStart: run.textStart, promptStart: run.promptStart)
    }
    var buffers: [ByteBuffer] = []
    let judged = try comparisons.map { try comparison(Int($0.number), scratch, &buffers) }
    return withExtendedLifetime((buffers, holders)) {
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
  private func stopRepeatedIDs(_ plan: inout PairPlan) {
    let shared = index.sharedSampleIDs
    if shared.isEmpty { return }
    var seen: Set<[UInt64]> = []
    for (place, pair) in plan.planned.enumerated() where pair.stop == nil && Int(pair.key.first) < index.runs.count {
      let ids = [index.runs[Int(pair.key.first)].sampleID, index.runs[Int(pair.key.second)].sampleID]
      guard ids.allSatisfy(shared.contains), !seen.insert(ids).inserted else { continue }
      plan.planned[place].stop = .repeatedID
      plan.counts.stoppedPairs += 1
    }
  }
}
