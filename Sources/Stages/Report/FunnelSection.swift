import JSONTape

/// For each exporter how many of the scored runs came through, and why the others did not.
enum FunnelSection {
  static func write(_ facts: JSON, to page: inout MarkdownPage) {
    let exports = facts.list("exports")
    guard !exports.isEmpty else { return }
    page.heading(2, "Why records were stopped")
    for export in exports {
      let isPairs = export["by_preference"] != nil
      page.heading(3, export.text("stage"))
      page.paragraph(isPairs ? pairs(export) : samples(export))
      page.table(
        [.left("what became of the scored runs"), .right("runs"), .right("share"), .left("meaning")],
        isPairs ? pairRows(export) : sampleRows(export))
      if isPairs { stoppedPairs(export, to: &page) }
    }
  }

  // MARK: Samples

  private static func samples(_ export: JSON) -> String {
    let (exported, scored) = (export.figure("exported"), export.figure("scored"))
    let share = scored > 0 ? " (\(ReportFigures.share(exported, of: scored)))" : ""
    return "**\(ReportFigures.count(exported)) of \(ReportFigures.count(scored, "scored run"))\(share) exported**"
      + parameters(export) + "."
  }

  private static func sampleRows(_ export: JSON) -> [[String]] {
    let scored = export.figure("scored")
    return reasons(export.members("by_reason"), of: scored)
      + [row("exported", export.figure("exported"), scored, categories(export))]
  }

  private static func categories(_ export: JSON) -> String {
    ReportMarkdown.tally(export.members("by_category"), limit: 4, MarkdownText.code)
  }

  // MARK: Pairs

  private static func pairs(_ export: JSON) -> String {
    "**\(ReportFigures.count(export.figure("exported"), "pair"))** from "
      + "\(ReportFigures.count(export.figure("used"))) of "
      + ReportFigures.count(export.figure("scored"), "scored run") + parameters(export) + "."
  }

  private static func pairRows(_ export: JSON) -> [[String]] {
    let scored = export.figure("scored")
    let terms = [
      ("not_candidate", "not a candidate", "needs human review, is no run, or is partial beside a rejected one"),
      (
        "without_partner", "without partner", "nothing of another category for its task and prompt, or its text repeats"
      ),
      ("over_cap", "over the cap", "the task has as many pairs as max\\_pairs\\_per\\_task allows"),
    ]
    return [row("stopped by the firewall", export.figure("quarantined"), scored, firewall(export))]
      + terms.map { row($1, export.figure($0), scored, $2) }
      + [row("used in pairs", export.figure("used"), scored, preferences(export))]
  }

  private static func firewall(_ export: JSON) -> String {
    ReportMarkdown.tally(export.members("by_reason"), limit: 11, MarkdownText.code)
  }

  private static func preferences(_ export: JSON) -> String {
    ReportMarkdown.tally(export.members("by_preference"), limit: 3, MarkdownText.code)
  }

  private static func stoppedPairs(_ export: JSON, to page: inout MarkdownPage) {
    let count = export.figure("pairs_quarantined")
    guard count > 0 else { return }
    page.paragraph(
      "\(ReportFigures.count(count, "pair")) failed as a pair and went to quarantine; "
        + "the reasons above count runs and pairs."
    )
  }

  // MARK: Both

  private static func reasons(_ table: JSONObject, of total: Int64) -> [[String]] {
    table.sorted(by: ReportFigures.isMoreFrequent).map { name, count in
      row(MarkdownText.code(name), count.integer ?? 0, total, Reason(rawValue: name)?.meaning ?? "")
    }
  }

  private static func row(_ name: String, _ count: Int64, _ total: Int64, _ meaning: String) -> [String] {
    [name, ReportFigures.count(count), ReportFigures.share(count, of: total), meaning]
  }

  private static func parameters(_ export: JSON) -> String {
    let members = export.members("parameters").map { MarkdownText.code("\($0.key): \($0.value.canonicalString)") }
    return members.isEmpty ? "" : ", with " + members.joined(separator: ", ")
  }
}

extension Reason {
  /// In a few words of Markdown, for one who reads a report.
  var meaning: String {
    switch self {
    case .missingProvenance: "does not say where it comes from"
    case .missingSourceRunID: "has no run id, or no evidence with it"
    case .emptyContent: "has no text, or no instruction where one is needed"
    case .schemaViolation: "is not what the schema asks for"
    case .unsafeSFTCategory: "was rejected or needs review: never a sample"
    case .unsafeRAGCategory: "was rejected: never a playbook"
    case .invalidPreferencePairing: "its task has the same text both accepted and rejected, or rejected what won"
    case .hallucinatedFilePath: "names a file that the repository does not have"
    case .duplicateID: "an earlier record has the same identity or content"
    case .selfPairing: "both sides have the same text"
    case .categoryDisallowed: "is of a kind that the parameters leave out"
    }
  }
}
