import JSONTape
import Receipts
import Stages
import SystemPackage

/// Builds what the receipts of a workspace speak of once more, with their parameters, in another folder, and compares.
/// The workspace is only read.
package struct Verifier {
  private let environment: BuildEnvironment
  private let workspace: WorkspaceLayout
  private let folder: WorkspaceLayout
  private let options: BuildOptions
  private let readsPublished: Bool
  private let isReversed: Bool

  /// - Parameters:
  ///   - environment: its repository is not asked: `git` is not compared.
  ///   - folder: an empty folder outside of the workspace, absolute and without symbolic links. What was rebuilt stays
  ///     there.
  ///   - options: threads and the size of chunks; nothing else counts.
  ///   - readsPublished: false: the published files are not at hand, and only the receipts are compared.
  ///   - isReversed: folders of logs are listed in the reverse order.
  package init(
    _ environment: BuildEnvironment, workspace: WorkspaceLayout, folder: FilePath, options: BuildOptions,
    readsPublished: Bool = true, isReversed: Bool = false
  ) {
    var environment = environment
    environment.git = { nil }
    self.environment = environment
    self.workspace = workspace
    self.folder = WorkspaceLayout(root: folder)
    var own = BuildOptions()
    own.jobs = options.jobs
    own.chunkSize = options.chunkSize
    own.keepGoing = true
    self.options = own
    self.readsPublished = readsPublished
    self.isReversed = isReversed
  }

  private var fileSystem: any FileSystem { environment.fileSystem }

  /// - Throws: (65) when there are no receipts, or this program can't read their parameters; `FileSystemError`.
  package func run() throws -> Verification {
    let set = try ReceiptSet(of: workspace, fileSystem)
    let pipeline = try ReceiptedPipeline(set.parameters)
    let sizes = Dictionary(
      set.sourceFiles.map { ($0.file.path, Int64($0.file.byteCount)) }, uniquingKeysWith: { first, _ in first })
    let view = SourceView(
      of: fileSystem, workspace: workspace.root, in: folder.root, sizes: sizes, isReversed: isReversed)
    let index = FileIndex(fileSystem: view, clock: environment.clock, location: folder.index, paranoid: false)
    let inputs = try InputCheck(
      files: set.sourceFiles, view: view, workspace: workspace, folder: folder, index: index, jobs: options.jobs
    ).run()
    var discrepancies = set.discrepancies + inputs
    discrepancies += try Surroundings(workspace: workspace, fileSystem: fileSystem)
      .notes(pipeline, set.parameters, known: Set(sizes.keys))
    guard inputs.allSatisfy(\.code.isNote) else {
      return Verification(
        stages: Pipeline.stages.map(VerifiedStage.notCompared), discrepancies: discrepancies, isRebuilt: false)
    }
    let (stages, found) = try rebuild(set, pipeline, view, index)
    return Verification(stages: stages, discrepancies: discrepancies + found, isRebuilt: true)
  }

  private func rebuild(
    _ set: ReceiptSet, _ pipeline: ReceiptedPipeline, _ view: SourceView, _ index: FileIndex
  ) throws -> ([VerifiedStage], [Discrepancy]) {
    let graph: StageGraph
    do {
      graph = try pipeline.graph(
        try pipeline.logs(in: folder.root, of: view), workspace: folder.root, origin: workspace.root, of: view)
    } catch let error as DistillError {
      // The logs are there, so it is the parameters that are not those of a build.
      return (Pipeline.stages.map(VerifiedStage.notCompared), [Self.failure(.buildEvidence, "\(error)")])
    }
    var environment = environment
    environment.fileSystem = view
    let runner = Runner(environment: environment, layout: folder, graph: graph, options: options, index: index)
    let reports = try runner.build(graph.stages.map(\.name))
    var stages: [VerifiedStage] = []
    var discrepancies: [Discrepancy] = []
    for name in Pipeline.stages {
      guard let report = reports.first(where: { $0.stage == name }), let receipt = set.receipts[name] else {
        stages.append(.notCompared(name))
        continue
      }
      let (stage, found) = try compare(receipt.receipt.core, report)
      stages.append(stage)
      discrepancies += found
    }
    return (stages, discrepancies)
  }

  private func compare(_ core: Receipt.Core, _ report: StageReport) throws -> (VerifiedStage, [Discrepancy]) {
    let stage = report.stage
    switch report.ending {
    case .upToDate, .built:
      return try compare(stage, ReceiptedStage(core: core, layout: workspace), readsFiles: readsPublished)
    case .failed(let receipt):
      let failed = receipt.receipt.core.validation.filter { !$0.pass }
        .map { "the check \($0.name) failed: \($0.facts.joined(separator: "; "))" }
      return (.notCompared(stage), [Self.failure(stage, failed.joined(separator: ". "))])
    case .stopped(let error):
      // A full disk, say, tells nothing of the receipts.
      guard let error = error as? DistillError else { throw error }
      return (.notCompared(stage), [Self.failure(stage, "\(error)")])
    case .notRun(let cause):
      return (.notCompared(stage), [Self.failure(stage, "\(cause) failed")])
    }
  }

  /// What was rebuilt here, against what stands elsewhere.
  private func compare(
    _ stage: StageName, _ expected: ReceiptedStage, readsFiles: Bool
  ) throws -> (VerifiedStage, [Discrepancy]) {
    guard let rebuilt = try ReceiptShelf(fileSystem: fileSystem, layout: folder).newest(stage) else {
      throw DistillError(.internalFault, "stage \(stage) was rebuilt and left no receipt")
    }
    return try StageComparison(
      stage: stage, expected: expected, found: ReceiptedStage(core: rebuilt.receipt.core, layout: folder),
      fileSystem: fileSystem, clock: environment.clock, jobs: options.jobs,
      readsPublished: readsFiles
    ).run()
  }

  /// Compares what was rebuilt here with another rebuild of the same workspace.
  ///
  /// - Parameter other: its folder.
  package func differences(from other: FilePath) throws -> [Discrepancy] {
    let other = WorkspaceLayout(root: other)
    let shelves = (
      ReceiptShelf(fileSystem: fileSystem, layout: other), ReceiptShelf(fileSystem: fileSystem, layout: folder)
    )
    var discrepancies: [Discrepancy] = []
    for stage in Pipeline.stages {
      switch (try shelves.0.newest(stage), try shelves.1.newest(stage)) {
      case (let receipt?, .some):
        let expected = ReceiptedStage(core: receipt.receipt.core, layout: other)
        discrepancies += try compare(stage, expected, readsFiles: true).1
      case (nil, nil): continue
      case (let before, _):
        let words = ["built", "not built"]
        discrepancies.append(
          Discrepancy(
            .stageFailed, stage: stage, path: "receipts/\(stage)/receipt.json", expected: words[before == nil ? 1 : 0],
            found: words[before == nil ? 0 : 1]))
      }
    }
    return discrepancies
  }

  private static func failure(_ stage: StageName, _ text: String) -> Discrepancy {
    Discrepancy(
      .stageFailed, stage: stage, path: "receipts/\(stage)/receipt.json", expected: "a rebuild", found: text)
  }
}
