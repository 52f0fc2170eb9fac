import JSONTape

/// Judgements that did not find their run, verdicts that contradict each other, and texts that occur again.
enum JudgementSection {
  static func write(_ facts: JSON, to page: inout MarkdownPage) {
    var lines: [String] = []
    if let judgements = facts["judgements"], !judgements.isNull { lines += self.lines(judgements) }
    if let contested = facts["contested"], contested.figure("texts") > 0 {
      lines.append(
        "\(ReportFigures.count(contested.figure("texts"), "contested text")) of "
          + "\(ReportFigures.count(contested.figure("runs"), "run")): "
          + "both accepted and rejected for the same task, so in no pair"
      )
    }
    if let duplicates = facts["duplicates"], !duplicates.isNull { lines += self.duplicates(duplicates) }
    guard !lines.isEmpty else { return }
    page.heading(2, "Judgements and duplicates")
    page.list(lines)
    list("Judgements without a run:", facts["judgements"]?.list("unmatched_examples") ?? [], to: &page)
    list("Stale judgements:", facts["judgements"]?.list("stale_examples") ?? [], to: &page)
  }

  private static func list(_ title: String, _ examples: [JSON], to page: inout MarkdownPage) {
    guard !examples.isEmpty else { return }
    page.paragraph(title)
    page.list(
      examples.map { example in
        let about = example["about"].flatMap { $0.isNull ? nil : $0.canonicalString } ?? "nothing"
        return (ReportMarkdown.place(example, line: "line") ?? "?") + " about "
          + MarkdownText.code(MarkdownText.shortened(about, to: 160))
      })
  }

  private static func lines(_ facts: JSON) -> [String] {
    var lines: [String] = []
    let (all, unmatched, stale) = (facts.figure("judgements"), facts.figure("unmatched"), facts.figure("stale"))
    if all > 0 {
      lines.append(
        "\(ReportFigures.count(all, "judgement")): \(ReportFigures.count(facts.figure("matched"))) found their run, "
          + (unmatched > 0 ? "**\(ReportFigures.count(unmatched)) did not**" : "0 did not")
          + (stale > 0 ? " (\(ReportFigures.count(stale)) of them stale: the text that they judged has changed)" : ""))
    }
    let conflicting = facts.figure("conflicting_runs")
    if conflicting > 0 {
      lines.append(
        "\(ReportFigures.count(conflicting, "run")) with conflicting verdicts: "
          + "\(conflicting == 1 ? "needs" : "need") human review"
      )
    }
    let comparisons = facts.figure("comparisons")
    if comparisons > 0 {
      lines.append("\(ReportFigures.count(comparisons, "comparison")), for export-preference alone")
    }
    return lines
  }

  private static func duplicates(_ facts: JSON) -> [String] {
    var lines: [String] = []
    let identities = facts.figure("identities")
    if identities > 0 {
      lines.append(
        "\(ReportFigures.count(identities, "record")) with the identity of an earlier one: quarantined, the first stays"
      )
    }
    let samples = facts.figure("sft_samples")
    if samples > 0 {
      lines.append(
        "\(ReportFigures.count(samples, "SFT sample")) with the instruction and response of an earlier one: "
          + (facts.text("sft_dedupe") == ExportOptions.Dedupe.exact.rawValue
            ? "quarantined" : "exported; `exports.sft.dedupe: exact` leaves them out"))
    }
    return lines
  }
}
