import JSONTape

/// What is in the export files.
enum ExportSection {
  static func write(_ facts: JSON, to page: inout MarkdownPage) {
    let exports = facts.list("exports")
    guard !exports.isEmpty else { return }
    page.heading(2, "Exports")
    page.table(
      [
        .left("file"), .right("rows"), .right("size"), .right("tasks"), .right("length p10"), .right("p50"),
        .right("p90"), .left("sha256"),
      ],
      exports.map { export in
        [
          MarkdownText.code(export.text("file")), ReportFigures.count(export.figure("rows")),
          ReportFigures.bytes(export.figure("bytes")), ReportFigures.count(export.figure("tasks")),
          length(export, "p10"), length(export, "p50"), length(export, "p90"),
          ReportMarkdown.short(export["sha256"]?.string),
        ]
      })
    guard exports.contains(where: { $0.figure("rows") > 0 }) else { return }
    page.paragraph("Lengths are UTF-16 code units of the text, the response or the chosen text.")
    for export in exports where export.figure("without_messages") > 0 {
      page.paragraph(
        "\(ReportFigures.count(export.figure("without_messages"), "row")) of \(export.text("stage")) without `messages`, "
          + "though the run has some: none of the assistant is the response (see *Messages* in docs/CONFIGURATION.md).")
    }
    let models = exports.filter { !$0.members("models").isEmpty }
    page.list(
      models.map { export in
        "Models of \(export.text("stage")): "
          + ReportMarkdown.tally(export.members("models"), limit: 10) { $0.isEmpty ? "unknown" : MarkdownText.code($0) }
      })
  }

  private static func length(_ export: JSON, _ key: String) -> String {
    export["lengths"]?[key]?.integer.map { ReportFigures.count($0) } ?? "–"
  }
}
