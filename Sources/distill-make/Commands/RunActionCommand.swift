import ArgumentParser
import JSONTape
import Receipts
import Stages
import SystemPackage

struct RunActionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run-action",
    abstract: "Runs one action that `all --save-actions DIR` wrote, with nothing but the files beside it.",
    discussion: """
      Prints what it came to, as in the result.json beside it. The SHA-256 of action.json is the action's key; its inputs \
      are files named by their SHA-256.

      Example: distill-make run-action DIR/KEY/action.json | cmp - DIR/KEY/result.json
      """)

  @Argument(help: "The action: canonical JSON.")
  var file: String

  @Option(help: ArgumentHelp("Also write the outputs there, each under its SHA-256.", valueName: "dir"))
  var outputs: String?

  func run() throws {
    let path = FilePath(file)
    let runner = ActionRunner(
      fileSystem: LocalFileSystem(), functions: Pipeline.functions, check: EvidenceMap.checkPrograms)
    let (_, result) = try runner.run(
      path, inputs: path.removingLastComponent(), outputs: outputs.map { FilePath($0) })
    try Terminal.result(result.record.canonicalString)
  }
}
