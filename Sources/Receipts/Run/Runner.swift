import JSONTape
import SystemPackage

/// What a build did with a stage.
public struct StageReport: Sendable {
  public enum Ending: Sendable {
    case upToDate(ReceiptHead)
    /// `isUnchanged`: it ran, and its receipt stays because everything in its core came out the same.
    case built(ReceiptHead, isUnchanged: Bool)
    /// A check failed; the receipt is `failed.json`.
    case failed(ReceiptCodec.Encoded)
    /// It threw; nothing was published.
    case stopped(any Error)
    /// A stage that it reads from did not end well.
    case notRun(because: StageName)

    /// `built`, `unchanged`, …
    var name: String {
      switch self {
      case .upToDate: "up to date"
      case .built(_, let isUnchanged): isUnchanged ? "unchanged" : "built"
      case .failed: "failed"
      case .stopped: "stopped"
      case .notRun: "not run"
      }
    }
  }
  public var stage: StageName
  public var ending: Ending
  public var reasons: [StageReason]
  public var warnings: [String]
  public var nanoseconds: UInt64

  public var isGood: Bool {
    switch ending {
    case .upToDate, .built: true
    case .failed, .stopped, .notRun: false
    }
  }
}

/// What `status` and `--dry-run` know of a stage.
public struct StageForecast: Sendable {
  public var stage: StageName
  public var state: StageState
  public var newest: ReceiptHead?
  /// What the stage's key is made of; nil: a stage that it reads from runs first.
  public var manifest: KeyManifest?
}

/// What a build writes behind its stages, when all is published.
public protocol BuildEpilogue: AnyObject {
  func write()
  /// What was published has settled, and so has what `write` wrote; the index is saved after this.
  func remember()
}

/// The one effectful loop: stages in the order of the graph, each inspected when its upstream is known.
public struct Runner: Sendable {
  private let environment: BuildEnvironment
  private let layout: WorkspaceLayout
  private let graph: StageGraph
  private let options: BuildOptions
  private let index: FileIndex

  public init(
    environment: BuildEnvironment, layout: WorkspaceLayout, graph: StageGraph, options: BuildOptions, index: FileIndex
  ) {
    self.environment = environment
    self.layout = layout
    self.graph = graph
    self.options = options
    self.index = index
  }

  /// Builds the named stages and what they depend on. The caller holds the workspace's lock.
  public func build(
    _ names: [StageName], onEnd: (StageReport) -> Void = { _ in }, epilogue: (any BuildEpilogue)? = nil
  ) throws -> [StageReport] {
    let build = Build(environment: environment, options: options, layout: layout, index: index)
    if options.keepsMemory { _ = Unmanaged.passRetained(build) }
    try environment.fileSystem.checkCache(of: layout, graph.stages.map(\.name))
    // What killed builds left behind. Looks first: an up-to-date build changes nothing.
    try environment.fileSystem.empty(layout.temporary)
    var reports: [StageReport] = []
    var receipts: [StageName: ReceiptHead] = [:]
    var bad: Set<StageName> = []
    var isStopped = false
    let stages = graph.closure(of: names)
    for stage in stages {
      let report: StageReport
      if let cause = stage.upstream.first(where: bad.contains) ?? (isStopped ? bad.sorted().first : nil) {
        report = StageReport(
          stage: stage.name, ending: .notRun(because: cause), reasons: [], warnings: [], nanoseconds: 0)
      } else {
        report = run(stage, build: build, receipts: receipts)
      }
      reports.append(report)
      blame(build.publications, stages, &reports)
      for report in reports where !report.isGood { bad.insert(report.stage) }
      isStopped = !bad.isEmpty && !options.keepGoing
      switch report.ending {
      case .upToDate(let receipt), .built(let receipt, _): receipts[stage.name] = receipt
      default: break
      }
      onEnd(reports[reports.count - 1])
    }
    try build.publications.wait(for: [])
    blame(build.publications, stages, &reports)
    epilogue?.write()
    do {
      try build.settle()
      epilogue?.remember()
      try index.saveIfChanged()
    } catch  where reports.contains(where: { !$0.isGood }) {
      // The stage's own failure is the one to tell; the index is a cache.
    }
    return reports
  }

