import JSONTape
import Receipts

/// `preference.gather/1`: takes from the runs of a fragment what pairs show of them. Jumps to their rows, and reads no other.
///
/// Parameters: `{"buckets": [bucket, …]}`. Inputs: `wanted/<k>` of the k-th of these buckets, `scored/<i>`, `evidence/<i>`. Outputs:
/// `gathered/<bucket>.<shard>`, a `GatheredRow` for each `WantedRow`.
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
  private let category = RecordSchema.scoredRun.member("category")
  private let buffer = ByteBuffer(capacity: 64)

  /// nil: the line is no scored run.
  func read(_ line: ByteSlice) -> Category? {
    switch reader.read(line) {
    case nil:
      buffer.removeAll()
      return reader.text(category).flatMap { Category($0.text(buffer)) }
    case .violations(_, let value)?: return value.member("category")?.string.flatMap { Category($0) }
    case .notJSON?: return nil
    }
  }
}

/// A row of evidence, with the values that pairs show.
private final class ShownEvidence {
  private let reader = RowReader(.evidence)
  private let scratch: WorkerScratch
  /// nil: the row is as its schema says. A row that is not may be in a pair all the same: its own schema stops that.
  private var odd: JSONValue?

  private static func member(_ path: String) -> RowMember { RecordSchema.evidence.member(path) }
  private let kind = member("kind")
  private let runID = member("run_id")
  private let taskID = member("task_id")
  private let modelName = member("model_name")
  private let prompt = member("prompt")
  private let text = member("text")
  private let timestamp = member("timestamp")
  private let provenance = member("provenance")
  private let sigHash = member("provenance.sig_hash")

  init(_ scratch: WorkerScratch) { self.scratch = scratch }

  /// false: it is no JSON.
  func read(_ line: ByteSlice) -> Bool {
    odd = nil
    switch reader.read(line) {
    case nil:
      // Both sides of a comparison are in one row.
      if reader.text(kind) == "comparison" { odd = try? scratch.parser.parse(line) }
      return true
    case .violations(_, let value)?:
      odd = value
      return true
    case .notJSON?: return false
    }
  }

  func append(_ wanted: WantedRow, _ category: Category?, to sink: OutputSink) {
    if let odd { return append(odd, wanted, category, to: sink) }
    GatheredRow.append(
      place: wanted.place, isChosen: wanted.isChosen, category: category, sigHash: reader.token(sigHash), to: sink
    ) { value in
      switch value {
      case .runID: reader.token(runID)
      case .modelName: reader.token(modelName)
      case .text: reader.token(text)
      case .timestamp: reader.token(timestamp)
      case .provenance: reader.token(provenance)
      case .taskID: wanted.isChosen ? reader.token(taskID) : nil
      case .prompt: wanted.isChosen ? reader.token(prompt) : nil
      }
    }
  }

  private func append(_ row: JSONValue, _ wanted: WantedRow, _ category: Category?, to sink: OutputSink) {
    let sides = ComparisonMap.winner(row)
    let said = sides.map { wanted.isChosen ? $0.chosen : $0.rejected } ?? row
    GatheredRow.append(
      place: wanted.place, isChosen: wanted.isChosen, category: category,
      sigHash: row.member("provenance")?.member("sig_hash")?.token, to: sink
    ) { value in
      switch value {
      case .runID: said.member("run_id")?.token
      case .modelName: said.member("model_name")?.token
      case .text: said.member("text")?.token
      case .timestamp: row.member("timestamp")?.token
      case .provenance: row.member("provenance")?.token
      case .taskID: wanted.isChosen ? row.member("task_id")?.token : nil
      case .prompt: wanted.isChosen ? row.member("prompt")?.token : nil
      }
    }
  }
}
