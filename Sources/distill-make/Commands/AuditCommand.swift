import ArgumentParser
import Attestation
import Audit
import JSONTape
import Receipts
import Stages
import SystemPackage

struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Checks the receipts against the files, against each other, and every row against what it was made of.",
    discussion: """
      Writes nothing into the workspace, and needs no distill.yaml. A stage is audited with all that it reads from.

      Example: distill-make audit --sarif audit.sarif

      Ends with 1 when something is wrong; notes are no fault.
      """)

  @OptionGroup var workspace: WorkspaceOptions

  @Argument(help: "Stages to audit. Default: all.")
  var stages: [String] = []

  @Flag(name: .customLong("no-inputs"), help: "The logs are not at hand: don't look at them.")
  var noInputs = false

  @Flag(help: "Older receipts that the history lacks are findings, not notes.")
  var strict = false

  @Option(
    name: .customLong("public-key"),
    help: ArgumentHelp("Every receipt must be signed by this key (Ed25519, PEM).", valueName: "file"))
  var publicKey: String?

  @OptionGroup var jobs: JobsOption

  @Option(help: ArgumentHelp("Also write the findings as SARIF 2.1.0.", valueName: "file"))
  var sarif: String?

  @Flag(help: "Print it as JSON.")
  var json = false

  func run() throws {
    let layout = try workspace.layout()
    ShrunkFiles.survive()
    let findings: [Finding]
    do {
      findings = try Auditor(fileSystem: LocalFileSystem(), layout: layout, options: try options(layout)).run()
    } catch {
      throw ErrorText.describe(error, root: layout)
    }
    if let sarif {
      try LocalFileSystem().replace(
        GivenPath.absolute(sarif), with: Array(Sarif.log(findings, version: DistillMake.version).pretty().utf8) + [0x0A]
      )
    }
    if json { try Terminal.result(Self.tree(findings).pretty()) } else { try FindingText.show(findings) }
    if findings.contains(where: { $0.level == .finding }) { throw Ending(.checkFailed) }
  }

  private func options(_ layout: WorkspaceLayout) throws -> AuditOptions {
    var options = AuditOptions()
    options.stages = try StageArguments.stages(stages)
    options.readsInputs = !noInputs
    options.isStrict = strict
    options.publicKey = try publicKey.map { try PublicKey(pem: GivenPath.read($0), place: $0) }
    options.jobs = jobs.count
    options.tool = try ToolFiles.identity(
      FileIndex(fileSystem: LocalFileSystem(), clock: SystemClock(), location: layout.index, paranoid: false))
    // One that can't be read is not the same as none.
    _ = try Repository.discover(from: layout.root)
    options.commits = { sha in
      // One of its own a question: a repository belongs to one thread.
      guard let repository = try? Repository.discover(from: layout.root) else { return .noRepository }
      return repository.commitExists(sha) ? .known : .unknown
    }
    options.trees = { place in
      guard let repository = try? Repository.discover(from: layout.root.appending(place)) else { return nil }
      let around = try? Repository.discover(from: layout.root)
      return AuditOptions.Trees(
        isAround: around?.workTree == repository.workTree, hasCommit: repository.commitExists,
        answer: { try repository.answer($0, commit: $1).rawValue })
    }
    return options
  }

  private static func tree(_ findings: [Finding]) -> JSON {
    let count = findings.count { $0.level == .finding }
    return [
      "ok": .bool(count == 0), "findings": .integer(Int64(count)), "notes": .integer(Int64(findings.count - count)),
      "results": .array(findings.map(\.json)),
    ]
  }
}
