/// A page of Markdown (CommonMark with GitHub's tables) that is also pleasant as plain text: columns stand under each
/// other.
struct MarkdownPage {
  enum Column {
    case left(String)
    case right(String)

    var title: String {
      switch self {
      case .left(let title), .right(let title): title
      }
    }

    var isRight: Bool { if case .right = self { true } else { false } }
  }

  /// A cell that is wider than this does not widen its column in the plain text.
  private static let widthLimit = 80

  private(set) var text = ""

  mutating func heading(_ level: Int, _ title: String) {
    block(String(repeating: "#", count: level) + " " + title)
  }

  /// - Parameter text: Markdown.
  mutating func paragraph(_ text: String) { block(text) }

  /// - Parameter items: Markdown, one line each.
  mutating func list(_ items: [String]) {
    if !items.isEmpty { block(items.map { "- " + $0 }.joined(separator: "\n")) }
  }

  mutating func shell(_ lines: [String]) { block((["```sh"] + lines + ["```"]).joined(separator: "\n")) }

  /// - Parameter rows: Markdown cells, as many as there are columns.
  mutating func table(_ columns: [Column], _ rows: [[String]]) {
    guard !rows.isEmpty else { return }
    let cells = ([columns.map(\.title)] + rows).map { $0.map(Self.cell) }
    let widths = columns.indices.map { column in
      max(3, cells.map { $0[column].count }.filter { $0 <= Self.widthLimit }.max() ?? 3)
    }
    var lines = cells.map { row in
      line(
        row.enumerated().map { column, cell in
          let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
          return columns[column].isRight ? padding + cell : cell + padding
        })
    }
    lines.insert(
      line(
        columns.enumerated().map { column, kind in
          String(repeating: "-", count: widths[column] - 1) + (kind.isRight ? ":" : "-")
        }), at: 1)
    block(lines.joined(separator: "\n"))
  }

  private func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

  private mutating func block(_ block: String) {
    if !text.isEmpty { text += "\n" }
    text += block + "\n"
  }

  /// A pipe ends a cell even inside of a code span.
  private static func cell(_ markdown: String) -> String {
    markdown.reduce(into: "") { $0 += $1 == "|" ? "\\|" : $1.isNewline ? " " : String($1) }
  }
}

/// Text that comes from the data, as Markdown that shows just that text.
enum MarkdownText {
  /// A code span. Line breaks and other control characters become spaces.
  static func code(_ text: String) -> String {
    let line = oneLine(text)
    if line.isEmpty { return "(empty)" }
    var longest = 0
    var run = 0
    for character in line {
      run = character == "`" ? run + 1 : 0
      longest = max(longest, run)
    }
    let fence = String(repeating: "`", count: longest + 1)
    // A span that begins or ends with a backtick needs a space there, which is not shown.
    let room = line.hasPrefix("`") || line.hasSuffix("`") ? " " : ""
    return fence + room + line + room + fence
  }

  /// A sentence.
  static func prose(_ text: String) -> String {
    oneLine(text).reduce(into: "") { $0 += "\\`*_<[".contains($1) ? "\\\($1)" : String($1) }
  }

  /// At most `limit` characters, with an ellipsis where more were.
  static func shortened(_ text: String, to limit: Int) -> String {
    text.count <= limit ? text : String(text.prefix(limit - 1)) + "…"
  }

  private static func oneLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
  }
}
