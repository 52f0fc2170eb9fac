import ArgumentParser
import Receipts
import Stages

struct ExportRAGCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export-rag",
    abstract: "Builds exports/rag/playbooks.jsonl, and what it depends on.",
    discussion: "Example: distill-make export-rag --include-review")

  @OptionGroup var flags: BuildFlags

  func run() throws { try BuildCommand(stages: [.exportRAG], flags: flags).run() }
}
