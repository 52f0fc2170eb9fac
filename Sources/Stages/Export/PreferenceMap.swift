import JSONTape
import Receipts

/// `preference.map/1`: scored runs to candidates for pairs.
///
/// Inputs: `scored/<i>`, `evidence/<i>`, and after pairing `overlay`: rows `{"row", "contested": true}` or `{"row", "gather": [shard,
/// …]}`. Outputs: `quarantine`; without an overlay `candidates`, a table of 80 bytes a row: half SHA-256 of the task id (16), of the folded prompt
/// (16; zero: no prompt), of the folded text (16), the order key (16: half the SHA-256 of the canonical JSON of
/// `[source, kind, run_id]`), category (4: its place in `Category`), line of `scored` (4), bytes of text and prompt (4), zero
/// (4); and with an overlay `gathered/<shard>`: what the pairs of this fragment's runs need, a `GatheredRow` each.
public enum PreferenceMap {
  public static let function = function(behind: Firewall())

  static func function(behind firewall: Firewall) -> ActionFunction {
    ActionFunction(name: "preference.map/1") { context in
      let overlay = try OverlayRows.read(context.optionalInput("overlay"))
      // Once the pairs are known, nobody asks for candidates any more.
      let isPaired = context.optionalInput("overlay") != nil
      var candidates = TableWriter(sink: context.output("candidates"))
      let folded = context.scratch.secondBuffer
      let scratch = context.scratch
      var map = ExportMap(
        context, stage: .exportPreference,
        gates: try firewall.gates(category: nil, content: Firewall.hasText, context))
      var notCandidate: Int64 = 0
      try map.run { map, candidate in
        guard let evidence = candidate.evidence, let text = candidate.text(EvidenceMember.text),
          let task = candidate.text(EvidenceMember.taskID),
          let category = candidate.category, let runID = candidate.runID, let source = candidate.source
        else { return map.quarantine(candidate, Stop(.schemaViolation, "the evidence lacks a text or a task id")) }
        if let note = overlay[map.row], note["contested"]?.bool ?? false {
          return map.quarantine(
            candidate,
            Stop(
              .invalidPreferencePairing,
              "the task has this text both accepted and rejected: it is on no side of a pair"))
        }
        guard evidence.text(EvidenceMember.kind) == "run", category != .needsHumanReview else {
          notCandidate += 1
          return
        }
        guard !isPaired else { return gather(evidence, category, overlay[map.row], map.row, context) }
        candidates.hash(map.hash(task))
        func hash(folding text: EscapedText) -> Hash128 {
          folded.removeAll()
          scratch.buffer.removeAll()
          Text.fold(text.text(scratch.buffer), into: folded)
          return map.hash(folded.bytes)
        }
        if let prompt = candidate.text(EvidenceMember.prompt), !Text.isBlank(prompt) {
          candidates.hash(hash(folding: prompt))
        } else {
          candidates.hash(.zero)
        }
        candidates.hash(hash(folding: text))
        folded.removeAll()
        // Two texts in one buffer: it must not move.
        folded.reserve(source.bytes.count + runID.bytes.count)
        candidates.hash(
          Identity.hash(
            source: source.text(folded), kind: .run, runID: runID.text(folded), scratch.sha256, scratch.buffer))
        candidates.half(UInt32(Category.allCases.firstIndex(of: category)!))
        candidates.half(UInt32(map.row))
        candidates.half(
          UInt32(clamping: text.bytes.count + (candidate.text(EvidenceMember.prompt)?.bytes.count ?? 0)))
        candidates.half(0)
        candidates.endRow()
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
        "not_candidate": .integer(notCandidate), "by_reason": map.tally.json("by_reason"),
      ]
    }
  }

  private static func gather(
    _ evidence: RowReader, _ category: Category, _ note: JSON?, _ row: Int64,
    _ context: ActionContext
  ) {
    for shard in note?["gather"]?.array ?? [] {
      guard let evidence = try? context.scratch.parser.parse(evidence.line) else { return }
      GatheredRow(row: row, kind: .run, category: category, said: evidence, evidence: evidence)
        .append(to: context.output("gathered/\(shard.string ?? "")"))
    }
  }

  static let rowWidth = 80
}
