import JSONTape

/// Which rules made the categories, and who judged.
enum ScoringSection {
  static func write(_ facts: JSON, to page: inout MarkdownPage) {
    guard let scoring = facts["scoring"], scoring.figure("scored") > 0 else { return }
    let scored = scoring.figure("scored")
    page.heading(2, "How runs were scored")
    page.paragraph(
      "\(ReportFigures.count(scored, "scored run")): " + shares(scoring.members("by_category"), of: scored) + ".")
    page.table(
      [.left("rule that decided"), .right("runs"), .right("share"), .left("meaning")],
      scoring.members("by_rule").sorted(by: ReportFigures.isMoreFrequent).map { name, count in
        [
          MarkdownText.code(name), ReportFigures.count(count.integer ?? 0),
          ReportFigures.share(count.integer ?? 0, of: scored), RuleID(rawValue: name)?.meaning ?? "",
        ]
      })
    page.paragraph("Judged by: " + shares(scoring.members("by_judge"), of: scored) + ".")
  }

  private static func shares(_ table: JSONObject, of total: Int64) -> String {
    table.sorted(by: ReportFigures.isMoreFrequent).map { name, count in
      let count = count.integer ?? 0
      return "\(MarkdownText.code(name)) \(ReportFigures.count(count)) (\(ReportFigures.share(count, of: total)))"
    }.joined(separator: ", ")
  }
}

extension RuleID {
  /// In a few words, for one who reads a report.
  var meaning: String {
    switch self {
    case .humanOverride: "a human said so last"
    case .verdictConflict: "its verdicts differ: for review"
    case .notJudged: "the judge skipped it: for review"
    case .verdict: "its verdict"
    case .score: "its score against the thresholds"
    case .groundedFraction: "its grounded fraction against the thresholds"
    case .parent: "the runs that it was distilled from agree"
    case .parentsDisagree: "the runs that it was distilled from differ: for review"
    case .noParent: "no decided run that it was distilled from: for review"
    case .noVerdict: "nothing says what it is worth: for review"
    }
  }
}
