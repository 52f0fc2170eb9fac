import JSONTape
import Receipts

/// What an exporter made of the scored runs: its books, why records were stopped, and what the rows are like.
enum ExportFacts {
  /// nil: it has no receipt.
  static func tree(_ record: StageRecord) -> JSON? {
    guard let core = record.newest?.receipt.core else { return nil }
    let counts = core.recordCounts
    let path = path(of: record.name)
    let file = core.outputs.first { $0.path == path }
    var facts: JSONObject = [
      "stage": .string(record.name.text), "parameters": core.parameters,
      "file": .string(path.string), "sha256": file.map { .string($0.digest.hex) } ?? .null,
      "bytes": .integer(Int64(file?.byteCount ?? 0)), "rows": .integer(Int64(file?.recordCount ?? 0)),
    ]
    let terms =
      record.name == .exportPreference
      ? [
        "scored", "quarantined", "not_candidate", "without_partner", "used", "over_cap", "exported",
        "pairs_quarantined",
      ] : ["scored", "quarantined", "exported"]
    for term in terms { facts[term] = .integer(counts.figure(term)) }
    for table in ["by_reason", "by_category", "by_source", "by_preference"] { facts[table] = counts[table] }
    facts["tasks"] = core.summary["tasks"] ?? 0
    facts["models"] = core.summary["models"] ?? [:]
    facts["lengths"] = core.summary["lengths"] ?? .null
    if let count = core.summary["without_messages"] { facts["without_messages"] = count }
    return .object(facts)
  }

  private static func path(of stage: StageName) -> RelativePath {
    switch stage {
    case .exportRAG: Layout.rag
    case .exportSFT: Layout.sft
    default: Layout.preference
    }
  }
}
