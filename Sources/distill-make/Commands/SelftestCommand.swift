import ArgumentParser
import JSONTape
import Receipts
import Stages

struct SelftestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "selftest",
    abstract:
      "Plants a contaminant for each reason among some of your records, in a temporary copy, and shows what stops it.",
    discussion: "Example: distill-make selftest. Ends with 1 when one gets through. Writes nothing into the workspace.")

  @OptionGroup var workspace: WorkspaceOptions

  @Flag(help: "Print it as JSON.")
  var json = false

  func run() throws {
    let layout = try workspace.layout()
    let own = try Workspace(layout, export: ExportFlags.parse([]))
    let copy = try SelftestWorkspace()
    let mark = Digest.of("\(SystemClock().now().text)").hex.prefix(12)
    let plants = Plants.all { "canary-\(mark)-\($0)-end" }
    try copy.take(own.logs, from: layout)
    try copy.plant(plants)
    let findings: [Selftest.Finding]
    do {
      findings = try Selftest(workspace: copy, plants: plants, exports: own.configuration.exports).run()
    } catch {
      throw ErrorText.describe(error, root: copy.layout)
    }
    let faults = findings.filter { !$0.faults.isEmpty }
    if json { try Terminal.result(Self.tree(findings).pretty()) } else { try show(plants, findings, copy) }
    if !faults.isEmpty { throw Ending(.checkFailed) }
  }

  private func show(_ plants: [Plant], _ findings: [Selftest.Finding], _ copy: SelftestWorkspace) throws {
    var rows = [["planted", "where", "stopped by", ""]]
    for plant in plants {
      let own = findings.filter { $0.plant.canary == plant.canary }
      var stops: [String] = []
      for stop in own.flatMap(\.stopped) where !stops.contains(stop) { stops.append(stop) }
      let faults = own.flatMap { finding in finding.faults.map { "\($0) (\(finding.flags.rawValue))" } }
      let place = plant.way == .log ? "log" : "partition"
      rows.append([plant.what, place, stops.first ?? "nothing", faults.isEmpty ? "ok" : "LEAK"])
      for stop in stops.dropFirst() { rows.append(["", "", stop, ""]) }
      for fault in faults { rows.append(["", "", fault, "LEAK"]) }
    }
    try Terminal.result(TextTable.text(rows))
    let builds = SelftestFlags.allCases.map(\.rawValue).joined(separator: "; ")
    Terminal.say("Built \(SelftestFlags.allCases.count) times among \(copy.recordFiles) of your files: \(builds).")
    Terminal.say("\"partition\": no log can cause it, so it was handed straight to the export actions.")
    for line in copy.leftOut { Terminal.say("Left out: \(line).") }
  }

  private static func tree(_ findings: [Selftest.Finding]) -> JSON {
    .array(
      findings.map { finding in
        [
          "planted": .string(finding.plant.what), "where": finding.plant.way == .log ? "log" : "partition",
          "flags": .string(finding.flags.rawValue), "stopped_by": .array(finding.stopped.map(JSON.string)),
          "faults": .array(finding.faults.map(JSON.string)),
        ]
      })
  }
}
