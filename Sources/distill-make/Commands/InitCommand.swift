import ArgumentParser
import Receipts
import Stages

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Writes a commented distill.yaml for the logs it finds.",
    discussion: "Example: distill-make init -C my-logs")

  @OptionGroup var workspace: WorkspaceOptions

  @Flag(help: "Print it instead of writing it.")
  var stdout = false

  func run() throws {
    let layout = try workspace.layout()
    let fileSystem = LocalFileSystem()
    let isThere = try fileSystem.status(of: layout.configuration, followingLinks: false) != nil
    if isThere && !stdout {
      throw DistillError(
        .cannotWrite, "there is a distill.yaml already", place: layout.configuration.string,
        hint: "`distill-make init --stdout` prints what it would write.")
    }
    let (text, isExample) = try scaffold(fileSystem: fileSystem, workspace: layout.root)
    if isExample {
      Terminal.say("No logs were found below \(layout.root): distill.yaml is an example.")
    }
    if stdout { return try Terminal.result(text, terminator: "") }
    try fileSystem.replace(layout.configuration, with: Array(text.utf8))
    Terminal.say("Wrote \(layout.configuration.string). Look through it, then run `distill-make all`.")
  }
}