  /// Stages counted as built until their publication failed; what stopped those that read from them comes from that.
  private func blame(_ publications: Publications, _ stages: [any Stage], _ reports: inout [StageReport]) {
    for place in reports.indices {
      if let error = publications.failures[reports[place].stage] {
        reports[place].ending = .stopped(error)
      } else if case .stopped = reports[place].ending,
        let cause = stages[place].upstream.first(where: { publications.failures[$0] != nil })
      {
        reports[place].ending = .notRun(because: cause)
      }
    }
  }

  /// Looks at the named stages and what they depend on, and changes nothing.
  public func forecast(_ names: [StageName]) throws -> [StageForecast] {
    let build = Build(environment: environment, options: options, layout: layout, index: index)
    let inspector = StageInspector(build: build)
    var receipts: [StageName: ReceiptHead] = [:]
    var forecasts: [StageForecast] = []
    for stage in graph.closure(of: names) {
      let isKnown = stage.upstream.allSatisfy { receipts[$0] != nil }
      let inspection = try inspector.inspect(stage, upstream: isKnown ? receipts : nil)
      if case .upToDate(let receipt) = inspection.state { receipts[stage.name] = receipt }
      forecasts.append(
        StageForecast(
          stage: stage.name, state: inspection.state, newest: inspection.found?.head,
          manifest: inspection.manifest))
    }
    return forecasts
  }

  /// Writes a derived input where it is not there with these bytes already.
  private func place(_ derived: (path: RelativePath, bytes: [UInt8]), build: Build) throws {
    let path = layout.path(derived.path)
    if try build.fileSystem.contents(of: path) != derived.bytes {
      try build.fileSystem.replace(path, with: derived.bytes, through: layout.temporary)
    }
    guard let status = try build.fileSystem.status(of: path, followingLinks: true) else { return }
    build.catalog.add(
      Digest.of(derived.bytes),
      FileSlice(
        path: path, name: derived.path.string, offset: 0, byteCount: derived.bytes.count, trust: .unchanged(status)))
  }

  private func run(
    _ stage: any Stage, build: Build, receipts: [StageName: ReceiptHead]
  ) -> StageReport {
    let started = environment.clock.monotonicNanoseconds()
    environment.progress.stageBegan(stage.name)
    defer { environment.progress.stageEnded(stage.name) }
    var report = StageReport(
      stage: stage.name, ending: .notRun(because: stage.name), reasons: [], warnings: [], nanoseconds: 0)
    do {
      let inspector = StageInspector(build: build)
      let inspection = try inspector.inspect(stage, upstream: receipts)
      if let derived = inspection.derived { try place(derived, build: build) }
      switch inspection.state {
      case .upToDate(let receipt):
        if let file = inspection.found?.file { try build.remember(receipt, in: file) }
        try build.fileSystem.removeIfPresent(layout.failed(stage.name))
        try StagingFolder(build: build, stage: stage.name).empty()
        report.ending = .upToDate(receipt)
        build.keep(inspection)
      case .willRun(let reasons), .mayRun(let reasons):
        report.reasons = reasons
        environment.progress.stageRuns(stage.name)
        let inputs = try inspector.locate(inspection.inputs, upstream: receipts)
        let ending = try withReceipt(
          stage, in: build, inputs: inputs, key: inspection.key,
          inPlace: inspection.inPlace
        ) { try stage.build($0) }
        switch ending {
        case .published(let receipt, let isUnchanged, let warnings):
          report.ending = .built(ReceiptHead(receipt), isUnchanged: isUnchanged)
          report.warnings = warnings
        case .failed(let receipt): report.ending = .failed(receipt)
        }
      }
    } catch {
      report.ending = .stopped(error)
    }
    let ended = environment.clock.monotonicNanoseconds()
    report.nanoseconds = ended - started
    environment.trace?.add(
      BuildTrace.Event(
        name: stage.name.text, category: "stage", thread: 0, start: started, end: ended,
        facts: ["ending": .string(report.ending.name)]))
    return report
  }
}

extension FileSystem {
  /// Looks before it removes: an up-to-date build makes no call that could change anything.
  func removeIfPresent(_ path: FilePath) throws(FileSystemError) {
    if try status(of: path, followingLinks: false) != nil { try remove(path) }
  }
}
