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
    let prompts = folding.firstAlike(said.map { $0.prompt ?? .empty })
    let answers = folding.firstAlike(said.map { $0.text })
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

  private struct Part: Sendable {
    /// Runs that pass, and comparisons that pass and have a winner.
    var runs: [Int32] = []
    var comparisons: [Int32] = []
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
        parts[Int(run.task.high >> 56)].runs.append(Int32(row))
      }
      for (number, comparison) in index.comparisons.enumerated() {
        let evidence = try scratch.evidence.members(
          at: index.others[comparison.other].place, scratch.others[0], scratch.otherMembers[0])
        if gates.winner(evidence) == nil {
          due.comparisonsWithoutWinner += 1
        } else if gates.takes(comparison: evidence, scratch) {
          parts[Int(comparison.task.high >> 56)].comparisons.append(Int32(number))
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
    let runs = part.runs.sorted { (index.runs[Int($0)].task, $0) < (index.runs[Int($1)].task, $1) }
    let comparisons = part.comparisons.sorted {
      (index.comparisons[Int($0)].task, $0) < (index.comparisons[Int($1)].task, $1)
    }
    var (run, comparison) = (0, 0)
    while run < runs.count || comparison < comparisons.count {
      let tasks = [
        run < runs.count ? index.runs[Int(runs[run])].task : nil,
        comparison < comparisons.count ? index.comparisons[Int(comparisons[comparison])].task : nil,
      ].compactMap { $0 }
      let task = tasks.min()!
      let (firstRun, firstComparison) = (run, comparison)
      while run < runs.count, index.runs[Int(runs[run])].task == task { run += 1 }
      while comparison < comparisons.count, index.comparisons[Int(comparisons[comparison])].task == task {
        comparison += 1
      }
      plan.append(
        try pair(runs[firstRun..<run], comparisons[firstComparison..<comparison], folding, scratch))
    }
    return plan
  }

  /// Those of one task.
  private func pair(
    _ runs: ArraySlice<Int32>, _ comparisons: ArraySlice<Int32>, _ folding: FoldedTexts, _ scratch: RowScratch
  ) throws -> PairPlan {
    if comparisons.isEmpty, let plan = Self.unpaired(runs.map { index.runs[Int($0)].category }) { return plan }
    let candidates = try runs.map { row in
      let run = index.runs[Int(row)]
      let (text, prompt) = try texts(of: Int(row), scratch)
      return PairRun(
        row: row, category: run.category, identity: run.identity, text: text, prompt: prompt)
    }
    var buffers: [ByteBuffer] = []
    let judged = try comparisons.map { number in
      try self.comparison(Int(number), scratch, &buffers)
    }
    return withExtendedLifetime(buffers) {
      TaskPairing(candidates, judged, maximum: rules.maximumPairs, folding).plan
    }
  }

  /// What becomes of runs of one task none of which can pair, whatever they say; nil: some can.
  private static func unpaired(_ categories: [Category]) -> PairPlan? {
    let accepted = categories.contains(.accepted)
    if accepted && categories.contains(where: { $0 != .accepted }) { return nil }
    // Prompts part the runs, and a partial one is no candidate only beside a rejected one of its prompt.
    if categories.contains(.rejected) && categories.contains(.partiallyAccepted) { return nil }
    var plan = PairPlan()
    plan.counts.withoutPartner = Int64(categories.count)
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
