import JSONTape
import Receipts

/// The steps of `export-preference` as actions: map → pair → gather → emit.
struct PreferenceActions {
  let groups: [[ActionInput]]
  let buckets: HashBuckets
  let maximum: JSON

  /// `preference.map` of each group.
  var maps: [Action] {
    groups.map {
      Action(
        function: PreferenceMap.function.name, parameters: ["bucket_bits": .integer(Int64(buckets.bits))],
        inputs: $0)
    }
  }

  /// `preference.pair` of each bucket that has something in it.
  func pairings(_ mapped: [ActionResult]) -> [(bucket: Int, action: Action)] {
    let outputs = NumberedOutputs(mapped)
    return (0..<buckets.count).compactMap { bucket in
      let candidates = outputs.inputs("candidates/\(bucket)", as: "candidates")
      let comparisons = outputs.inputs("comparisons/\(bucket)", as: "comparisons")
      if candidates.inputs.isEmpty && comparisons.inputs.isEmpty { return nil }
      let parameters: JSON = [
        "max_pairs_per_task": maximum, "bucket_bits": .integer(Int64(buckets.bits)),
        "candidates": candidates.numbers, "comparisons": comparisons.numbers,
      ]
      return (
        bucket,
        Action(
          function: PreferencePair.function.name, parameters: parameters,
          inputs: candidates.inputs + comparisons.inputs)
      )
    }
  }

  /// `preference.gather` of each group with rows that pairs show.
  func gathers(_ paired: NumberedOutputs) -> [(group: Int, action: Action)] {
    groups.indices.compactMap { group in
      let wanted = paired.inputs("wanted/\(group)", as: "wanted")
      if wanted.inputs.isEmpty { return nil }
      let rows = groups[group].filter { $0.name.hasPrefix("scored/") || $0.name.hasPrefix("evidence/") }
      return (
        group,
        Action(
          function: PreferenceGather.function.name, parameters: ["buckets": wanted.numbers],
          inputs: wanted.inputs + rows)
      )
    }
  }

  /// `preference.emit` of each shard, in the order of the export.
  func emissions(_ paired: [(bucket: Int, result: ActionResult)], _ gathered: NumberedOutputs) -> [Action] {
    paired.flatMap { bucket, result in
      let plans = NumberedOutputs([result])
      return (result.counts["shards"]?.array ?? []).compactMap(\.string).map { shard in
        let rows = gathered.inputs("gathered/\(bucket).\(shard)", as: "gathered")
        let plan = plans.inputs("plan/\(shard)", as: "plan")
        return Action(
          function: PreferenceEmit.function.name, parameters: ["fragments": rows.numbers],
          inputs: plan.inputs + rows.inputs)
      }
    }
  }
}
