import JSONTape
import Receipts

/// `preference.map/2`: scored runs and comparisons to candidates for pairs.
///
/// Parameters: `{"bucket_bits": n}`. Inputs: `scored/<i>`, `evidence/<i>`, and after the pairing `contested/<k>`:
/// places of evidence whose text the task has both accepted and rejected. Outputs: `quarantine`,
/// `comparison-quarantine`; without `contested/<k>` `candidates/<bucket>` and `comparisons/<bucket>`, see
/// `PairingTables.swift`.
public enum PreferenceMap {
  public static let function = function(behind: Firewall())

  static func function(behind firewall: Firewall) -> ActionFunction {
    ActionFunction(name: "preference.map/2") { context in
      let contested = try Self.contested(context)
      let buckets = HashBuckets(bits: Int(context.parameters["bucket_bits"]?.integer ?? 0))
      var sinks = BucketSinks("candidates", buckets, context)
      let fragments = context.indices(of: "scored").count
      var places = LinePlaces(context, "evidence", count: fragments)
      var scoredPlaces = LinePlaces(context, "scored", count: fragments)
      let scratch = context.scratch
      var map = ExportMap(
        context, stage: .exportPreference,
        gates: try firewall.gates(category: nil, content: Firewall.hasText, context))
      var notCandidate: Int64 = 0
      try map.run { map, candidate in
        guard let evidence = candidate.evidence, let text = candidate.text(EvidenceMember.text),
          let task = candidate.text(EvidenceMember.taskID), let category = candidate.category,
          let runID = candidate.runID, let source = candidate.source,
          let place = candidate.evidenceLine.flatMap({ places.place(of: $0) }),
          let scoredPlace = scoredPlaces.place(of: candidate.line)
        else { return map.quarantine(candidate, Stop(.schemaViolation, "the evidence lacks a text or a task id")) }
        if contested?.contains(place) ?? false {
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
        // Once the pairs are known, nobody asks for candidates any more.
        guard contested == nil else { return }
        let prompt = candidate.text(EvidenceMember.prompt)
        let taskHash = map.hash(task)
        let names = scratch.secondBuffer
        names.removeAll()
        // Two texts in one buffer: it must not move.
        names.reserve(source.bytes.count + runID.bytes.count)
        let order = Identity.hash(
          source: source.text(names), kind: .run, runID: runID.text(names), scratch.sha256, scratch.buffer)
        PairingCandidate(
          task: taskHash, prompt: Self.promptHash(prompt, scratch), text: Self.foldedHash(text, scratch), order: order,
          category: category, fragment: 0, place: place, scoredPlace: scoredPlace,
          byteCount: text.bytes.count + (prompt?.bytes.count ?? 0)
        ).append(to: sinks.sink(of: taskHash))
      }
      var comparisons = ComparisonMap(
        context, contested: contested, buckets: buckets, gates: try firewall.comparisonGates(context))
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

  /// nil: nothing is known of pairs yet.
  private static func contested(_ context: ActionContext) throws -> Set<Int>? {
    let tables = context.indices(of: "contested")
    guard !tables.isEmpty else { return nil }
    var places: Set<Int> = []
    for number in tables {
      let rows = try TableReader(context.input("contested/\(number)"), rowWidth: 8)
      for row in 0..<rows.rowCount { places.insert(Int(truncatingIfNeeded: rows.word(row, 0))) }
    }
    return places
  }

  static func foldedHash(_ text: ByteSlice, _ scratch: WorkerScratch) -> Hash128 {
    scratch.sha256.update(Text.folded(text, scratch.secondBuffer))
    return Hash128(scratch.sha256.finish())
  }

  private static func foldedHash(_ text: EscapedText, _ scratch: WorkerScratch) -> Hash128 {
    scratch.buffer.removeAll()
    return foldedHash(text.text(scratch.buffer), scratch)
  }

  /// Zero: there is no prompt, or it says nothing.
  private static func promptHash(_ prompt: EscapedText?, _ scratch: WorkerScratch) -> Hash128 {
    guard let prompt, !Text.isBlank(prompt) else { return .zero }
    return foldedHash(prompt, scratch)
  }
}
