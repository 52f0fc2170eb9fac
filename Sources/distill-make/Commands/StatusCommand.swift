import ArgumentParser
import Receipts
import Stages

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Says of each stage whether it is up to date, or what changed. Writes nothing.",
    discussion: "Example: distill-make status --json")

  @OptionGroup var workspace: WorkspaceOptions
  @OptionGroup var export: ExportFlags

  @Flag(help: "Hash every file again, whatever the file index remembers.")
  var paranoid = false

  @Flag(help: "Print it as JSON.")
  var json = false

  func run() throws {
    let workspace = try Workspace(try workspace.layout(), export: export, paranoid: paranoid)
    var options = BuildOptions()
    options.jobs = Workspace.processors
    let runner = try workspace.runner(options: options, progress: SilentProgress())
    try Forecasts.print(runner.forecast(Pipeline.exports), json: json)
  }
}
