import ArgumentParser
import Receipts
import Stages

struct ExportSFTCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export-sft",
    abstract: "Builds exports/sft/instruction_response.jsonl, and what it depends on.",
    discussion: "Example: distill-make export-sft --include-partial")

  @OptionGroup var flags: BuildFlags

  func run() throws { try BuildCommand(stages: [.exportSFT], flags: flags).run() }
}
