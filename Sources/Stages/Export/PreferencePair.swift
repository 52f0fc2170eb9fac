import JSONTape
import Receipts

/// `preference.pair/2`: decides which runs of a bucket pair. Sees hashes only.
///
/// Parameters: `{"max_pairs_per_task": n, "bucket_bits": n, "shard_bytes": n, "candidates": [fragment, …],
/// "comparisons": [fragment, …]}`. Inputs: `candidates/<k>` and `comparisons/<k>` of the k-th of these fragments.
/// Outputs: `plan/<shard>`, a `PlannedPair` each in the order of the export; `wanted/<fragment>`, a `WantedRow` for
/// what each shard shows; `contested/<fragment>`, the places of evidence whose text is contested, 8 bytes each. Tasks
/// come in the order of the SHA-256 of their ids. Counts: `shards` (their names in that order), the fates, `pairs`,
/// `self_pairs`, `tasks` (with candidates), `tasks_with_pairs`, `contested_texts`.
public enum PreferencePair {
  public static let function = function(behind: Firewall())

  static func function(behind firewall: Firewall) -> ActionFunction {
    ActionFunction(name: "preference.pair/2") { context in
      var bucket = try BucketPairing(context, firewall)
      bucket.run()
      return bucket.write()
    }
  }

  /// What it counts, but for the shards.
  static let counts = [
    "contested", "not_candidate", "without_partner", "used", "over_cap", "pairs", "self_pairs", "tasks",
    "tasks_with_pairs", "contested_texts", "comparisons_planned", "comparisons_over_cap", "comparisons_contested",
  ]
}

private struct BucketPairing {
  private let context: ActionContext
  private let firewall: Firewall
  private let maximum: Int
  private let candidates: [PairingCandidate]
  private let comparisons: [PairingComparison]

  private var planned: [(task: Hash128, pair: Pairing.Pair)] = []
  private var contested: [Place] = []
  private var fates: [Pairing.Fate: Int64] = [:]
  private var counts: [String: Int64] = [:]

  private struct Place: Comparable {
    var fragment: Int
    var place: Int

    init(_ side: Pairing.Side) { (fragment, place) = (side.fragment, side.place) }

    static func < (left: Place, right: Place) -> Bool {
      (left.fragment, left.place) < (right.fragment, right.place)
    }
  }

  init(_ context: ActionContext, _ firewall: Firewall) throws {
    self.context = context
    self.firewall = firewall
    maximum = max(1, Int(context.parameters["max_pairs_per_task"]?.integer ?? 1))
    candidates = try Self.table(context, "candidates", PairingCandidate.rowWidth) {
      PairingCandidate($0, $1, fragment: $2)
    }.sorted { ($0.task, $0.fragment, $0.place) < ($1.task, $1.fragment, $1.place) }
    comparisons = try Self.table(context, "comparisons", PairingComparison.rowWidth) {
      PairingComparison($0, $1, fragment: $2)
    }.sorted { ($0.task, $0.fragment, $0.place) < ($1.task, $1.fragment, $1.place) }
  }

  private static func table<Row>(
    _ context: ActionContext, _ name: String, _ width: Int, _ read: (TableReader, Int, _ fragment: Int) -> Row
  ) throws -> [Row] {
    var all: [Row] = []
    let fragments = (context.parameters[name]?.array ?? []).map { Int($0.integer ?? 0) }
    let tables = try fragments.indices.map { try TableReader(context.input("\(name)/\($0)"), rowWidth: width) }
    all.reserveCapacity(tables.reduce(0) { $0 + $1.rowCount })
    for (fragment, rows) in zip(fragments, tables) {
      for row in 0..<rows.rowCount { all.append(read(rows, row, fragment)) }
    }
    return all
  }

