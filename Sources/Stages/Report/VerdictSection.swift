import JSONTape

/// The first lines: is the data set fine, of which commit is it, since when.
enum VerdictSection {
  static func write(_ facts: JSON, to page: inout MarkdownPage) {
    let verdict: String
    let preposition: String
    switch facts.text("status") {
    case ReportVerdict.Status.pass.rawValue: (verdict, preposition) = ("**PASS**", "since")
    case ReportVerdict.Status.fail.rawValue: (verdict, preposition) = ("**FAIL**", "at")
    default: (verdict, preposition) = ("**INCOMPLETE**", "since")
    }
    guard let since = facts["since"]?.string else {
      page.paragraph("\(verdict): nothing has been built here.")
      page.list(facts.list("problems").compactMap(\.string).map(MarkdownText.prose))
      return
    }
    page.paragraph("\(verdict) \(preposition) \(since), \(commit(facts["git"])), \(program(facts["tool"])).")
    let problems = facts.list("problems").compactMap(\.string)
    if facts.text("status") == ReportVerdict.Status.fail.rawValue {
      page.paragraph("The outputs are those of the last run that passed; nothing of a failed one was published.")
    }
    page.list(problems.map(MarkdownText.prose))
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
