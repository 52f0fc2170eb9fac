import Audit

/// A row's way back as a small tree.
enum TraceText {
  static func text(_ step: TraceStep) -> String { lines(step, first: "", rest: "").joined(separator: "\n") }

  private static func lines(_ step: TraceStep, first: String, rest: String) -> [String] {
    let place = step.line.map { "\(step.path):\($0)" } ?? step.path
    var lines = ["\(first)\(step.kind)  \(place)"]
    let below = step.next.isEmpty ? "  " : "│ "
    func add(_ text: String) { lines.append("\(rest)\(below)  \(text)") }
    for (name, value) in step.facts where !value.isEmpty { add("\(name): \(value)") }
    for check in step.checks {
      if check.holds {
        add("ok    \(check.what): \(check.found)")
      } else {
        add("FAIL  \(check.what): expected \(check.expected), found \(check.found)")
      }
    }
    if !step.receipts.isEmpty {
      let listed = step.receipts.map { "\($0.stage) \($0.digest.hex.prefix(12)) (\($0.role))" }
      add("receipts: \(listed.joined(separator: ", "))")
    }
    for (number, next) in step.next.enumerated() {
      let isLast = number == step.next.count - 1
      lines += self.lines(
        next, first: rest + (isLast ? "└─ " : "├─ "), rest: rest + (isLast ? "   " : "│  "))
    }
    return lines
  }
}
