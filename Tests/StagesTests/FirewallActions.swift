import JSONTape
import Receipts

@testable import Stages

/// Runs the actions of a function table over bytes in memory, composed as the export stages compose them. What no log can cause
/// can be handed to the exporters this way.
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
    let unique = try run(
      "export.unique/1", ["fragments": .integer(Int64(results.count)), "dedupe": .string(dedupe)],
      Self.gather("samples", results))
    try rerun("\(name).map/1", partitions, parameters, more, overlays: unique, &results)
    return Export(
      rows: try results.flatMap { try $0.rows(name) }, quarantine: try results.flatMap { try $0.rows("quarantine") })
  }

  /// `export-preference`.
  ///
  /// - Parameter shardBytes: how many bytes of texts one run of `preference.emit` takes at most, but for its last pair.
  func preference(
    _ partitions: [Partition], maximum: Int64 = 5, shardBytes: Int64 = 16 << 20, more: [String: [UInt8]] = [:]
  ) throws -> Export {
    var results = try map("preference.map/1", partitions, [:], more)
    let paired = try run(
      "preference.pair/1",
      [
        "fragments": .integer(Int64(results.count)), "max_pairs_per_task": .integer(maximum),
        "shard_bytes": .integer(shardBytes),
      ],
      Self.gather("candidates", results).merging(Self.gather("comparisons", results)) { $1 })
    try rerun("preference.map/1", partitions, [:], more, overlays: paired, &results)
    let shards = (paired.counts["shards"]?.array ?? []).compactMap(\.string).map { name in
      Self.gather("gathered/\(name)", as: "gathered", results)
        .merging(["plan": paired.outputs["plan/\(name)"] ?? []]) { $1 }
    }
    let pairs = try emit(shards, fragments: results.count)
    return Export(
      rows: pairs.rows,
      quarantine: try results.flatMap { try $0.rows("quarantine") + $0.rows("comparison-quarantine") }
        + pairs.quarantine, shards: shards.count)
  }

  /// The last steps of `export-preference`.
  ///
  /// - Parameter shards: `plan` and `gathered/<i>` of each.
  func emit(_ shards: [[String: [UInt8]]], fragments: Int) throws -> Export {
    let parameters: JSON = ["fragments": .integer(Int64(fragments))]
    var emitted = try shards.map { try run("preference.emit/1", parameters, $0) }
    let unique = try run(
      "export.unique/1", ["fragments": .integer(Int64(emitted.count))], Self.gather("samples", emitted))
    for (index, shard) in shards.enumerated() {
      guard let overlay = unique.outputs["overlay/\(index)"] else { continue }
      emitted[index] = try run("preference.emit/1", parameters, shard.merging(["overlay": overlay]) { $1 })
    }
    return Export(
      rows: try emitted.flatMap { try $0.rows("preference") },
      quarantine: try emitted.flatMap { try $0.rows("quarantine") }, shards: shards.count)
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
      let inputs = ["scored/0": partition.scored, "evidence/0": partition.evidence, "overlay": overlay]
      results[index] = try run(function, parameters, more.merging(inputs) { $1 })
    }
  }

  private static func gather(_ output: String, as alias: String? = nil, _ results: [Result]) -> [String: [UInt8]] {
    var inputs: [String: [UInt8]] = [:]
    for (index, result) in results.enumerated() { inputs["\(alias ?? output)/\(index)"] = result.outputs[output] }
    return inputs
  }
}
