import JSONTape

/// Source by category: which logs the data set comes from, and what they are worth.
enum SourceSection {
  private struct Column {
    var title: String
    var figure: @Sendable (JSON) -> Int64
    /// Shown only where there is something to show.
    var isRare = false
  }

  private static let columns =
    [
      Column(title: "records read") { $0.figure("read") },
      Column(title: "evidence") { $0.figure("written") },
      Column(title: "not usable") { $0.figure("quarantined") },
      Column(title: "duplicates") { $0.figure("duplicates") },
      Column(title: "mapped to nothing", figure: { $0.figure("mapped_to_nothing") }, isRare: true),
      Column(title: "pending", figure: { $0.figure("pending") }, isRare: true),
    ]
    + Category.allCases.map { category in
      Column(title: title(category)) { $0.figure("categories", category.rawValue) }
    }

  static func write(_ facts: JSON, to page: inout MarkdownPage) {
    let sources = facts.list("sources")
    guard !sources.isEmpty else { return }
    page.heading(2, "Sources")
    let columns = columns.filter { column in !column.isRare || sources.contains { column.figure($0) > 0 } }
    var rows = sources.map { source in
      [MarkdownText.code(source.text("source"))] + columns.map { ReportFigures.count($0.figure(source)) }
    }
    if sources.count > 1 {
      rows.append(
        ["**all**"]
          + columns.map { column in ReportFigures.count(sources.reduce(0) { $0 + column.figure($1) }) })
    }
    page.table([.left("source")] + columns.map { .right($0.title) }, rows)
    let missing = sources.flatMap(missing)
    if !missing.isEmpty { page.list(missing) }
  }

  private static func missing(_ source: JSON) -> [String] {
    source.members("lookups_missing").filter { $0.value.integer ?? 0 > 0 }.map { lookup, count in
      "\(ReportFigures.count(count.integer ?? 0, "record")) of \(MarkdownText.code(source.text("source"))) "
        + "without their key in the look-up \(MarkdownText.code(lookup))"
    }
  }

  private static func title(_ category: Category) -> String {
    switch category {
    case .accepted: "accepted"
    case .partiallyAccepted: "partially accepted"
    case .rejected: "rejected"
    case .needsHumanReview: "needs human review"
    }
  }
}
