import JSONTape
import Receipts

/// Comparisons of an evidence fragment on their way to pairs: `A beats B` makes a pair, and never makes A accepted.
///
/// Part of `preference.map`; its quarantine is an output of its own, so that the order of the quarantine file does not depend on
/// where fragments end. One without a winner is counted once its schema was looked at: it makes no pair. Its row in the table
/// `comparisons` is 88 bytes: half SHA-256 of the task id (16), of the folded prompt (16; zero: none), of the folded winning
/// (16) and losing (16) text, the order key (16), line of `evidence` (4), bytes of both texts and
/// twice the prompt (4).
struct ComparisonMap {
  static let rowWidth = 88

  private let context: ActionContext
  private let gates: [Gate]
  private let overlay: [Int64: JSON]
  private(set) var tally = Tally()
  private let buffer = ByteBuffer()
  private let reader = RowReader(.evidence)

  /// - Parameter overlay: rows `{"row", "gather": [shard, …]}` or `{"row", "contested": true}`; line n of `evidence` is row -1 - n.
  init(_ context: ActionContext, overlay: [Int64: JSON], gates: [Gate]) {
    self.context = context
    self.overlay = overlay
    self.gates = gates
  }

  /// How a row of evidence that is a comparison begins: the others are not parsed for this.
  private static let start: StaticString = #"{"schema_version":1,"kind":"comparison","#

  mutating func run() throws {
    var row: Int64 = -1
    for fragment in context.indices(of: "scored") {
      for line in Lines(context.optionalInput("evidence/\(fragment)") ?? .empty) {
        row += 1
        if line.hasPrefix(Self.start) { try run(line, row) }
      }
    }
  }

  private mutating func run(_ line: ByteSlice, _ row: Int64) throws {
    tally.increment("comparisons")
    var candidate = Candidate(line: line)
    candidate.evidence = candidate.read(by: reader)
    let evidence = candidate.evidence == nil ? nil : try? context.scratch.secondParser.parse(line)
    let hasWinner = evidence.flatMap(Self.winner) != nil
    let gates = gates.lazy.filter { hasWinner || $0.name == .comparison }
    if let stop = gates.compactMap({ $0.stop(candidate) }).first {
      quarantine(candidate, evidence, stop)
    } else {
      try accept(candidate, evidence, row)
    }
  }

  private static func winner(_ evidence: JSONValue) -> (chosen: JSONValue, rejected: JSONValue)? {
    guard let comparison = evidence.member("comparison"), let winner = comparison.member("winner")?.string,
      let a = comparison.member("a"), let b = comparison.member("b")
    else { return nil }
    if winner == "a" { return (a, b) }
    return winner == "b" ? (b, a) : nil
  }

  private func folded(_ text: ByteSlice) -> Hash128 {
    buffer.removeAll()
    Text.fold(text, into: buffer)
    return Hash128(Digest.of(buffer.bytes))
  }

  private mutating func accept(_ candidate: Candidate, _ evidence: JSONValue?, _ row: Int64) throws {
    guard let evidence, let (chosen, rejected) = Self.winner(evidence),
      let task = evidence.member("task_id")?.string,
      let won = chosen.member("text")?.string, let lost = rejected.member("text")?.string,
      let source = evidence.member("provenance")?.member("source")?.string,
      let runID = evidence.member("run_id")?.string
    else {
      tally.increment("comparisons_without_winner")
      return
    }
    if overlay[-1 - row]?["contested"]?.bool ?? false {
      return quarantine(
        candidate, evidence,
        Stop(.invalidPreferencePairing, "the task has one of the texts both accepted and rejected"))
    }
    var table = TableWriter(sink: context.output("comparisons"))
    table.hash(Hash128(Digest.of(task)))
    let prompt = evidence.member("prompt")?.string
    table.hash(prompt.map { Text.isBlank($0) ? .zero : folded($0) } ?? .zero)
    table.hash(folded(won))
    table.hash(folded(lost))
    table.hash(
      Identity.hash(
        source: source, kind: .comparison, runID: runID, context.scratch.sha256, context.scratch.buffer))
    table.half(UInt32(row))
    table.half(UInt32(clamping: won.count + lost.count + 2 * (prompt?.count ?? 0)))
    table.endRow()
    for shard in overlay[-1 - row]?["gather"]?.array ?? [] {
      let sink = context.output("gathered/\(shard.string ?? "")")
      for (side, kind) in [(chosen, Pairing.Side.Kind.comparisonChosen), (rejected, .comparisonRejected)] {
        GatheredRow(row: row, kind: kind, category: nil, said: side, evidence: evidence).append(to: sink)
      }
    }
  }

  private mutating func quarantine(_ candidate: Candidate, _ evidence: JSONValue?, _ stop: Stop) {
    let comparison = evidence?.member("comparison")
    let stopped = StoppedPair(
      ids: [
        ("run_id", evidence?.member("run_id")), ("task_id", evidence?.member("task_id")),
        ("a_run_id", comparison?.member("a")?.member("run_id")),
        ("b_run_id", comparison?.member("b")?.member("run_id")), ("winner", comparison?.member("winner")),
      ], provenance: evidence?.member("provenance"), recordedAt: evidence?.member("timestamp"))
    stopped.append(stop, to: context.output("comparison-quarantine"), by: buffer)
    tally.increment("comparisons_quarantined")
    tally.add("by_reason", stop.reason.rawValue)
  }
}
