import JSONTape
import Receipts

/// The facts of a report as one tree, in the order in which the text shows them.
enum ReportFacts {
  static let schema = "distill-make/report/v1"

  static func tree(_ records: [StageRecord], quarantine: JSON) -> JSON {
    let verdict = ReportVerdict(records)
    let last = verdict.last
    return [
      "schema": .string(schema),
      "status": .string(verdict.status.rawValue),
      "since": last.map { .string($0.run.finishedAt.text) } ?? .null,
      "git": StageFacts.git(last?.git),
      "tool": last.map { StageFacts.tool($0.core.tool) } ?? .null,
      "problems": .array(verdict.problems.map(JSON.string)),
      "stages": .array(records.map(StageFacts.tree)),
      "sources": SourceFacts.sources(records),
      "exports": .array(records.filter { Pipeline.exports.contains($0.name) }.compactMap(ExportFacts.tree)),
      "scoring": scoring(records),
      "judgements": judgements(records),
      "contested": contested(records),
      "duplicates": duplicates(records),
      "fields": SourceFacts.fields(records),
      "notes": notes(records),
      "changes": .array(records.compactMap(ReceiptChanges.tree)),
      "quarantine": quarantine,
    ]
  }

  private static func scoring(_ records: [StageRecord]) -> JSON {
    guard let counts = records.core(.score)?.recordCounts else { return .null }
    return [
      "scored": counts["scored"] ?? 0, "by_category": counts["by_category"] ?? [:],
      "by_rule": counts["by_rule"] ?? [:], "by_judge": counts["by_judge"] ?? [:],
    ]
  }

  private static func judgements(_ records: [StageRecord]) -> JSON {
    guard let core = records.core(.score) else { return .null }
    let counts = core.recordCounts
    return [
      "judgements": counts["judgements"] ?? 0, "comparisons": counts["comparisons"] ?? 0,
      "matched": counts["judgements_matched"] ?? 0, "unmatched": counts["judgements_unmatched"] ?? 0,
      "stale": counts["judgements_stale"] ?? 0,
      "conflicting_runs": .integer(counts.figure("by_rule", RuleID.verdictConflict.rawValue)),
      "unmatched_examples": core.summary["unmatched_examples"] ?? [],
      "stale_examples": core.summary["stale_examples"] ?? [],
    ]
  }

  private static func contested(_ records: [StageRecord]) -> JSON {
    guard let summary = records.core(.exportPreference)?.summary else { return .null }
    return ["texts": summary["contested_texts"] ?? 0, "runs": summary["contested_runs"] ?? 0]
  }

  private static func duplicates(_ records: [StageRecord]) -> JSON {
    guard let evidence = records.core(.buildEvidence) else { return .null }
    let samples = records.core(.exportSFT)
    return [
      "identities": evidence.recordCounts["duplicates"] ?? 0, "sft_samples": samples?.summary["repeated"] ?? .null,
      "sft_dedupe": samples?.parameters["dedupe"] ?? .null,
    ]
  }

  private static func notes(_ records: [StageRecord]) -> JSON {
    let summary = records.core(.buildEvidence)?.summary
    return ["warnings": summary?["warnings"] ?? [], "pending": summary?["pending"] ?? []]
  }
}

extension [StageRecord] {
  /// Of the newest receipt.
  func core(_ name: StageName) -> Receipt.Core? { first { $0.name == name }?.newest?.receipt.core }
}

extension JSON {
  /// The integer that a chain of keys leads to; 0 where there is none: a term that was not counted did not occur.
  func figure(_ keys: String...) -> Int64 {
    var value: JSON? = self
    for key in keys { value = value?[key] }
    return value?.integer ?? 0
  }

  /// The elements of the array under `key`; none where there is no such array.
  func list(_ key: String) -> [JSON] { self[key]?.array ?? [] }

  /// The members of the object under `key`; none where there is no such object.
  func members(_ key: String) -> JSONObject { self[key]?.object ?? [:] }

  /// The text under `key`; empty where there is none.
  func text(_ key: String) -> String { self[key]?.string ?? "" }
}
