import ArgumentParser
import Receipts
import Stages

struct ExportPreferenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export-preference",
    abstract: "Builds exports/preference/chosen_rejected.jsonl, and what it depends on.",
    discussion: "Example: distill-make export-preference")

  @OptionGroup var flags: BuildFlags

  func run() throws { try BuildCommand(stages: [.exportPreference], flags: flags).run() }
}
