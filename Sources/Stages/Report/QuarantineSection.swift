import JSONTape

/// Where to look: a few of the records that were stopped, for each stage and reason.
enum QuarantineSection {
  static func write(_ facts: JSON, to page: inout MarkdownPage) {
    let rows = facts.list("quarantine")
    page.heading(2, "Quarantine")
    guard !rows.isEmpty else { return page.paragraph("Nothing was quarantined.") }
    page.table(
      [.left("stage"), .left("reason"), .right("records"), .left("for example")],
      rows.map { row in
        [
          row.text("stage"), MarkdownText.code(row.text("reason")), ReportFigures.count(row.figure("count")),
          examples(row),
        ]
      })
  }

  private static func examples(_ row: JSON) -> String {
    guard row["readable"]?.bool ?? false else { return "the quarantine file is not as the receipt says" }
    let places = row.list("examples").map { example in
      // A record without provenance can be found in the quarantine file alone.
      ReportMarkdown.place(example)
        ?? MarkdownText.code("\(row.text("file")):\(example.figure("quarantine_line") + 1)")
    }
    return places.isEmpty
      ? "none near the start of \(MarkdownText.code(row.text("file")))" : places.joined(separator: ", ")
  }
}
