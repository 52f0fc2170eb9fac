import JSONTape

/// The first lines: is the data set fine, of which commit is it, since when.
enum VerdictSection {
  static func write(_ facts: JSON, to page: inout MarkdownPage) {
    let problems = facts.list("problems").compactMap(\.string).map(MarkdownText.prose)
    let hasFailed = facts.list("stages").contains { !($0["failure"]?.isNull ?? true) }
    if let time = facts["since"]?.string {
      let state = state(facts.text("status"), hasFailed: hasFailed)
      page.paragraph("\(state) \(time), \(commit(facts["git"])), \(program(facts["tool"])).")
    } else {
      page.paragraph(problems.isEmpty ? "Nothing has been built here." : "**Nothing holds here.**")
    }
    page.list(problems)
    if hasFailed {
      page.paragraph("Nothing of a failed run was published: receipts and outputs are those of the run before it.")
    }
  }

  private static func state(_ status: String, hasFailed: Bool) -> String {
    switch ReportVerdict.Status(rawValue: status) {
    case .pass: "**PASS** since"
    case .fail: hasFailed ? "**FAIL** at" : "**FAIL**, last built at"
    case .incomplete, nil: "**INCOMPLETE** since"
    }
  }

  private static func commit(_ git: JSON?) -> String {
    guard let sha = git?["sha"]?.string else { return "in no git repository" }
    let state = git?["dirty"]?.bool ?? false ? "**dirty**: tracked files differ from it" : "clean"
    return "git \(ReportMarkdown.short(sha)) (\(state))"
  }

  private static func program(_ tool: JSON?) -> String {
    "\(MarkdownText.prose(tool?.text("name") ?? "")) \(MarkdownText.prose(tool?.text("version") ?? "")) "
      + "(\(ReportMarkdown.short(tool?["sha256"]?.string)))"
  }
}
