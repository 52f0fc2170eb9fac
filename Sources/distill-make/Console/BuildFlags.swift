import ArgumentParser
import Receipts
import Stages

/// What an export may take, beyond what distill.yaml says.
struct ExportFlags: ParsableArguments {
  @Flag(help: "SFT also takes partially_accepted runs.")
  var includePartial = false

  @Flag(help: "RAG also takes runs that need human review.")
  var includeReview = false

  func apply(to options: inout ExportOptions) {
    if includePartial { options.includePartial = true }
    if includeReview { options.includeReview = true }
  }
}

/// The flags of every subcommand that builds.
struct BuildFlags: ParsableArguments {
  @OptionGroup var workspace: WorkspaceOptions
  @OptionGroup var export: ExportFlags

  @Flag(name: [.customShort("n"), .long], help: "Say what would run, and write nothing.")
  var dryRun = false

  @OptionGroup var jobs: JobsOption

  @Flag(name: [.customShort("k"), .long], help: "After a failure, go on with the stages that do not depend on it.")
  var keepGoing = false

  @Flag(help: "Run everything, whatever is up to date or cached.")
  var force = false

  @Flag(help: "Hash every file again, whatever the file index remembers.")
  var paranoid = false

  @Flag(help: "End with code 75 when another build holds the workspace, instead of waiting.")
  var noWait = false

  @Option(help: ArgumentHelp("Also write every action that runs, with its inputs, for run-action.", valueName: "dir"))
  var saveActions: String?

  @Option(
    help: ArgumentHelp("Also write when which action ran, for chrome://tracing or Perfetto.", valueName: "file"))
  var profile: String?

  @Flag(name: [.customShort("q"), .long], help: "Say nothing but errors.")
  var quiet = false

  @Flag(help: "Print what happened as JSON on standard output.")
  var json = false
}
