import JSONTape
import Receipts

/// `preference.pair/1`: decides which runs pair. Sees hashes only.
///
/// Parameters: `{"fragments": n, "max_pairs_per_task": n, "shard_bytes": n}`. Inputs: `candidates/<i>`, `comparisons/<i>`.
/// Outputs: `plan/<shard>`, one line a pair in the order of the export: `{"chosen": [fragment, row, kind], "rejected": …,
/// "reason", "self_pairing"}` (kind: `Pairing.Side.Kind`); `overlay/<i>` for `preference.map`. Tasks come in the order of the
/// SHA-256 of their ids. Counts: `shards` (their names in that order), the fates, `pairs`, `self_pairs`, `tasks` (with
/// candidates), `tasks_with_pairs`, `contested_texts`.
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

      let limit = Int(context.parameters["shard_bytes"]?.integer ?? Int64(PreferenceShards.defaultLimit))
      var planned: [(task: Hash128, pairs: [Pairing.Pair])] = []
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
        for pair in pairing.pairs { tally.increment(pair.isSelfPairing ? "self_pairs" : "pairs") }
        if !pairing.pairs.isEmpty { planned.append((task, pairing.pairs)) }
        if pairing.pairs.contains(where: { !$0.isSelfPairing }) { tally.increment("tasks_with_pairs") }
      }
      let shards = write(planned, limit, &overlays, to: context)
      overlays.write(to: context)
      return [
        "shards": .array(shards.map(JSON.string)),
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

  /// Returns the names of the shards, in the order of the export.
  private static func write(
    _ planned: [(task: Hash128, pairs: [Pairing.Pair])], _ limit: Int, _ overlays: inout PairingOverlays,
    to context: ActionContext
  ) -> [String] {
    let total = planned.reduce(0) { $1.pairs.reduce($0) { $0 + $1.byteCount } }
    var shards = PreferenceShards(total: total, limit: limit)
    var names: [String] = []
    for (task, pairs) in planned {
      for pair in pairs {
        let shard = shards.place(task, byteCount: pair.byteCount)
        if names.last != shard { names.append(shard) }
        append(pair, to: context.output("plan/\(shard)"))
        overlays.gather(pair.chosen, shard)
        overlays.gather(pair.rejected, shard)
      }
    }
    return names
  }

  private static func candidates(_ context: ActionContext, _ fragment: Int) throws -> [PairingCandidate] {
    try table(context, "candidates/\(fragment)", PreferenceMap.rowWidth) { rows, row in
      PairingCandidate(
        task: rows.hash(row, 0), prompt: rows.hash(row, 16), text: rows.hash(row, 32), order: rows.hash(row, 48),
        category: Category.allCases[Int(rows.half(row, 64)) % Category.allCases.count], fragment: fragment,
        row: Int64(rows.half(row, 68)), byteCount: Int(rows.half(row, 72)))
    }
  }

  private static func comparisons(_ context: ActionContext, _ fragment: Int) throws -> [PairingComparison] {
    try table(context, "comparisons/\(fragment)", ComparisonMap.rowWidth) { rows, row in
      PairingComparison(
        task: rows.hash(row, 0), prompt: rows.hash(row, 16), chosen: rows.hash(row, 32), rejected: rows.hash(row, 48),
        order: rows.hash(row, 64), fragment: fragment, row: Int64(rows.half(row, 80)),
        byteCount: Int(rows.half(row, 84)))
    }
  }

  private static func table<Row>(
    _ context: ActionContext, _ name: String, _ width: Int, _ read: (TableReader, Int) -> Row
  ) throws -> [Row] {
    guard let table = context.optionalInput(name) else { return [] }
    let rows = try TableReader(table, rowWidth: width)
    return (0..<rows.rowCount).map { read(rows, $0) }
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

/// What the pairing wants of rows: to be gathered for shards, or stopped as contested. A comparison's line n is row -1 - n.
private struct PairingOverlays {
  /// By fragment; the shards that gather a row, none: it is contested.
  private var rows: [Int: [Int64: [String]]] = [:]

  private static func row(_ side: Pairing.Side) -> Int64 { side.kind == .run ? side.row : -1 - side.row }

  mutating func contest(_ side: Pairing.Side) { rows[side.fragment, default: [:]][Self.row(side)] = [] }

  /// Shards come one after the other.
  mutating func gather(_ side: Pairing.Side, _ shard: String) {
    let row = Self.row(side)
    guard rows[side.fragment]?[row]?.last != shard else { return }
    rows[side.fragment, default: [:]][row, default: []].append(shard)
  }

  func write(to context: ActionContext) {
    for (fragment, rows) in rows.sorted(by: { $0.key < $1.key }) {
      let sink = context.output("overlay/\(fragment)")
      for (row, shards) in rows.sorted(by: { $0.key < $1.key }) {
        let note: (String, JSON) =
          shards.isEmpty ? ("contested", true) : ("gather", .array(shards.map(JSON.string)))
        OverlayRows.append(.object(JSONObject([("row", .integer(row)), note])), to: sink)
      }
    }
  }
}
