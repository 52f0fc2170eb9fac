import JSONTape
import Receipts

/// `preference.gather/1`: takes from the runs of a fragment what pairs show of them. Jumps to their rows, and reads no
/// other.
///
/// Parameters: `{"buckets": [bucket, …]}`. Inputs: `wanted/<k>` of the k-th of these buckets, `scored/<i>`,
/// `evidence/<i>`. Outputs: `gathered/<bucket>.<shard>`, a `GatheredRow` for each `WantedRow`.
public enum PreferenceGather {
  public static let function = ActionFunction(name: "preference.gather/1") { context in
    let scored = LinePlaces(context, "scored", count: context.indices(of: "scored").count)
    let evidence = LinePlaces(context, "evidence", count: context.indices(of: "scored").count)
    let fault = DistillError(.internalFault, "a planned pair names a row that is none")
    let row = ShownEvidence(context.scratch)
    let run = ScoredCategory()
    for (index, bucket) in (context.parameters["buckets"]?.array ?? []).enumerated() {
      let rows = try TableReader(context.input("wanted/\(index)"), rowWidth: WantedRow.rowWidth)
      var sinks: [PreferenceShards.Shard: OutputSink] = [:]
      var last: Int?
      for number in 0..<rows.rowCount {
        let wanted = WantedRow(rows, number)
        if wanted.place != last {
          guard let line = evidence.line(at: wanted.place), row.read(line) else { throw fault }
          last = wanted.place
        }
        var category: Category?
        if let place = wanted.scoredPlace {
          guard let line = scored.line(at: place), let known = run.read(line) else { throw fault }
          category = known
        }
        let sink = sinks[wanted.shard] ?? context.output("gathered/\(bucket.integer ?? 0).\(wanted.shard.name)")
        sinks[wanted.shard] = sink
        row.append(wanted, category, to: sink)
      }
    }
    return [:]
  }
}

/// The category of a scored run, read anew: what pairs were made of is not taken from the word of the pairing.
private final class ScoredCategory {
  private let reader = RowReader(.scoredRun)

  /// nil: the line is no scored run.
  func read(_ line: ByteSlice) -> Category? {
    if case .notJSON = reader.read(line) { return nil }
    return reader.text(ScoredMember.category).flatMap { Category($0.bytes) }
  }
}

/// A row of evidence, with the values that pairs show. A row that is not as its schema says may be in a pair all the
/// same: the schema of the pair stops that.
private final class ShownEvidence {
  private let reader = RowReader(.evidence)
  private let scratch: WorkerScratch
  /// Both sides of a comparison are in one row.
  private var sides: (chosen: JSONValue, rejected: JSONValue)?

  init(_ scratch: WorkerScratch) { self.scratch = scratch }

  /// false: it is no JSON.
  func read(_ line: ByteSlice) -> Bool {
    sides = nil
    if case .notJSON = reader.read(line) { return false }
    if reader.text(EvidenceMember.kind) == "comparison" {
      sides = (try? scratch.parser.parse(line)).flatMap(ComparisonMap.winner)
    }
    return true
  }

  func append(_ wanted: WantedRow, _ category: Category?, to sink: OutputSink) {
    let said = sides.map { wanted.isChosen ? $0.chosen : $0.rejected }
    GatheredRow.append(
      place: wanted.place, isChosen: wanted.isChosen, category: category,
      sigHash: reader.token(EvidenceMember.sigHash), to: sink
    ) { value in
      switch value {
      case .runID: said.map { $0.member("run_id")?.token } ?? reader.token(EvidenceMember.runID)
      case .modelName: said.map { $0.member("model_name")?.token } ?? reader.token(EvidenceMember.modelName)
      case .text: said.map { $0.member("text")?.token } ?? reader.token(EvidenceMember.text)
      case .timestamp: reader.token(EvidenceMember.timestamp)
      case .provenance: reader.token(EvidenceMember.provenance)
      case .taskID: wanted.isChosen ? reader.token(EvidenceMember.taskID) : nil
      case .prompt: wanted.isChosen ? reader.token(EvidenceMember.prompt) : nil
      }
    }
  }
}
