import ArgumentParser
import Receipts
import Stages

struct ExportAllCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export-all",
    abstract: "Builds the three exports, and what they depend on.",
    discussion: "Example: distill-make export-all --keep-going")

  @OptionGroup var flags: BuildFlags

  func run() throws { try BuildCommand(stages: Pipeline.exports, flags: flags).run() }
}
