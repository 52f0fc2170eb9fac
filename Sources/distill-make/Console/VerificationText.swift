import Receipts
import Verification

/// What `verify` says to people.
enum VerificationText {
  static func show(_ verification: Verification, varied: Bool) throws {
    let findings = verification.discrepancies.filter { !$0.code.isNote }
    var rows = [["stage", "outputs", "equal", "different", "receipt"]]
    for stage in verification.stages {
      let isCompared = stage.core != .notCompared
      rows.append([
        stage.stage.text, isCompared ? "\(stage.outputs)" : "", isCompared ? "\(stage.equal)" : "",
        isCompared ? "\(stage.outputs - stage.equal)" : "", word(stage.core),
      ])
    }
    try Terminal.result(TextTable.text(rows, rightAligned: [1, 2, 3]))
    for discrepancy in findings { try Terminal.result(text(discrepancy)) }
    for note in verification.discrepancies where note.code.isNote { try Terminal.result(text(note)) }
    try Terminal.result(conclusion(verification, findings.count, varied: varied))
  }

  private static func word(_ core: VerifiedStage.Core) -> String {
    switch core {
    case .equal: "equal"
    case .different: "DIFFERENT"
    case .notCompared: "not compared"
    }
  }

  private static func text(_ discrepancy: Discrepancy) -> String {
    var place = discrepancy.path
    if let line = discrepancy.line { place += ":\(line)" }
    if let record = discrepancy.record { place += " (\(record))" }
    if let pointer = discrepancy.pointer { place += " at \(pointer)" }
    let stage = discrepancy.stage.map { "\($0): " } ?? ""
    let variation = discrepancy.variation.map { ", in the rebuild \($0)" } ?? ""
    let level = discrepancy.code.isNote ? "note: " : ""
    return """
      \(level)\(discrepancy.code.rawValue): \(stage)\(place)\(variation)
        expected  \(discrepancy.expected)
        found     \(discrepancy.found)
      """
  }

  private static func conclusion(_ verification: Verification, _ findings: Int, varied: Bool) -> String {
    guard verification.isRebuilt else { return "Nothing was rebuilt: the logs are not those of the receipts." }
    if findings > 0 { return "\(findings) \(findings == 1 ? "finding" : "findings")." }
    return varied
      ? "Everything is equal, in the rebuild and under \(Variation.all.count) other sets of circumstances."
      : "Everything is equal."
  }
}
