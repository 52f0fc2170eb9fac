import JSONTape
import Receipts
import Stages
import SystemPackage

/// What every building subcommand does: lock, build, report, say.
struct BuildCommand {
  let stages: [StageName]
  let flags: BuildFlags

  func run() throws {
    let layout = try flags.workspace.layout()
    var options = BuildOptions()
    options.jobs = flags.jobs.count
    options.force = flags.force
    options.keepGoing = flags.keepGoing
    options.publishing = options.jobs > 1 ? .beside : .atOnce
    options.keepsMemory = true
    options.savedActions = flags.saveActions.map { FilePath($0) }
    if flags.dryRun { return try dryRun(layout, options) }

    let lock = try Workspace.lock(layout, waiting: !flags.noWait)
    defer { withExtendedLifetime(lock) {} }
    let workspace = try Workspace(layout, export: flags.export, paranoid: flags.paranoid, jobs: options.jobs)
    let progress = ConsoleProgress(quiet: flags.quiet || flags.json)
    defer { progress.end() }
    let trace = flags.profile.map { _ in BuildTrace() }
    let reports: [StageReport]
    let reporting = workspace.reporting(jobs: options.jobs)
    do {
      let runner = try workspace.runner(options: options, progress: progress, trace: trace)
      reports = try runner.build(
        stages,
        onEnd: { report in
          progress.stageEnded(report.stage)
          say(report)
        }, epilogue: reporting)
    } catch {
      throw ErrorText.describe(error, root: layout)
    }
    progress.end()
    // The stages' results are told first, also where the report could not be written.
    var late = reporting.failure
    if let trace, let path = flags.profile {
      do { try LocalFileSystem().replace(GivenPath.absolute(path), with: trace.chrome.canonical) } catch {
        late = late ?? error
      }
    }
    // What went wrong in a stage is told also where its results can't be.
    do {
      if flags.json {
        try Terminal.result(SummaryTable.json(reports, layout).pretty())
      } else if !flags.quiet {
        try Terminal.result(SummaryTable.text(reports))
      }
    } catch {
      late = late ?? error
    }
    if !flags.quiet, let words = MissingVerdicts.text(reports) { Terminal.say("distill-make: \(words)") }
    try endBadly(reports, layout)
    if let late { throw ErrorText.describe(late, root: layout) }
  }

  private func dryRun(_ layout: WorkspaceLayout, _ options: BuildOptions) throws {
    let workspace = try Workspace(layout, export: flags.export, paranoid: flags.paranoid, jobs: options.jobs)
    let forecasts = try workspace.runner(options: options, progress: SilentProgress()).forecast(stages)
    if !flags.quiet { try Forecasts.print(forecasts, json: flags.json) }
  }

  private func say(_ report: StageReport) {
    guard !flags.quiet else { return }
    for warning in report.warnings { Terminal.say("distill-make: warning: \(warning)") }
  }

  /// The first thing that went wrong gives the exit code.
  private func endBadly(_ reports: [StageReport], _ layout: WorkspaceLayout) throws {
    var code: ExitCode?
    for report in reports {
      switch report.ending {
      case .upToDate, .built, .notRun: continue
      case .failed(let receipt):
        for check in receipt.receipt.core.validation where !check.pass {
          let facts = check.facts.joined(separator: "; ")
          Terminal.say("distill-make: \(report.stage): the check \(check.name) failed: \(facts)")
        }
        Terminal.say("  Nothing was published; see receipts/\(report.stage)/failed.json.")
        code = code ?? .checkFailed
      case .stopped(let error):
        let shown = ErrorText.describe(error, root: layout)
        ErrorText.print(shown)
        code = code ?? shown.code
      }
    }
    if let code { throw Ending(code) }
  }
}
