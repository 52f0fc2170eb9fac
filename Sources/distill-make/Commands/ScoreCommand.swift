import ArgumentParser
import Receipts
import Stages

struct ScoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Gives every run a category (and builds what that depends on).",
    discussion: "Example: distill-make score --json")

  @OptionGroup var flags: BuildFlags

  func run() throws { try BuildCommand(stages: [.score], flags: flags).run() }
}
