import ArgumentParser
import Attestation
import Audit
import Receipts
import Stages
import SystemPackage

struct AttestCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attest",
    abstract: "Signs the newest receipts: in-toto statements in DSSE envelopes, beside each receipt.",
    discussion: """
      Example: distill-make attest --key release.pem

      Nothing is signed unless the receipts hold together and the outputs are as they say. The same receipt and key give
      the same bytes. `distill-make audit --public-key release.pem.pub` checks the signatures.
      """)

  @OptionGroup var workspace: WorkspaceOptions

  @Argument(help: "Stages whose receipts are signed. Default: all.")
  var stages: [String] = []

  @Option(
    help: ArgumentHelp("The private key (Ed25519, PEM), as keygen or `openssl genpkey` makes it.", valueName: "file"))
  var key: String

  func run() throws {
    let layout = try workspace.layout()
    let key = try SigningKey(pem: GivenPath.read(key), place: key)
    let stages = try StageArguments.stages(stages)
    ShrunkFiles.survive()
    // No build may publish while this looks and signs.
    let lock = try Workspace.lock(layout, waiting: true)
    defer { withExtendedLifetime(lock) {} }
    do {
      try check(stages, layout)
      let fileSystem = LocalFileSystem()
      let shelf = ReceiptShelf(fileSystem: fileSystem, layout: layout)
      for stage in stages {
        guard let receipt = try shelf.newest(stage) else { continue }
        let file = layout.receipts(stage).appending(StageAttestation.fileName)
        try fileSystem.replace(
          file, with: StageAttestation.sign(receipt.receipt, bytes: receipt.bytes, with: key))
        try Terminal.result(layout.relative(file.string))
      }
    } catch let ending as Ending {
      throw ending
    } catch {
      throw ErrorText.describe(error, root: layout)
    }
  }

  /// Signs nothing that does not hold.
  private func check(_ stages: [StageName], _ layout: WorkspaceLayout) throws {
    var options = AuditOptions()
    options.stages = stages
    options.readsInputs = false
    options.readsRows = false
    options.jobs = Workspace.processors
    let findings = try Auditor(fileSystem: LocalFileSystem(), layout: layout, options: options).run()
      .filter { $0.level == .finding }
    if findings.isEmpty { return }
    try FindingText.show(findings)
    Terminal.say("distill-make: nothing was signed")
    throw Ending(.checkFailed)
  }
}
