import Audit

/// Findings of an audit for people.
enum FindingText {
  /// Of one code at most that many a file.
  private static let shown = 10

  static func show(_ findings: [Finding]) throws {
    var counts: [String: Int] = [:]
    for finding in findings {
      let kind = "\(finding.code.rawValue) \(finding.path)"
      counts[kind, default: 0] += 1
      guard counts[kind]! <= shown else { continue }
      let level = finding.level == .note ? "note  " : ""
      try Terminal.result("\(level)\(finding.code.rawValue)  \(finding.place)\(finding.member.map { "  \($0)" } ?? "")")
      try Terminal.result("    expected  \(finding.expected)")
      try Terminal.result("    found     \(finding.found)")
    }
    for (kind, count) in counts.sorted(by: { $0.key < $1.key }) where count > shown {
      try Terminal.result("… and \(count - shown) more: \(kind)")
    }
    let count = findings.count { $0.level == .finding }
    let notes = findings.count - count
    let words = count == 0 ? "nothing is wrong" : count == 1 ? "1 finding" : "\(count) findings"
    Terminal.say("distill-make: \(words)\(notes == 0 ? "" : notes == 1 ? ", 1 note" : ", \(notes) notes")")
  }
}
