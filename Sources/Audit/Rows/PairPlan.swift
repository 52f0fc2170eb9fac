import JSONTape
import Receipts
import Stages

/// The pairs that `export-preference` has to make of the runs and comparisons that pass its gates, made again from the
/// description of the pairing, in the order of the export.
struct PairPlan: Sendable {
  /// What became of the runs and comparisons, in the terms of the books.
  struct Counts: Sendable, Equatable {
    var contested: Int64 = 0
    var notCandidate: Int64 = 0
    var withoutPartner: Int64 = 0
    var used: Int64 = 0
    var overCap: Int64 = 0
    /// Pairs with one text on both sides, and those with the id of an earlier one.
    var stoppedPairs: Int64 = 0
    var contestedComparisons: Int64 = 0
    var comparisonsOverCap: Int64 = 0

    static func += (left: inout Counts, right: Counts) {
      left.contested += right.contested
      left.notCandidate += right.notCandidate
      left.withoutPartner += right.withoutPartner
      left.used += right.used
      left.overCap += right.overCap
      left.stoppedPairs += right.stoppedPairs
      left.contestedComparisons += right.contestedComparisons
      left.comparisonsOverCap += right.comparisonsOverCap
    }
  }

  var planned: [PlannedPair] = []
  /// Rows whose text, or one of them, its task has both accepted and rejected.
  var contested: Set<Int32> = []
  var counts = Counts()

  /// Those that come into the export.
  var pairs: [RowKey] { planned.filter { $0.stop == nil }.map(\.key) }

  mutating func append(_ part: PairPlan) {
    planned += part.planned
    if !part.contested.isEmpty { contested.formUnion(part.contested) }
    counts += part.counts
  }
}

/// A pair that the rule chooses.
struct PlannedPair: Sendable {
  var key: RowKey
  /// nil: it comes into the export.
  var stop: ExportStop?
}

/// A run that may stand in a pair.
struct PairRun {
  /// Row of the evidence.
  var row: Int32
  var category: Category
  /// Of (source, kind, run id): the order of a side.
  var identity: Hash128
  /// JSON strings; a prompt that says nothing is none.
  var text: ByteSlice
  var prompt: ByteSlice?
  /// As ``EvidenceRun`` has them.
  var textStart: UInt64?
  var promptStart: UInt64?
}

/// A comparison with a winner.
struct PairComparison {
  var row: Int32
  var identity: Hash128
  var chosen: ByteSlice
  var rejected: ByteSlice
  var prompt: ByteSlice?
}

/// Pairs the runs and comparisons of one task.
struct TaskPairing {
  let runs: [PairRun]
  let comparisons: [PairComparison]
  /// Pairs of one prompt.
  let maximum: Int
  /// By the number of a text: equal numbers are equal texts.
  private let texts: [Int]
  /// Likewise; nil: none.
  private let prompts: [Int?]
  private(set) var plan = PairPlan()
  private var made: [Int?: Int] = [:]

  /// - Parameter runs: accepted, partially accepted or rejected; together with `comparisons` all of one task.
  init(_ runs: [PairRun], _ comparisons: [PairComparison], maximum: Int, _ folding: FoldedTexts) {
    self.runs = runs
    self.comparisons = comparisons
    self.maximum = maximum
    var said = runs.map { (text: $0.text, start: $0.textStart) }
    for comparison in comparisons { said += [(comparison.chosen, nil), (comparison.rejected, nil)] }
    texts = folding.firstAlike(said)
    var asked = runs.map { (text: $0.prompt, start: $0.promptStart) }
    for comparison in comparisons { asked.append((comparison.prompt, nil)) }
    var numbers = folding.firstAlike(asked.compactMap { ask in ask.text.map { ($0, ask.start) } }).makeIterator()
    prompts = asked.map { $0.text == nil ? nil : numbers.next() }
    pair(folding)
  }

  private mutating func pair(_ folding: FoldedTexts) {
    let contested = contestedTexts()
    if contested.isEmpty, comparisons.isEmpty, prompts.dropFirst().allSatisfy({ $0 == prompts[0] }) {
      _ = pair(Array(runs.indices))
      return
    }
    var groups: [Int?: [Int]] = [:]
    for run in runs.indices {
      if contested.contains(texts[run]) {
        plan.counts.contested += 1
        plan.contested.insert(runs[run].row)
      } else {
        groups[prompts[run], default: []].append(run)
      }
    }
    for prompt in ordered(Array(groups.keys), folding) { made[prompt] = pair(groups[prompt]!) }
    // Of all comparisons of the task, which may be many.
    let lost = comparisons.isEmpty ? [] : said(by: .rejected)
    for comparison in comparisons.indices.sorted(by: { comparisons[$0].identity < comparisons[$1].identity }) {
      add(comparison, contested, rejected: lost)
    }
  }

