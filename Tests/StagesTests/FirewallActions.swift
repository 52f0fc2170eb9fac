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
  func preference(_ partitions: [Partition], maximum: Int64 = 5, more: [String: [UInt8]] = [:]) throws -> Export {
    var results = try map("preference.map/1", partitions, [:], more)
    let count = JSON.integer(Int64(results.count))
    let paired = try run(
      "preference.pair/1", ["fragments": count, "max_pairs_per_task": .integer(maximum)],
      Self.gather("candidates", results).merging(Self.gather("comparisons", results)) { $1 })
    try rerun("preference.map/1", partitions, [:], more, overlays: paired, &results)
    let emitted = try run(
      "preference.emit/1", ["fragments": count],
      Self.gather("gathered", results).merging(["plan": paired.outputs["plan"] ?? []]) { $1 })
    return Export(
      rows: try emitted.rows("preference"),
      quarantine: try results.flatMap { try $0.rows("quarantine") + $0.rows("comparison-quarantine") }
        + emitted.rows("quarantine"))
  }

  private func map(
    _ function: String, _ partitions: [Partition], _ parameters: JSON, _ more: [String: [UInt8]]
  ) throws -> [Result] {
    try partitions.map { partition in
      try run(
        function, parameters, more.merging(["scored": partition.scored, "evidence": partition.evidence]) { $1 })
    }
  }

  private func rerun(
    _ function: String, _ partitions: [Partition], _ parameters: JSON, _ more: [String: [UInt8]], overlays: Result,
    _ results: inout [Result]
  ) throws {
    for (index, partition) in partitions.enumerated() {
      guard let overlay = overlays.outputs["overlay/\(index)"] else { continue }
      let inputs = ["scored": partition.scored, "evidence": partition.evidence, "overlay": overlay]
      results[index] = try run(function, parameters, more.merging(inputs) { $1 })
    }
  }

  private static func gather(_ output: String, _ results: [Result]) -> [String: [UInt8]] {
    var inputs: [String: [UInt8]] = [:]
    for (index, result) in results.enumerated() { inputs["\(output)/\(index)"] = result.outputs[output] }
    return inputs
  }
}
