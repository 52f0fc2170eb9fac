import JSONTape

/// In which share of a source's records each mapped field was found: a mapping that misses shows here first. A constant
/// is found everywhere, so its value is shown: it may be a pointer without its slash.
enum FieldSection {
  private static let valueLimit = 40

  static func write(_ facts: JSON, to page: inout MarkdownPage) {
    let sources = facts.list("fields").filter { $0.figure("written") > 0 && !$0.members("found").isEmpty }
    guard !sources.isEmpty else { return }
    page.heading(2, "Mapped fields")
    page.table(
      [
        .left("source"), .right("records"), .left("constant"), .left("found in all"), .left("found in some"),
        .left("found in none"),
      ],
      sources.map(row))
  }

  private static func row(_ source: JSON) -> [String] {
    let written = source.figure("written")
    let constants = source.members("constants")
    let found = source.members("found").sorted(by: ReportFigures.isMoreFrequent).filter { constants[$0.key] == nil }
    func names(_ isMeant: (Int64) -> Bool, _ text: (String, Int64) -> String) -> String {
      let names = found.filter { isMeant($0.value.integer ?? 0) }.map { text($0.key, $0.value.integer ?? 0) }
      return names.isEmpty ? "–" : names.joined(separator: ", ")
    }
    return [
      MarkdownText.code(source.text("source")), ReportFigures.count(written),
      constants.isEmpty ? "–" : constants.map { constant($0.key, $0.value) }.joined(separator: ", "),
      names({ $0 >= written }) { name, _ in MarkdownText.code(name) },
      names({ $0 > 0 && $0 < written }) { "\(MarkdownText.code($0)) \(ReportFigures.share($1, of: written))" },
      names({ $0 <= 0 }) { name, _ in "**\(MarkdownText.code(name))**" },
    ]
  }

  private static func constant(_ name: String, _ value: JSON) -> String {
    let text = value.string ?? value.canonicalString
    return MarkdownText.code("\(name): \(MarkdownText.shortened(text, to: valueLimit))")
  }
}
