import JSONTape

/// One line a stage, and the checks of those that failed.
enum StageSection {
  static func write(_ facts: JSON, to page: inout MarkdownPage) {
    let stages = facts.list("stages")
    page.heading(2, "Stages")
    page.table(
      [
        .left("stage"), .left("state"), .right("records in"), .right("rows out"), .right("quarantined"),
        .right("actions run"), .right("cached"), .right("time"), .right("per second"), .left("finished"), .left("git"),
        .left("receipt"),
      ], stages.map(row))
    for stage in stages where !(stage["failure"]?.isNull ?? true) { failure(stage, to: &page) }
    for name in ["warnings", "pending"] { notes(facts["notes"]?.list(name) ?? [], name, to: &page) }
  }

  private static func row(_ stage: JSON) -> [String] {
    let name = stage.text("stage")
    guard let counts = stage["record_counts"], !counts.isNull else {
      return [name, state(stage)] + Array(repeating: "–", count: 10)
    }
    let (read, written) =
      switch name {
      case "build-evidence": ("read", "written")
      case "score": ("evidence", "scored")
      default: ("scored", "exported")
      }
    return [
      name, state(stage), ReportFigures.count(counts.figure(read)), ReportFigures.count(counts.figure(written)),
      ReportFigures.count(quarantined(counts)),
      ReportFigures.count(stage.figure("actions", "run")), ReportFigures.count(stage.figure("actions", "cached")),
      ReportFigures.duration(milliseconds: stage.figure("duration_ms")), rate(stage), stage.text("finished_at"),
      ReportMarkdown.git(stage["git"]), ReportMarkdown.short(stage["receipt_sha256"]?.string),
    ]
  }

  /// Bytes of inputs and outputs in a second of the run; nothing where it took no time that was measured.
  private static func rate(_ stage: JSON) -> String {
    let milliseconds = stage.figure("duration_ms")
    guard milliseconds > 0 else { return "–" }
    let bytes = stage.figure("inputs", "bytes") + stage.figure("outputs", "bytes")
    return ReportFigures.bytes(bytes.multipliedReportingOverflow(by: 1000).partialValue / milliseconds)
  }

  /// Rows of the quarantine file: its books count duplicates, and pairs, apart from the records that are no good.
  private static func quarantined(_ counts: JSON) -> Int64 {
    counts.figure("quarantined") + counts.figure("duplicates") + counts.figure("pairs_quarantined")
  }

  private static func state(_ stage: JSON) -> String {
    switch StageRecord.State(rawValue: stage.text("state")) {
    case .passed: "pass"
    case .failed: "**fail**"
    case .unreadable: "**unreadable**"
    case .outdated: "**outdated**"
    case .missing, nil: "**not built**"
    }
  }

  private static func failure(_ stage: JSON, to page: inout MarkdownPage) {
    let failure = stage["failure"]
    page.paragraph(
      "The failed run of \(stage.text("stage")) at \(failure?.text("finished_at") ?? "") "
        + "(receipts/\(stage.text("stage"))/failed.json):")
    page.table(
      [.left("check"), .left("result"), .left("what was compared")],
      (failure?.list("validation") ?? []).map { check in
        [
          MarkdownText.code(check.text("check")), check["pass"]?.bool ?? false ? "pass" : "**fail**",
          check.list("facts").compactMap(\.string).map(MarkdownText.prose).joined(separator: "; "),
        ]
      })
  }

  private static func notes(_ items: [JSON], _ name: String, to page: inout MarkdownPage) {
    guard !items.isEmpty else { return }
    let limit = 10
    let count = ReportFigures.count(Int64(items.count))
    page.paragraph(
      name == "warnings"
        ? "Warnings of build-evidence: \(count)."
        : "Last lines that are still being written, to be read by the next build: \(count).")
    var lines = items.prefix(limit).map { item in
      item.string.map(MarkdownText.prose)
        ?? MarkdownText.code("\(item.text("path")):\(item.figure("line") + 1)")
    }
    if items.count > limit {
      lines.append("and \(ReportFigures.count(Int64(items.count - limit))) more in latest.json")
    }
    page.list(lines)
  }
}
