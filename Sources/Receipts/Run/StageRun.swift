import JSONTape
import SystemPackage
import Synchronization

/// The permission to do a stage's work, and the means. Only `withReceipt` makes one, so no stage runs without a
/// receipt.
public struct StageRun: ~Copyable {
  public let inputs: [StageInput]
  let build: Build
  private let executor: LocalExecutor
  private let tally: Tally

  final class Tally: Sendable {
    let counts = Mutex(ActionTally())
  }

  init(inputs: [StageInput], build: Build, spool: OutputSpool, ignoringCache: Bool) throws {
    self.inputs = inputs
    self.build = build
    let tally = Tally()
    self.tally = tally
    executor = try LocalExecutor(
      fileSystem: build.fileSystem, store: build.store, cache: build.cache, catalog: build.catalog,
      functions: build.environment.functions, tool: build.environment.tool.digest, jobs: build.options.jobs,
      ignoresCache: ignoringCache, progress: build.environment.progress,
      spool: spool, workers: build.workers, clock: build.environment.clock, trace: build.environment.trace,
      saved: build.options.savedActions.map { SavedActions(fileSystem: build.fileSystem, folder: $0) },
      onFinish: { cached in
        tally.counts.withLock { if cached { $0.cached += 1 } else { $0.run += 1 } }
      })
  }

  var actions: ActionTally { tally.counts.withLock { $0 } }

  /// - Parameter places: the outputs that are fragments of an output of the stage. Those that turn out to be none,
  ///   because the action runs again with what a reduce found, are left out when the output is put together.
  public func execute(_ actions: [Action], places: FragmentPlaces? = nil) throws -> [ActionResult] {
    try executor.execute(actions, places: places)
  }

  /// Of logs, in bytes.
  public var chunkSize: Int { build.options.chunkSize }

  /// Cuts logs at unit ends, several at a time, so that each piece can be an action's input.
  public func cut(_ logs: [(log: StageInput, rule: CutRule)]) throws -> [LogCut] {
    let cutter = LogCutter(build: build)
    return try parallelMap(logs, jobs: build.options.jobs) { try cutter.cut($1.log, by: $1.rule) }
  }

  /// Cuts what compressed logs of lines hold, several at a time.
  public func cut(_ logs: [PackedLog]) throws -> [LogCut] {
    let cutter = LogCutter(build: build)
    return try parallelMap(logs, jobs: build.options.jobs) { try cutter.cut($1) }
  }

  /// The cut of a document that turned out to be no JSON: its beginning, and why.
  public func faulty(_ log: StageInput, _ fault: String) throws -> LogCut {
    try LogCutter(build: build).faulty(log, fault)
  }
}