  /// Texts that are both accepted and rejected. Most tasks have none, and most texts are said once.
  private func contestedTexts() -> Set<Int> {
    guard runs.indices.contains(where: { texts[$0] != $0 }) else { return [] }
    return said(by: .accepted).intersection(said(by: .rejected))
  }

  private func said(by category: Category) -> Set<Int> {
    Set(zip(runs, texts).filter { $0.0.category == category }.map(\.1))
  }

  /// Prompts come in the order of the SHA-256 of their folded texts; runs without one first.
  private func ordered(_ prompts: [Int?], _ folding: FoldedTexts) -> [Int?] {
    guard prompts.count > 1 else { return prompts }
    var hashes: [Int?: Hash128] = [nil: .zero]
    for (run, prompt) in zip(runs, self.prompts) where hashes[prompt] == nil {
      hashes[prompt] = run.prompt.map(folding.hash) ?? .zero
    }
    return prompts.sorted { hashes[$0]! < hashes[$1]! }
  }

  /// One side in its order, each text once.
  private func side(_ group: [Int], _ category: Category) -> [Int] {
    let side = group.filter { runs[$0].category == category }
    if side.count < 2 { return side }
    let ordered = side.sorted { runs[$0].identity < runs[$1].identity }
    if side.allSatisfy({ texts[$0] == $0 }) { return ordered }
    var seen: Set<Int> = []
    return ordered.filter { seen.insert(texts[$0]).inserted }
  }

  /// Runs of one prompt.
  /// - Returns: how many pairs were made that count for the cap.
  private mutating func pair(_ group: [Int]) -> Int {
    let accepted = side(group, .accepted)
    var others = side(group, .rejected)
    let partial = group.count { runs[$0].category == .partiallyAccepted }
    if !others.isEmpty {
      plan.counts.notCandidate += Int64(partial)
    } else {
      others = side(group, .partiallyAccepted)
    }
    // Those that pair are taken off again.
    plan.counts.withoutPartner += Int64(group.count - (group.contains { runs[$0].category == .rejected } ? partial : 0))
    if accepted.isEmpty || others.isEmpty { return 0 }
    let (longer, shorter) = accepted.count >= others.count ? (accepted, others) : (others, accepted)
    var isUsed = Array(repeating: false, count: runs.count)
    var count = 0
    search: for round in shorter.indices {
      for place in longer.indices {
        if count == maximum { break search }
        let (one, other) = (longer[place], shorter[(place + round) % shorter.count])
        let (chosen, rejected) = runs[one].category == .accepted ? (one, other) : (other, one)
        let key = RowKey(runs[chosen].row, runs[rejected].row)
        guard texts[chosen] != texts[rejected] else {
          plan.planned.append(PlannedPair(key: key, stop: .sameText))
          plan.counts.stoppedPairs += 1
          continue
        }
        plan.planned.append(PlannedPair(key: key))
        (isUsed[chosen], isUsed[rejected]) = (true, true)
        count += 1
      }
    }
    let used = isUsed.count { $0 }
    let overCap = overCap(accepted, others, isUsed) + overCap(others, accepted, isUsed)
    plan.counts.used += Int64(used)
    plan.counts.overCap += Int64(overCap)
    plan.counts.withoutPartner -= Int64(used + overCap)
    return count
  }

  /// How many of a side are not used although the other side has a run that says something else.
  private func overCap(_ side: [Int], _ others: [Int], _ isUsed: [Bool]) -> Int {
    side.count { run in !isUsed[run] && others.contains { texts[$0] != texts[run] } }
  }

  private mutating func add(_ number: Int, _ contested: Set<Int>, rejected lost: Set<Int>) {
    let comparison = comparisons[number]
    let (chosen, rejected) = (texts[runs.count + 2 * number], texts[runs.count + 2 * number + 1])
    let key = RowKey(comparison.row, comparison.row)
    if contested.contains(chosen) || contested.contains(rejected) || lost.contains(chosen) {
      plan.counts.contestedComparisons += 1
      plan.contested.insert(comparison.row)
    } else if chosen == rejected {
      plan.planned.append(PlannedPair(key: key, stop: .sameText))
      plan.counts.stoppedPairs += 1
    } else if made[prompts[runs.count + number], default: 0] >= maximum {
      plan.counts.comparisonsOverCap += 1
    } else {
      made[prompts[runs.count + number], default: 0] += 1
      plan.planned.append(PlannedPair(key: key))
    }
  }
}
