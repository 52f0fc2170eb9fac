import JSONTape
import Receipts
import Stages

/// What an exporter must have read besides rows, by its own parameters and those of build-evidence: without it, it
/// would stop less. And nothing else.
struct ExportInputLinks {
  let log: FindingLog

  func check(_ export: StageReceipt, _ evidence: StageReceipt) {
    let inputs = export.receipt.core.inputs.map(\.path)
    let path = "receipts/\(export.stage)/receipt.json"
    func report(_ member: String, _ expected: String, _ found: String) {
      log.add(.stageLinkBroken, path: path, member: member, expected: expected, found: found)
    }
    if evidence.looksFilesUp, !inputs.contains(Layout.repositoryFacts) {
      report(
        "/core/inputs", "\(Layout.repositoryFacts), because a source of build-evidence has a `repository`",
        "not among the inputs")
    }
    let holdout = export.receipt.core.parameters["holdout"]?["files"]?.array ?? []
    let patterns = holdout.compactMap { pattern in pattern.string.flatMap { try? Glob($0) } }
    var isHeldOut = false
    for (number, input) in inputs.enumerated() where !StageRoles.isMade(input) {
      if input == Layout.repositoryFacts {
        if !evidence.looksFilesUp { report("/core/inputs/\(number)", "no source with a `repository`", "\(input)") }
      } else if patterns.contains(where: { $0.matches(input.string) }) {
        isHeldOut = true
      } else {
        report("/core/inputs/\(number)", "a file of exports.holdout, or one that a stage wrote", "\(input)")
      }
    }
    if !patterns.isEmpty, !isHeldOut {
      report(
        "/core/inputs", "a file that \(holdout.compactMap(\.string).joined(separator: ", ")) of the holdout matches",
        "none")
    }
  }
}
