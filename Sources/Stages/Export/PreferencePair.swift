import JSONTape
import Receipts

/// `preference.pair/1`: decides which runs pair. Sees hashes only.
///
/// Parameters: `{"fragments": n, "max_pairs_per_task": n}`. Inputs: `candidates/<i>`.
/// Outputs: `plan`, one line a pair in the order of the export: `{"chosen": [fragment, row], "rejected": …, "reason",
/// "self_pairing"}`; `overlay/<i>` for `preference.map`. Tasks come in the order of the SHA-256 of their ids.
/// Counts: the fates, `pairs`, `self_pairs`, `tasks` (with candidates), `tasks_with_pairs`, `contested_texts`.
public enum PreferencePair {
  public static let function = ActionFunction(name: "preference.pair/1") { context in
    let maximum = max(1, Int(context.parameters["max_pairs_per_task"]?.integer ?? 1))
    let fragments = Int(context.parameters["fragments"]?.integer ?? 0)
    var tasks: [Hash128: [PairingCandidate]] = [:]
    for fragment in 0..<fragments {
      guard let table = context.optionalInput("candidates/\(fragment)") else { continue }
      let rows = try TableReader(table, rowWidth: PreferenceMap.rowWidth)
      for row in 0..<rows.rowCount {
        let candidate = PairingCandidate(
          task: rows.hash(row, 0), prompt: rows.hash(row, 16), text: rows.hash(row, 32), order: rows.hash(row, 48),
          category: Category.allCases[Int(rows.half(row, 64)) % Category.allCases.count], fragment: fragment,
          row: Int64(rows.half(row, 68)))
        tasks[candidate.task, default: []].append(candidate)
      }
    }

    let plan = context.output("plan")
    var overlays: [Int: [Int64: (contested: Bool, gather: Bool)]] = [:]
    var fates: [Pairing.Fate: Int64] = [:]
    var tally = Tally()
    for task in tasks.keys.sorted() {
      let candidates = tasks[task]!
      let pairing = Pairing(candidates, maximum: maximum)
      for (candidate, fate) in zip(candidates, pairing.fates) {
        fates[fate, default: 0] += 1
        if fate == .contested { overlays[candidate.fragment, default: [:]][candidate.row] = (true, false) }
      }
      tally.increment(
        "contested_texts",
        by: Int64(Set(zip(candidates, pairing.fates).filter { $0.1 == .contested }.map(\.0.text)).count))
      for pair in pairing.pairs {
        append(pair, to: plan)
        tally.increment(pair.isSelfPairing ? "self_pairs" : "pairs")
        for side in [pair.chosen, pair.rejected] { overlays[side.fragment, default: [:]][side.row] = (false, true) }
      }
      if pairing.pairs.contains(where: { !$0.isSelfPairing }) { tally.increment("tasks_with_pairs") }
    }
    for (fragment, rows) in overlays.sorted(by: { $0.key < $1.key }) {
      let sink = context.output("overlay/\(fragment)")
      for (row, note) in rows.sorted(by: { $0.key < $1.key }) {
        let overlay: JSON = [
          "row": .integer(row), "contested": .bool(note.contested), "gather": .bool(note.gather),
        ]
        OverlayRows.append(overlay, to: sink)
      }
    }
    return [
      "contested": .integer(fates[.contested] ?? 0), "not_candidate": .integer(fates[.notCandidate] ?? 0),
      "without_partner": .integer(fates[.withoutPartner] ?? 0), "used": .integer(fates[.used] ?? 0),
      "over_cap": .integer(fates[.overCap] ?? 0), "pairs": .integer(tally.count("pairs")),
      "self_pairs": .integer(tally.count("self_pairs")), "tasks": .integer(Int64(tasks.count)),
      "tasks_with_pairs": .integer(tally.count("tasks_with_pairs")),
      "contested_texts": .integer(tally.count("contested_texts")),
    ]
  }

  private static func append(_ pair: Pairing.Pair, to sink: OutputSink) {
    var writer = JSONWriter(sink.buffer)
    writer.beginObject()
    for (name, side) in [("chosen", pair.chosen), ("rejected", pair.rejected)] {
      writer.key(name)
      writer.beginArray()
      writer.integer(Int64(side.fragment))
      writer.integer(side.row)
      writer.endArray()
    }
    writer.key("reason")
    writer.string(pair.reason.rawValue)
    writer.key("self_pairing")
    writer.bool(pair.isSelfPairing)
    writer.endObject()
    writer.newline()
    sink.recordCount += 1
  }
}
