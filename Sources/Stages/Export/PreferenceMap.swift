import JSONTape
import Receipts

/// `preference.map/1`: scored runs to candidates for pairs.
///
/// Inputs: `scored`, `evidence`, and after pairing `overlay`: rows `{"row", "contested": bool, "gather": bool}`.
/// Outputs: `quarantine`; `candidates`, a table of 72 bytes a row: half SHA-256 of the task id (16), of the folded prompt (16;
/// zero: no prompt), of the folded text (16), the order key (16: half the SHA-256 of the canonical JSON of
/// `[source, kind, run_id]`), category (4: its place in `Category`), line of `scored` (4); and with an overlay `gathered`: what
/// the pairs of this fragment's runs need, one line a gathered run.
public enum PreferenceMap {
  public static let function = function(behind: Firewall())

  static func function(behind firewall: Firewall) -> ActionFunction {
    ActionFunction(name: "preference.map/1") { context in
      let overlay = try OverlayRows.read(context.optionalInput("overlay"))
      var candidates = TableWriter(sink: context.output("candidates"))
      let folded = context.scratch.secondBuffer
      let scratch = context.scratch
      var map = ExportMap(
        context, stage: .exportPreference,
        gates: try firewall.gates(category: nil, content: Firewall.hasText, context))
      try map.run { map, candidate in
        guard let evidence = candidate.evidence, let text = candidate.text("text"),
          let task = candidate.text("task_id"),
          let category = candidate.category, let runID = candidate.runID,
          let source = candidate.provenance?.member("source")?.string
        else { return map.quarantine(candidate, Stop(.schemaViolation, "the evidence lacks a text or a task id")) }
        if let note = overlay[map.row], note["contested"]?.bool ?? false {
          return map.quarantine(
            candidate,
            Stop(
              .invalidPreferencePairing,
              "the task has this text both accepted and rejected: it is on no side of a pair"))
        }
        let isRun = evidence.member("kind")?.string.map { $0 == RecordKind.run.rawValue } ?? false
        guard isRun, category != .needsHumanReview else {
          map.tally.increment("not_candidate")
          return
        }
        candidates.hash(map.hash(task))
        if let prompt = candidate.text("prompt"), !Text.isBlank(prompt) {
          folded.removeAll()
          Text.fold(prompt, into: folded)
          candidates.hash(map.hash(folded.bytes))
        } else {
          candidates.hash(.zero)
        }
        folded.removeAll()
        Text.fold(text, into: folded)
        candidates.hash(map.hash(folded.bytes))
        candidates.hash(
          Identity.hash(source: source, kind: .run, runID: runID, scratch.sha256, scratch.buffer))
        candidates.half(UInt32(Category.allCases.firstIndex(of: category)!))
        candidates.half(UInt32(map.row))
        candidates.endRow()
        if overlay[map.row]?["gather"]?.bool ?? false { gather(evidence, map.row, to: context.output("gathered")) }
      }
      var comparisons = ComparisonMap(
        context, overlay: overlay, gates: try firewall.comparisonGates(context))
      try comparisons.run()
      return [
        "comparisons": .integer(comparisons.tally.count("comparisons")),
        "comparisons_quarantined": .integer(comparisons.tally.count("comparisons_quarantined")),
        "comparisons_without_winner": .integer(comparisons.tally.count("comparisons_without_winner")),
        "comparisons_by_reason": comparisons.tally.json("by_reason"),
        "scored": .integer(map.tally.count("scored")), "quarantined": .integer(map.tally.count("quarantined")),
        "not_candidate": .integer(map.tally.count("not_candidate")), "by_reason": map.tally.json("by_reason"),
      ]
    }
  }

  static let rowWidth = 72

  /// A row of evidence cut down to what a pair shows.
  private static func gather(_ evidence: JSONValue, _ row: Int64, to sink: OutputSink) {
    var writer = JSONWriter(sink.buffer)
    writer.beginObject()
    writer.key("row")
    writer.integer(row)
    writer.key("kind")
    writer.integer(Pairing.Side.Kind.run.rawValue)
    for name: StaticString in ["run_id", "task_id", "model_name", "prompt", "text", "timestamp", "provenance"] {
      writer.key(name)
      writer.copy(evidence.member(name))
    }
    writer.endObject()
    writer.newline()
    sink.recordCount += 1
  }
}
