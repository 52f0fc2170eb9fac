import ArgumentParser
import JSONTape
import Receipts
import Stages

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract:
      "Compares the key of a stage's newest receipt with its key now: every input, parameter and program that changed.",
    discussion: "Example: distill-make explain export-rag")

  @Argument(help: "The stage.")
  var stage: String

  @OptionGroup var workspace: WorkspaceOptions
  @OptionGroup var export: ExportFlags

  @Flag(help: "Hash every file again, whatever the file index remembers.")
  var paranoid = false

  @Flag(help: "Print it as JSON.")
  var json = false

  func validate() throws {
    guard Pipeline.stages.contains(where: { $0.text == stage }) else {
      let names = Pipeline.stages.map(\.text).joined(separator: ", ")
      throw ValidationError("there is no stage \"\(stage)\"; there are \(names)")
    }
  }

  func run() throws {
    let workspace = try Workspace(try workspace.layout(), export: export, paranoid: paranoid)
    var options = BuildOptions()
    options.jobs = Workspace.processors
    let runner = try workspace.runner(options: options, progress: SilentProgress())
    let forecasts = try runner.forecast([StageName(stage)])
    guard let own = forecasts.last else { return }
    let upstream = forecasts.dropLast()
    if json {
      var tree = Forecasts.tree(own)
      tree["upstream"] = .array(upstream.map { .object(Forecasts.tree($0)) })
      try Terminal.result(JSON.object(tree).pretty())
    } else {
      try Terminal.result(
        (Self.lines(own) + upstream.reversed().flatMap { [""] + Self.lines($0) }).joined(separator: "\n"))
    }
  }

  private static func lines(_ forecast: StageForecast) -> [String] {
    let (word, reasons) = Forecasts.parts(forecast.state)
    var lines = ["\(forecast.stage): \(word)"]
    let then = forecast.newest?.key.hex
    let now = forecast.manifest?.key.hex
    lines.append("  key of the newest receipt  \(then ?? "there is none")")
    lines.append(
      "  key now                    \(now.map { $0 == then ? "the same" : $0 } ?? "not known before the stages above have run")"
    )
    if let manifest = forecast.manifest {
      let bytes = manifest.inputs.reduce(0) { $0 + $1.byteCount }
      lines.append("  reads                      \(Quantity.files(manifest.inputs.count)), \(Quantity.bytes(bytes))")
    }
    return lines + reasons.map { "  - \($0)" }
  }
}
