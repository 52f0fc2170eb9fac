import JSONTape

/// `latest.md`: the facts of a report for a reader who has a minute. What is wrong comes first, then what the data set
/// is, then why records were stopped, then what changed; sections that would say nothing are left out.
public enum ReportMarkdown {
  /// - Parameter facts: as `Report.facts` makes them.
  public static func text(of facts: JSON) -> String {
    var page = MarkdownPage()
    page.heading(1, "Distillation report")
    VerdictSection.write(facts, to: &page)
    StageSection.write(facts, to: &page)
    SourceSection.write(facts, to: &page)
    FunnelSection.write(facts, to: &page)
    ScoringSection.write(facts, to: &page)
    JudgementSection.write(facts, to: &page)
    FieldSection.write(facts, to: &page)
    ExportSection.write(facts, to: &page)
    ChangeSection.write(facts, to: &page)
    QuarantineSection.write(facts, to: &page)
    CheckSection.write(to: &page)
    return page.text
  }

  /// `0123456789ab` of a hash, as code.
  static func short(_ hash: String?) -> String { hash.map { MarkdownText.code(String($0.prefix(12))) } ?? "–" }

  static func git(_ git: JSON?) -> String {
    guard let sha = git?["sha"]?.string else { return "–" }
    return short(sha) + (git?["dirty"]?.bool ?? false ? " **dirty**" : "")
  }

  /// Where a record is: in a log of lines as editors take it, in a document by its number, both from 1. nil: no file is
  /// named.
  static func place(_ item: JSON, line key: String = "line_offset") -> String? {
    guard let file = item["source_file"]?.string else { return nil }
    guard let line = item[key]?.integer?.addingSaturated(1) else { return MarkdownText.code(file) }
    let isDocument = [".json", ".json.gz", ".json.zst"].contains(where: file.hasSuffix)
    return isDocument ? "\(MarkdownText.code(file)) record \(line)" : MarkdownText.code("\(file):\(line)")
  }

  /// `name 12, other 3 and 4 more`: the members of a table of counts, the largest first.
  static func tally(_ table: JSONObject, limit: Int, _ name: (String) -> String) -> String {
    let sorted = table.sorted(by: ReportFigures.isMoreFrequent)
    let shown = sorted.prefix(limit).map { "\(name($0.key)) \(ReportFigures.count($0.value.integer ?? 0))" }
    let rest = sorted.count - shown.count
    return shown.joined(separator: ", ") + (rest > 0 ? " and \(ReportFigures.count(Int64(rest))) more" : "")
  }
}
