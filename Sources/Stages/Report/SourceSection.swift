import JSONTape

/// Source by category: which logs the data set comes from, and what they are worth.
enum SourceSection {
  private static let terms = ["read", "written", "quarantined", "duplicates", "pending"]

  static func write(_ facts: JSON, to page: inout MarkdownPage) {
    let sources = facts.list("sources")
    guard !sources.isEmpty else { return }
    page.heading(2, "Sources")
    var rows = sources.map { source in
      (name: MarkdownText.code(source.text("source")), figures: figures(source))
    }
    if rows.count > 1 {
      let totals = rows[0].figures.indices.map { column in rows.reduce(0) { $0 + $1.figures[column] } }
      rows.append(("**all**", totals))
    }
    page.table(
      [
        .left("source"), .right("records read"), .right("evidence"), .right("quarantined"), .right("duplicates"),
        .right("pending"), .right("accepted"), .right("partially accepted"), .right("rejected"),
        .right("needs human review"),
      ], rows.map { [$0.name] + $0.figures.map { ReportFigures.count($0) } })
  }

  private static func figures(_ source: JSON) -> [Int64] {
    terms.map { source.figure($0) } + Category.allCases.map { source.figure("categories", $0.rawValue) }
  }
}
