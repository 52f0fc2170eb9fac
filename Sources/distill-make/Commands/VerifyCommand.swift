import ArgumentParser
import Glibc
import Receipts
import Stages
import SystemPackage
import Verification

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Rebuilds from the logs in an empty folder, with the receipts' parameters, and compares every byte.",
    discussion: """
      Compares each output with the receipt and with the published file, and all else that the receipts say but for git, \
      time and machine. A difference is shown down to the first record and field. Takes no lock, needs no distill.yaml \
      and writes nothing into the workspace.

      Example: distill-make verify --vary

      Ends with 1 when something differs; notes are no fault.
      """)

  @OptionGroup var workspace: WorkspaceOptions

  @Flag(
    help: """
      Rebuild twice more, under other folders, time zones, locales, umasks, numbers of threads, orders of directories \
      and with SOURCE_DATE_EPOCH set, and compare these, too.
      """)
  var vary = false

  @Option(help: ArgumentHelp("Rebuild there: a new or an empty folder. Default: one below $TMPDIR.", valueName: "dir"))
  var folder: String?

  @Flag(name: .customLong("no-outputs"), help: "The published files are not at hand: compare with the receipts alone.")
  var noOutputs = false

  @Flag(help: "Leave what was rebuilt where it is.")
  var keep = false

  @OptionGroup var jobs: JobsOption

  @Flag(name: [.customShort("q"), .long], help: "Say nothing but errors.")
  var quiet = false

  @Flag(help: "Print it as JSON.")
  var json = false

  @Flag(help: .hidden)
  var reverseFolders = false

  func run() throws {
    let layout = try workspace.layout()
    let verification: Verification
    do {
      if let folder { try Self.check(folder, isOutside: layout) }
      let place =
        try folder.map { try TemporaryFolder(at: $0, isKept: keep) }
        ?? TemporaryFolder(named: "distill-verify", isKept: keep)
      try Self.check(place.path.string, isOutside: layout)
      if keep, !quiet { Terminal.say("The rebuild stays in \(place.path)") }
      verification = try verify(layout, in: place.path)
    } catch {
      throw ErrorText.describe(error, root: layout)
    }
    if json {
      try Terminal.result(verification.json.pretty())
    } else if !quiet {
      try VerificationText.show(verification, varied: vary && verification.isRebuilt)
    }
    if !verification.isGood { throw Ending(.checkFailed) }
  }

  /// Where in its folder a verification rebuilds.
  static func rebuild(in folder: FilePath) -> FilePath { folder.appending("rebuild") }

  private func verify(_ layout: WorkspaceLayout, in folder: FilePath) throws -> Verification {
    let verifier = try verifier(layout, in: Self.rebuild(in: folder))
    var verification = try verifier.run()
    guard vary, verification.isRebuilt else { return verification }
    for variation in Variation.all {
      if !quiet { Terminal.say("Rebuilding \(variation.text)") }
      let other = try variation.rebuild(layout, in: folder)
      let differences = try self.verifier(layout, in: other).differences(from: Self.rebuild(in: folder))
      verification.add(differences, of: variation.name)
    }
    return verification
  }

  private func verifier(_ layout: WorkspaceLayout, in folder: FilePath) throws -> Verifier {
    let fileSystem = LocalFileSystem()
    let clock = SystemClock()
    try fileSystem.createDirectory(folder)
    // An index of its own: what is verified is not asked which program this is.
    let index = FileIndex(
      fileSystem: fileSystem, clock: clock, location: WorkspaceLayout(root: folder).index, paranoid: true)
    var options = BuildOptions()
    options.jobs = jobs.count
    let progress: any Progress = quiet || json ? SilentProgress() : ConsoleProgress(quiet: false)
    return Verifier(
      BuildEnvironment(
        fileSystem: fileSystem, clock: clock, tool: Pending(try ToolFiles.identity(index)), host: Workspace.host,
        git: { nil },
        functions: Pipeline.functions, progress: progress),
      workspace: layout, folder: folder, options: options, readsPublished: !noOutputs,
      isReversed: reverseFolders)
  }

  /// What is verified is not written to.
  private static func check(_ folder: String, isOutside layout: WorkspaceLayout) throws {
    // The nearest folder that is there says where a new one would be.
    var path = FilePath(folder)
    while true {
      if let resolved = realpath(path.isEmpty ? "." : path.string, nil) {
        defer { free(resolved) }
        let place = String(cString: resolved)
        guard place != layout.root.string, !place.hasPrefix(layout.root.string + "/") else {
          throw DistillError(
            .usage, "the folder of the rebuild is inside the workspace", place: folder,
            hint: "Name one outside with --folder.")
        }
        return
      }
      if path.isEmpty { return }
      path.removeLastComponent()
    }
  }
}
