import ArgumentParser
import Receipts
import Stages

struct AllCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "all",
    abstract: "Builds every stage that is not up to date, then the report.",
    discussion: "Example: distill-make all -j 2")

  @OptionGroup var flags: BuildFlags

  func run() throws { try BuildCommand(stages: Pipeline.exports, flags: flags).run() }
}
