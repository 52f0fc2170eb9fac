import ArgumentParser
import Audit
import Receipts

struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Follows an exported row back to the bytes of the log it came from, and checks every hash on the way.",
    discussion: """
      Example: distill-make trace rag-36d7e2e90f3144e6
               distill-make trace exports/sft/instruction_response.jsonl:3

      Ends with 1 when something does not hold. Writes nothing.
      """)

  @OptionGroup var workspace: WorkspaceOptions

  @Argument(help: ArgumentHelp("The row's id, or FILE:LINE.", valueName: "id"))
  var row: String

  @Flag(help: "Print it as JSON.")
  var json = false

  func run() throws {
    let layout = try workspace.layout()
    ShrunkFiles.survive()
    let step: TraceStep
    do {
      step = try Tracer(fileSystem: LocalFileSystem(), layout: layout).trace(row)
      if ShrunkFiles.wereRead { throw ShrunkFiles.error }
    } catch {
      throw ErrorText.describe(error, root: layout)
    }
    try Terminal.result(json ? step.json.pretty() : TraceText.text(step))
    if !step.holds { throw Ending(.checkFailed) }
  }
}