  mutating func run() {
    var (candidate, comparison) = (0, 0)
    var tasks: Int64 = 0
    while candidate < candidates.count || comparison < comparisons.count {
      let task =
        candidate == candidates.count
        ? comparisons[comparison].task
        : comparison == comparisons.count
          ? candidates[candidate].task : min(candidates[candidate].task, comparisons[comparison].task)
      var (end, comparisonEnd) = (candidate, comparison)
      while end < candidates.count, candidates[end].task == task { end += 1 }
      while comparisonEnd < comparisons.count, comparisons[comparisonEnd].task == task { comparisonEnd += 1 }
      if end > candidate { tasks += 1 }
      pair(task, candidates[candidate..<end], comparisons[comparison..<comparisonEnd])
      (candidate, comparison) = (end, comparisonEnd)
    }
    counts["tasks"] = tasks
  }

  private mutating func count(_ name: String, by more: Int = 1) {
    if more > 0 { counts[name, default: 0] += Int64(more) }
  }

  private mutating func pair(
    _ task: Hash128, _ candidates: ArraySlice<PairingCandidate>, _ comparisons: ArraySlice<PairingComparison>
  ) {
    let pairing = Pairing(candidates, comparisons: comparisons, maximum: maximum, behind: firewall)
    for (candidate, fate) in zip(candidates, pairing.fates) {
      fates[fate, default: 0] += 1
      if fate == .contested { contested.append(Place(candidate.side)) }
    }
    for (comparison, fate) in zip(comparisons, pairing.comparisonFates) {
      if fate == .used { count("comparisons_planned") }
      if fate == .overCap { count("comparisons_over_cap") }
      guard fate == .contested else { continue }
      count("comparisons_contested")
      contested.append(Place(comparison.side))
    }
    count("contested_texts", by: pairing.contestedTexts.count)
    var selfPairs = 0
    for pair in pairing.pairs {
      if pair.isSelfPairing { selfPairs += 1 }
      planned.append((task, pair))
    }
    count("self_pairs", by: selfPairs)
    count("pairs", by: pairing.pairs.count - selfPairs)
    if pairing.pairs.count > selfPairs { count("tasks_with_pairs") }
  }

  mutating func write() -> JSON {
    contested.sort()
    for place in contested {
      var table = TableWriter(sink: context.output("contested/\(place.fragment)"))
      table.word(UInt64(place.place))
      table.endRow()
    }
    let shards = writePlan()
    for (name, fate) in [
      ("contested", Pairing.Fate.contested), ("not_candidate", .notCandidate), ("without_partner", .withoutPartner),
      ("used", .used), ("over_cap", .overCap),
    ] {
      counts[name] = fates[fate]
    }
    return .object(
      JSONObject(
        [("shards", .array(shards.map { .string($0.name) }))]
          + PreferencePair.counts.map { ($0, .integer(counts[$0] ?? 0)) }))
  }

  /// Returns the shards in the order of the export.
  private func writePlan() -> [PreferenceShards.Shard] {
    let limit = Int(context.parameters["shard_bytes"]?.integer ?? Int64(PreferenceShards.defaultLimit))
    let buckets = HashBuckets(bits: Int(context.parameters["bucket_bits"]?.integer ?? 0))
    var shards = PreferenceShards(
      total: planned.reduce(0) { $0 + $1.pair.byteCount }, limit: limit, buckets: buckets)
    var names: [PreferenceShards.Shard] = []
    var wanted: [(fragment: Int, row: WantedRow)] = []
    wanted.reserveCapacity(2 * planned.count)
    for (task, pair) in planned {
      let shard = shards.place(task, byteCount: pair.byteCount)
      if names.last != shard { names.append(shard) }
      PlannedPair(pair).append(to: context.output("plan/\(shard.name)"))
      wanted.append((pair.chosen.fragment, WantedRow(pair.chosen, shard: shard, isChosen: true)))
      wanted.append((pair.rejected.fragment, WantedRow(pair.rejected, shard: shard, isChosen: false)))
    }
    wanted.sort { ($0.fragment, $0.row) < ($1.fragment, $1.row) }
    var last: (fragment: Int, row: WantedRow)?
    for (fragment, row) in wanted {
      // In several pairs of the shard.
      if let last, last.fragment == fragment, last.row.showsSame(as: row) { continue }
      row.append(to: context.output("wanted/\(fragment)"))
      last = (fragment, row)
    }
    return names
  }
}
