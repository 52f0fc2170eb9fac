import JSONTape
import Receipts

/// `preference.pair/1`: decides which runs pair. Sees hashes only.
///
/// Parameters: `{"fragments": n, "max_pairs_per_task": n}`. Inputs: `candidates/<i>`, `comparisons/<i>`.
/// Outputs: `plan`, one line a pair in the order of the export: `{"chosen": [fragment, row, kind], "rejected": …, "reason",
/// "self_pairing"}` (kind: `Pairing.Side.Kind`); `overlay/<i>` for `preference.map`. Tasks come in the order of the SHA-256 of their ids.
/// Counts: the fates, `pairs`, `self_pairs`, `tasks` (with candidates), `tasks_with_pairs`, `contested_texts`.
public enum PreferencePair {
  public static let function = function(behind: Firewall())

  static func function(behind firewall: Firewall) -> ActionFunction {
    ActionFunction(name: "preference.pair/1") { context in
      let maximum = max(1, Int(context.parameters["max_pairs_per_task"]?.integer ?? 1))
      let fragments = Int(context.parameters["fragments"]?.integer ?? 0)
      var candidates: [Hash128: [PairingCandidate]] = [:]
      var comparisons: [Hash128: [PairingComparison]] = [:]
      for fragment in 0..<fragments {
        for candidate in try Self.candidates(context, fragment) {
          candidates[candidate.task, default: []].append(candidate)
        }
        for comparison in try Self.comparisons(context, fragment) {
          comparisons[comparison.task, default: []].append(comparison)
        }
      }

      let plan = context.output("plan")
      var overlays = PairingOverlays()
      var fates: [Pairing.Fate: Int64] = [:]
      var tally = Tally()
      for task in Set(candidates.keys).union(comparisons.keys).sorted() {
        let (candidates, comparisons) = (candidates[task] ?? [], comparisons[task] ?? [])
        let pairing = Pairing(candidates, comparisons: comparisons, maximum: maximum, behind: firewall)
        var contestedTexts: Set<Hash128> = []
        for (candidate, fate) in zip(candidates, pairing.fates) {
          fates[fate, default: 0] += 1
          guard fate == .contested else { continue }
          contestedTexts.insert(candidate.text)
          overlays.contest(candidate.side)
        }
        for (comparison, fate) in zip(comparisons, pairing.comparisonFates) {
          if fate == .used { tally.increment("comparisons_planned") }
          if fate == .overCap { tally.increment("comparisons_over_cap") }
          guard fate == .contested else { continue }
          tally.increment("comparisons_contested")
          overlays.contest(
            Pairing.Side(fragment: comparison.fragment, row: comparison.row, kind: .comparisonChosen))
        }
        tally.increment("contested_texts", by: Int64(contestedTexts.count))
        for pair in pairing.pairs {
          append(pair, to: plan)
          tally.increment(pair.isSelfPairing ? "self_pairs" : "pairs")
          overlays.gather(pair.chosen)
          overlays.gather(pair.rejected)
        }
        if pairing.pairs.contains(where: { !$0.isSelfPairing }) { tally.increment("tasks_with_pairs") }
      }
      overlays.write(to: context)
      return [
        "contested": .integer(fates[.contested] ?? 0), "not_candidate": .integer(fates[.notCandidate] ?? 0),
        "without_partner": .integer(fates[.withoutPartner] ?? 0), "used": .integer(fates[.used] ?? 0),
        "over_cap": .integer(fates[.overCap] ?? 0), "pairs": .integer(tally.count("pairs")),
        "self_pairs": .integer(tally.count("self_pairs")), "tasks": .integer(Int64(candidates.count)),
        "tasks_with_pairs": .integer(tally.count("tasks_with_pairs")),
        "contested_texts": .integer(tally.count("contested_texts")),
        "comparisons_planned": .integer(tally.count("comparisons_planned")),
        "comparisons_over_cap": .integer(tally.count("comparisons_over_cap")),
        "comparisons_contested": .integer(tally.count("comparisons_contested")),
      ]
    }
  }

  private static func candidates(_ context: ActionContext, _ fragment: Int) throws -> [PairingCandidate] {
    guard let table = context.optionalInput("candidates/\(fragment)") else { return [] }
    let rows = try TableReader(table, rowWidth: PreferenceMap.rowWidth)
    return (0..<rows.rowCount).map { row in
      PairingCandidate(
        task: rows.hash(row, 0), prompt: rows.hash(row, 16), text: rows.hash(row, 32), order: rows.hash(row, 48),
        category: Category.allCases[Int(rows.half(row, 64)) % Category.allCases.count], fragment: fragment,
        row: Int64(rows.half(row, 68)))
    }
  }

  private static func comparisons(_ context: ActionContext, _ fragment: Int) throws -> [PairingComparison] {
    guard let table = context.optionalInput("comparisons/\(fragment)") else { return [] }
    let rows = try TableReader(table, rowWidth: ComparisonMap.rowWidth)
    return (0..<rows.rowCount).map { row in
      PairingComparison(
        task: rows.hash(row, 0), prompt: rows.hash(row, 16), chosen: rows.hash(row, 32), rejected: rows.hash(row, 48),
        order: rows.hash(row, 64), fragment: fragment, row: Int64(rows.half(row, 80)))
    }
  }

  private static func append(_ pair: Pairing.Pair, to sink: OutputSink) {
    var writer = JSONWriter(sink.buffer)
    writer.beginObject()
    for (name, side) in [("chosen", pair.chosen), ("rejected", pair.rejected)] {
      writer.key(name)
      writer.beginArray()
      writer.integer(Int64(side.fragment))
      writer.integer(side.row)
      writer.integer(side.kind.rawValue)
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

/// What the pairing wants of rows: to be gathered, or stopped as contested. A comparison's line n is row -1 - n.
private struct PairingOverlays {
  private var rows: [Int: [Int64: JSON]] = [:]

  private static func row(_ side: Pairing.Side) -> Int64 { side.kind == .run ? side.row : -1 - side.row }

  mutating func contest(_ side: Pairing.Side) { note(side, "contested") }
  mutating func gather(_ side: Pairing.Side) { note(side, "gather") }

  private mutating func note(_ side: Pairing.Side, _ what: String) {
    let row = Self.row(side)
    rows[side.fragment, default: [:]][row] = .object(JSONObject([("row", .integer(row)), (what, true)]))
  }

  func write(to context: ActionContext) {
    for (fragment, rows) in rows.sorted(by: { $0.key < $1.key }) {
      let sink = context.output("overlay/\(fragment)")
      for (_, overlay) in rows.sorted(by: { $0.key < $1.key }) { OverlayRows.append(overlay, to: sink) }
    }
  }
}
