import JSONTape
import Receipts
import Stages

/// Hands rows that no log can cause to the export actions, as partitions of scored runs without evidence.
enum PlantedPartition {
  static func scored(_ runID: String?, category: String, provenance: Bool) -> String {
    let place: JSON = [
      "source": .string(Plants.sourceName), "source_file": "selftest/plants.jsonl", "line_offset": 0, "byte_offset": 0,
      "byte_length": 2, "sig_hash": .string(String(repeating: "0", count: 64)), "recorded_at": nil,
    ]
    let row: JSON = [
      "schema_version": 1, "evidence_run_id": runID.map(JSON.string) ?? .null, "evidence_task_id": "task",
      "kind": "run",
      "category": .string(category), "reasons": [], "score": nil, "judged_by": nil, "scorer_version": 1,
      "scored_at": nil, "provenance": provenance ? place : .null,
    ]
    return String(decoding: row.encoded(), as: UTF8.self)
  }

  struct Outcome {
    /// What the export action wrote as rows, and as quarantine.
    var exported: String
    var quarantine: String
  }

  /// Runs the map of one exporter over the rows.
  static func run(_ stage: StageName, rows: [String], flags: SelftestFlags) throws -> Outcome {
    var options = ExportOptions()
    flags.apply(to: &options)
    let (function, output): (String, String) =
      switch stage {
      case .exportRAG: (RagMap.function.name, "rag")
      case .exportSFT: (SftMap.function.name, "sft")
      default: (PreferenceMap.function.name, "candidates/0")
      }
    let input = ByteBuffer()
    for row in rows { input.append(row + "\n") }
    let context = ActionContext(
      parameters: ["include_review": .bool(options.includeReview), "include_partial": .bool(options.includePartial)],
      inputs: ["scored/0": input.bytes], scratch: WorkerScratch())
    _ = try withExtendedLifetime(input) { try Pipeline.functions.function(named: function).run(context) }
    func text(_ name: String) -> String { context.outputs[name]?.buffer.bytes.string() ?? "" }
    return Outcome(exported: text(output), quarantine: text("quarantine"))
  }
}
