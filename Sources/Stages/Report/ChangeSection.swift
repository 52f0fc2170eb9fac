import JSONTape

/// What changed since the receipts before.
enum ChangeSection {
  /// Lines that a stage has at most for counts, and paths that a kind of change names.
  private static let countLimit = 12
  private static let pathLimit = 5
  private static let valueLimit = 60

  static func write(_ facts: JSON, to page: inout MarkdownPage) {
    let changes = facts.list("changes")
    guard !changes.isEmpty else { return }
    page.heading(2, "What changed")
    let first = changes.filter { $0["previous"]?.isNull ?? true }.map { $0.text("stage") }
    if first.count == changes.count {
      return page.paragraph("These are the first receipts of this workspace.")
    }
    for stage in changes { write(stage: stage, to: &page) }
  }

  private static func write(stage: JSON, to page: inout MarkdownPage) {
    let name = stage.text("stage")
    guard let previous = stage["previous"]?.string else { return page.paragraph("**\(name)**: its first receipt.") }
    let short = ReportMarkdown.short(previous)
    guard let time = stage["previous_finished_at"]?.string else {
      return page.paragraph("**\(name)**: the receipt before, \(short), is not in receipts/history.")
    }
    page.paragraph("**\(name)**, since \(short) of \(time):")
    var lines = inputs(stage["inputs"]) + counts(stage.list("record_counts")) + parameters(stage["parameters"])
    if let tool = stage["tool"], !tool.isNull {
      lines.append("program: \(program(tool["before"])) → \(program(tool["after"]))")
    }
    if let git = stage["git"], !git.isNull {
      lines.append("git: \(ReportMarkdown.git(git["before"])) → \(ReportMarkdown.git(git["after"]))")
    }
    page.list(lines.isEmpty ? ["the same in all that is shown here"] : lines)
  }

  private static func inputs(_ inputs: JSON?) -> [String] {
    ["added", "removed", "changed"].compactMap { kind in
      let count = inputs?.figure(kind, "count") ?? 0
      guard count > 0 else { return nil }
      let paths = (inputs?[kind]?.list("first") ?? []).prefix(pathLimit).compactMap(\.string)
      let more = count - Int64(paths.count)
      return "inputs \(kind): \(ReportFigures.count(count)) (\(paths.map(MarkdownText.code).joined(separator: ", "))"
        + (more > 0 ? " and \(ReportFigures.count(more)) more)" : ")")
    }
  }

  /// The books' terms first, then the largest steps; a source's own are in latest.json alone.
  private static func counts(_ changes: [JSON]) -> [String] {
    let shown = changes.filter { !$0.text("at").hasPrefix("/by_source/") }.map { change in
      (name: String(change.text("at").dropFirst()), before: change.figure("before"), after: change.figure("after"))
    }.sorted { left, right in
      let (isLeftTable, isRightTable) = (left.name.contains("/"), right.name.contains("/"))
      if isLeftTable != isRightTable { return isRightTable }
      let (leftStep, rightStep) = ((left.after - left.before).magnitude, (right.after - right.before).magnitude)
      return leftStep == rightStep ? left.name < right.name : leftStep > rightStep
    }
    var lines = shown.prefix(countLimit).map { change in
      "\(MarkdownText.code(change.name)): \(ReportFigures.count(change.before)) → \(ReportFigures.count(change.after)) "
        + "(\(ReportFigures.difference(change.after - change.before)))"
    }
    if shown.count > countLimit { lines.append("\(shown.count - countLimit) more counts in latest.json") }
    return lines
  }

  private static func parameters(_ parameters: JSON?) -> [String] {
    let changes = parameters?.list("first") ?? []
    var lines = changes.map { change in
      "parameter \(MarkdownText.code(change.text("at"))): \(value(change["before"])) → \(value(change["after"]))"
    }
    let more = (parameters?.figure("count") ?? 0) - Int64(changes.count)
    if more > 0 { lines.append("\(ReportFigures.count(more)) more parameters") }
    return lines
  }

  private static func value(_ value: JSON?) -> String {
    guard let value, !value.isNull else { return "nothing" }
    return MarkdownText.code(MarkdownText.shortened(value.canonicalString, to: valueLimit))
  }

  private static func program(_ tool: JSON?) -> String {
    "\(MarkdownText.prose(tool?.text("version") ?? "")) (\(ReportMarkdown.short(tool?["sha256"]?.string)))"
  }
}
