import JSONTape
import Receipts

@testable import Stages

/// Runs the actions of a function table over bytes in memory, composed as the export stages compose them. What no log
/// can cause can be handed to the exporters this way.
struct FirewallActions {
  let table: FunctionTable

  /// A scored partition with its evidence; both JSON Lines.
  struct Partition {
    var scored: [UInt8]
    var evidence: [UInt8]
  }

  struct Result {
    var outputs: [String: [UInt8]]
    var counts: JSON

    func rows(_ output: String) throws -> [JSON] { try FirewallActions.rows(outputs[output] ?? []) }
  }

  /// What an exporter wrote.
  struct Export {
    var rows: [JSON] = []
    var quarantine: [JSON] = []
    /// Runs of `preference.emit`.
    var shards = 1

    var reasons: [String] { quarantine.map { $0["reason"]?.string ?? "no reason" } }
  }

  static func rows(_ lines: [UInt8]) throws -> [JSON] {
    try lines.split(separator: UInt8(ascii: "\n")).map { try JSON.parse(Array($0)) }
  }

  static func lines(_ rows: [JSON]) -> [UInt8] { rows.flatMap { $0.encoded() + [UInt8(ascii: "\n")] } }

  func run(_ function: String, _ parameters: JSON = [:], _ inputs: [String: [UInt8]]) throws -> Result {
    let buffers = inputs.mapValues { bytes in
      let buffer = ByteBuffer(capacity: bytes.count)
      bytes.withUnsafeBytes { buffer.append($0) }
      return buffer
    }
    let context = ActionContext(
      parameters: parameters, inputs: buffers.mapValues(\.bytes), scratch: WorkerScratch())
    let counts = try table.function(named: function).run(context)
    return withExtendedLifetime((buffers, context)) {
      Result(outputs: context.outputs.mapValues { Array($0.buffer.bytes.buffer) }, counts: counts)
    }
  }

  /// `export-rag` and `export-sft`.
  ///
  /// - Parameters:
  ///   - name: `rag` or `sft`.
  ///   - more: inputs of every fragment: `facts`, `holdout`.
  func samples(
    _ name: String, _ partitions: [Partition], _ parameters: JSON = [:], dedupe: String = "none",
    more: [String: [UInt8]] = [:]
  ) throws -> Export {
    var results = try map("\(name).map/1", partitions, parameters, more)
    let unique = try unique(results, by: name == "sft" ? "texts" : "id", dedupe: dedupe)
    try rerun("\(name).map/1", partitions, parameters, more, overlays: unique, &results)
    return Export(
      rows: try results.flatMap { try $0.rows(name) }, quarantine: try results.flatMap { try $0.rows("quarantine") })
  }

  /// `export-preference`.
  ///
  /// - Parameters:
  ///   - shardBytes: how many bytes of texts one run of `preference.emit` takes at most, but for its last pair.
  ///   - buckets: into which the tasks are parted.
  func preference(
    _ partitions: [Partition], maximum: Int64 = 5, shardBytes: Int64 = 16 << 20,
    buckets: HashBuckets = HashBuckets(bits: 0), more: [String: [UInt8]] = [:]
  ) throws -> Export {
    let bits: JSON = ["bucket_bits": .integer(Int64(buckets.bits))]
    var results = try map("preference.map/2", partitions, bits, more)
    var paired: [(bucket: Int, result: Result)] = []
    for bucket in 0..<buckets.count {
      let candidates = Self.numbered("candidates/\(bucket)", as: "candidates", results.enumerated().map { ($0, $1) })
      let comparisons = Self.numbered("comparisons/\(bucket)", as: "comparisons", results.enumerated().map { ($0, $1) })
      if candidates.inputs.isEmpty && comparisons.inputs.isEmpty { continue }
      let parameters: JSON = [
        "max_pairs_per_task": .integer(maximum), "shard_bytes": .integer(shardBytes),
        "bucket_bits": .integer(Int64(buckets.bits)), "candidates": candidates.numbers,
        "comparisons": comparisons.numbers,
      ]
      let inputs = candidates.inputs.merging(comparisons.inputs) { $1 }
      paired.append((bucket, try run("preference.pair/2", parameters, inputs)))
    }
    let found = paired.map { ($0.bucket, $0.result) }
    var gathered: [(Int, Result)] = []
    for (index, partition) in partitions.enumerated() {
      let inputs = ["scored/0": partition.scored, "evidence/0": partition.evidence]
      let contested = Self.numbered("contested/\(index)", as: "contested", found).inputs
      if !contested.isEmpty {
        results[index] = try run(
          "preference.map/2", bits, more.merging(inputs) { $1 }.merging(contested) { $1 })
      }
      let wanted = Self.numbered("wanted/\(index)", as: "wanted", found)
      if wanted.inputs.isEmpty { continue }
      gathered.append(
        (
          index,
          try run(
            "preference.gather/1", ["buckets": wanted.numbers],
            wanted.inputs.merging(inputs) { $1 })
        ))
    }
    let shards = paired.flatMap { bucket, result in
      (result.counts["shards"]?.array ?? []).compactMap(\.string).map { name in
        let rows = Self.numbered("gathered/\(bucket).\(name)", as: "gathered", gathered)
        return Shard(
          fragments: rows.numbers, inputs: rows.inputs.merging(["plan/0": result.outputs["plan/\(name)"] ?? []]) { $1 })
      }
    }
    let pairs = try emit(shards)
    return Export(
      rows: pairs.rows,
      quarantine: try results.flatMap { try $0.rows("quarantine") + $0.rows("comparison-quarantine") }
        + pairs.quarantine, shards: shards.count)
  }

