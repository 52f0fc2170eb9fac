import ArgumentParser
import JSONTape
import Receipts
import Stages

struct LogCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Lists the builds of a stage, newest first.",
    discussion: "Example: distill-make log export-rag")

  @OptionGroup var workspace: WorkspaceOptions

  @Argument(help: "The stage. Default: all, one after the other.")
  var stage: String?

  @Flag(help: "Print it as JSON.")
  var json = false

  func run() throws {
    let layout = try workspace.layout()
    let history = History(layout)
    let stages = try StageArguments.stages(stage.map { [$0] } ?? [])
    var rows = [["stage", "receipt", "finished", "commit", "records"]]
    var tree: [JSON] = []
    var missing: [(stage: StageName, digest: Digest)] = []
    do {
      for stage in stages {
        let (builds, older) = try history.builds(stage)
        for build in builds {
          rows.append(Self.row(build))
          tree.append(Self.tree(build))
        }
        if let older { missing.append((stage, older)) }
      }
    } catch {
      throw ErrorText.describe(error, root: layout)
    }
    if json { return try Terminal.result(JSON.array(tree).pretty()) }
    try Terminal.result(TextTable.text(rows))
    for (stage, digest) in missing {
      Terminal.say("distill-make: what \(stage) built before is not in receipts/history: \(digest)")
    }
  }

  private static func row(_ build: ReceiptCodec.Encoded) -> [String] {
    let receipt = build.receipt
    let git = receipt.git.map { "\($0.sha.prefix(7))\($0.dirty ? "+" : "")" } ?? ""
    let counts = receipt.core.recordCounts
    let terms = ["read", "evidence", "scored", "written", "exported", "quarantined"].compactMap { term in
      counts[term]?.integer.map { "\(term) \($0)" }
    }
    return [
      receipt.stage.text, String(build.digest.hex.prefix(12)), receipt.run.finishedAt.text, git,
      terms.joined(separator: ", "),
    ]
  }

  private static func tree(_ build: ReceiptCodec.Encoded) -> JSON {
    let receipt = build.receipt
    return [
      "stage": .string(receipt.stage.text), "receipt_sha256": .string(build.digest.hex),
      "finished_at": .string(receipt.run.finishedAt.text),
      "git": receipt.git.map { ["sha": .string($0.sha), "dirty": .bool($0.dirty)] } ?? .null,
      "record_counts": receipt.core.recordCounts, "validation_pass": .bool(receipt.core.validationPass),
      "previous": receipt.previous.map { .string($0.hex) } ?? .null,
    ]
  }
}
