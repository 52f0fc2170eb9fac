import ArgumentParser
import JSONTape
import Receipts
import Stages

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Writes reports/distillation/latest.* anew from the newest receipts, and prints the report.",
    discussion: "Example: distill-make report --json | jq .stages")

  @OptionGroup var workspace: WorkspaceOptions

  @Flag(help: "Print the facts as JSON.")
  var json = false

  @Flag(name: [.customShort("q"), .long], help: "Print nothing.")
  var quiet = false

  func run() throws {
    let layout = try workspace.layout()
    let lock = try Workspace.lock(layout, waiting: true)
    defer { withExtendedLifetime(lock) {} }
    let fileSystem = LocalFileSystem()
    let report = Report(
      shelf: ReceiptShelf(fileSystem: fileSystem, layout: layout), fileSystem: fileSystem, layout: layout)
    let facts = try report.facts()
    try report.write()
    if quiet { return }
    if json {
      try Terminal.result(facts.pretty())
    } else {
      try Terminal.result(ReportMarkdown.text(of: facts), terminator: "")
    }
  }
}