  /// What a run of `preference.emit` is given.
  struct Shard {
    var fragments: JSON
    var inputs: [String: [UInt8]]
  }

  /// The last steps of `export-preference`.
  func emit(_ shards: [Shard]) throws -> Export {
    var emitted = try shards.map { try run("preference.emit/2", ["fragments": $0.fragments], $0.inputs) }
    let unique = try unique(emitted, by: "id")
    for (index, shard) in shards.enumerated() {
      guard let overlay = unique.outputs["overlay/\(index)"] else { continue }
      emitted[index] = try run(
        "preference.emit/2", ["fragments": shard.fragments], shard.inputs.merging(["overlay/0": overlay]) { $1 })
    }
    return Export(
      rows: try emitted.flatMap { try $0.rows("preference") },
      quarantine: try emitted.flatMap { try $0.rows("quarantine") }, shards: shards.count)
  }

  /// The outputs of a name that have bytes, as the inputs `<alias>/<k>`, and the numbers of their actions.
  private static func numbered(
    _ output: String, as alias: String, _ results: [(Int, Result)]
  ) -> (inputs: [String: [UInt8]], numbers: JSON) {
    var inputs: [String: [UInt8]] = [:]
    var numbers: [JSON] = []
    for (number, result) in results {
      guard let bytes = result.outputs[output], !bytes.isEmpty else { continue }
      inputs["\(alias)/\(numbers.count)"] = bytes
      numbers.append(.integer(Int64(number)))
    }
    return (inputs, .array(numbers))
  }

  private func map(
    _ function: String, _ partitions: [Partition], _ parameters: JSON, _ more: [String: [UInt8]]
  ) throws -> [Result] {
    try partitions.map { partition in
      try run(
        function, parameters, more.merging(["scored/0": partition.scored, "evidence/0": partition.evidence]) { $1 })
    }
  }

  private func rerun(
    _ function: String, _ partitions: [Partition], _ parameters: JSON, _ more: [String: [UInt8]], overlays: Result,
    _ results: inout [Result]
  ) throws {
    for (index, partition) in partitions.enumerated() {
      guard let overlay = overlays.outputs["overlay/\(index)"] else { continue }
      let inputs = ["scored/0": partition.scored, "evidence/0": partition.evidence, "overlay/0": overlay]
      results[index] = try run(function, parameters, more.merging(inputs) { $1 })
    }
  }

  /// Which samples an earlier one is the same as.
  private func unique(_ results: [Result], by hash: String, dedupe: String = "none") throws -> Result {
    var tables: [String: [UInt8]] = [:]
    for (index, result) in results.enumerated() { tables[String(index)] = result.outputs["samples"] }
    let parts = try run(
      "export.parts/1", ["bits": 0, "by": .string(hash), "fragments": .integer(Int64(results.count))], tables)
    guard let samples = parts.outputs["samples/0"] else { return Result(outputs: [:], counts: [:]) }
    return try run("export.unique/2", ["bits": 0, "dedupe": .string(dedupe), "firsts": [0]], ["0": samples])
  }
}
