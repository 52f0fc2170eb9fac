import ArgumentParser
import JSONTape
import Receipts
import Stages

struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Shows what differs between two receipts: inputs, parameters, program, commit, counts.",
    discussion: """
      A receipt is named by its stage (the newest), STAGE~N (N builds before), the first digits of its receipt_sha256, or
      a file.

      Example: distill-make diff score~1 score
      """)

  @OptionGroup var workspace: WorkspaceOptions

  @Argument(help: "The receipt before.")
  var before: String

  @Argument(help: "The receipt after.")
  var after: String

  @Flag(help: "Print it as JSON.")
  var json = false

  func run() throws {
    let layout = try workspace.layout()
    let history = History(layout)
    let (old, new): (ReceiptCodec.Encoded, ReceiptCodec.Encoded)
    do {
      (old, new) = (try history.receipt(before), try history.receipt(after))
    } catch {
      throw ErrorText.describe(error, root: layout)
    }
    guard old.receipt.stage == new.receipt.stage else {
      throw DistillError(
        .usage, "these are receipts of two stages: \(old.receipt.stage) and \(new.receipt.stage)")
    }
    var tree = ReceiptChanges.tree(from: old.receipt, to: new.receipt, limit: .max)
    if json {
      tree["stage"] = .string(new.receipt.stage.text)
      tree["before"] = .string(old.digest.hex)
      tree["after"] = .string(new.digest.hex)
      return try Terminal.result(JSON.object(tree).pretty())
    }
    try Terminal.result(DiffText.text(tree))
  }
}
