import ArgumentParser
import JSONTape
import Receipts
import Stages
import SystemPackage

struct HealthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "health",
    abstract: "Checks configuration, sources, receipts, git, disk and libraries, and says how to mend what is wrong.",
    discussion: "Example: distill-make health. Ends with 65 when something stands in the way of a build.")

  @OptionGroup var workspace: WorkspaceOptions

  @Flag(help: "Print it as JSON.")
  var json = false

  func run() throws {
    let findings = HealthCheck(layout: try workspace.layout()).findings()
    if json {
      let rows = findings.map {
        JSON.object([
          "check": .string($0.check), "state": .string($0.state.rawValue), "facts": .string($0.facts),
          "hint": $0.hint.map(JSON.string) ?? .null,
        ])
      }
      try Terminal.result(JSON.array(rows).pretty())
    } else {
      for finding in findings {
        try Terminal.result("\(finding.state.mark)  \(finding.check): \(finding.facts)")
        if let hint = finding.hint { try Terminal.result("      \(hint)") }
      }
    }
    if findings.contains(where: { $0.state == .broken }) { throw Ending(.data) }
  }
}
