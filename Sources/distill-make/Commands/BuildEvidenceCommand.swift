import ArgumentParser
import Receipts
import Stages

struct BuildEvidenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "build-evidence",
    abstract: "Turns the logs into evidence records.",
    discussion: "Example: distill-make build-evidence")

  @OptionGroup var flags: BuildFlags

  func run() throws { try BuildCommand(stages: [.buildEvidence], flags: flags).run() }
}
