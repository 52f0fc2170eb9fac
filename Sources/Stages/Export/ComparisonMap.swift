import JSONTape
import Receipts

/// Comparisons of an evidence fragment on their way to pairs: `A beats B` makes a pair, and never makes A accepted.
///
/// Part of `preference.map`; its quarantine is an output of its own, so that the order of the quarantine file does not
/// depend on where fragments end. One without a winner is counted once its schema was looked at: it makes no pair.
struct ComparisonMap {
  private let context: ActionContext
  private let gates: [Gate]
  private let contested: Set<Int>?
  private var sinks: BucketSinks
  private(set) var tally = Tally()
  private let reader = RowReader(.evidence)

  /// - Parameter contested: places of evidence; nil: nothing is known of pairs yet.
  init(_ context: ActionContext, contested: Set<Int>?, buckets: HashBuckets, gates: [Gate]) {
    self.context = context
    self.contested = contested
    self.gates = gates
    sinks = BucketSinks("comparisons", buckets, context)
  }

  /// How a row of evidence that is a comparison begins: the others are not parsed for this.
  private static let start: StaticString = #"{"schema_version":1,"kind":"comparison","#

  mutating func run() throws {
    let fragments = context.indices(of: "scored")
    var places = LinePlaces(context, "evidence", count: fragments.count)
    for fragment in fragments {
      for line in Lines(context.optionalInput("evidence/\(fragment)") ?? .empty) where line.hasPrefix(Self.start) {
        if let place = places.place(of: line) { try run(line, place) }
      }
    }
  }

  private mutating func run(_ line: ByteSlice, _ place: Int) throws {
    tally.increment("comparisons")
    var candidate = Candidate(line: line)
    candidate.evidence = candidate.read(by: reader)
    let evidence = candidate.evidence == nil ? nil : try? context.scratch.secondParser.parse(line)
    let hasWinner = evidence.flatMap(Self.winner) != nil
    let gates = gates.lazy.filter { hasWinner || $0.name == .comparison }
    if let stop = gates.compactMap({ $0.stop(candidate) }).first {
      quarantine(evidence, stop)
    } else {
      accept(evidence, place)
    }
  }

  static func winner(_ evidence: JSONValue) -> (chosen: JSONValue, rejected: JSONValue)? {
    guard let comparison = evidence.member("comparison"), let winner = comparison.member("winner")?.string,
      let a = comparison.member("a"), let b = comparison.member("b")
    else { return nil }
    if winner == "a" { return (a, b) }
    return winner == "b" ? (b, a) : nil
  }

  private mutating func accept(_ evidence: JSONValue?, _ place: Int) {
    guard let evidence, let (chosen, rejected) = Self.winner(evidence),
      let task = evidence.member("task_id")?.string,
      let won = chosen.member("text")?.string, let lost = rejected.member("text")?.string,
      let source = evidence.member("provenance")?.member("source")?.string,
      let runID = evidence.member("run_id")?.string
    else {
      tally.increment("comparisons_without_winner")
      return
    }
    if contested?.contains(place) ?? false {
      return quarantine(
        evidence,
        Stop(
          .invalidPreferencePairing,
          "the task has one of the texts both accepted and rejected, or rejected the one that won"))
    }
    guard contested == nil else { return }
    let scratch = context.scratch
    let prompt = evidence.member("prompt")?.string.flatMap { Text.isBlank($0) ? nil : $0 }
    let shown = evidence.member("prompt")?.string?.count ?? 0
    let taskHash = Hash128(Digest.of(task))
    PairingComparison(
      task: taskHash, prompt: prompt.map { PreferenceMap.foldedHash($0, scratch) } ?? .zero,
      chosen: PreferenceMap.foldedHash(won, scratch), rejected: PreferenceMap.foldedHash(lost, scratch),
      order: Identity.hash(source: source, kind: .comparison, runID: runID, scratch.sha256, scratch.buffer),
      fragment: 0, place: place, byteCount: won.count + lost.count + 2 * shown
    ).append(to: sinks.sink(of: taskHash))
  }

  private mutating func quarantine(_ evidence: JSONValue?, _ stop: Stop) {
    let comparison = evidence?.member("comparison")
    let stopped = StoppedPair(
      ids: [
        ("run_id", evidence?.member("run_id")?.token), ("task_id", evidence?.member("task_id")?.token),
        ("a_run_id", comparison?.member("a")?.member("run_id")?.token),
        ("b_run_id", comparison?.member("b")?.member("run_id")?.token),
        ("winner", comparison?.member("winner")?.token),
      ], provenance: evidence?.member("provenance")?.token,
      recordedAt: evidence?.member("timestamp")?.string)
    stopped.append(stop, to: context.output("comparison-quarantine"), by: context.scratch.buffer)
    tally.increment("comparisons_quarantined")
    tally.add("by_reason", stop.reason.rawValue)
  }
}
