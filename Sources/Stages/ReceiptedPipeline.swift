import JSONTape
import Receipts
import SystemPackage

/// The program's graph as receipts describe it: each stage with the parameters of its own receipt, whatever
/// distill.yaml says.
package struct ReceiptedPipeline: Sendable {
  /// As build-evidence's receipt has them.
  package let sources: [Source]
  private let parameters: [StageName: JSON]
  /// Of each exporter; what its parameters do not say is as by default.
  private let options: [StageName: ExportOptions]

  /// - Parameter parameters: `core.parameters` of receipts, by stage.
  /// - Throws: (65) when this program can't read them.
  package init(_ parameters: [StageName: JSON]) throws(DistillError) {
    self.parameters = parameters
    var sources: [Source] = []
    for slice in parameters[.buildEvidence]?["sources"]?.array ?? [] {
      do { sources.append(try Source(slice: slice)) } catch { throw Self.unreadable(error, .buildEvidence) }
    }
    self.sources = sources
    var options: [StageName: ExportOptions] = [:]
    for stage in Pipeline.exports {
      guard let own = parameters[stage] else { continue }
      do { options[stage] = try Self.options(own, of: stage) } catch { throw Self.unreadable(error, stage) }
    }
    self.options = options
  }

  private static func unreadable(_ error: DistillError, _ stage: StageName) -> DistillError {
    DistillError(
      .data, "its parameters can't be used: \(error.message)", place: "receipts/\(stage)/receipt.json",
      hint: "Another version of the program may have written it.")
  }

  /// From the parameters of one exporter: its own section, and the holdout that all have.
  private static func options(_ parameters: JSON, of stage: StageName) throws(DistillError) -> ExportOptions {
    var section = parameters.object ?? [:]
    section["holdout"] = nil
    let name = stage == .exportRAG ? "rag" : stage == .exportSFT ? "sft" : "preference"
    return try ExportOptions(
      json: .object(JSONObject([("holdout", parameters["holdout"] ?? .null), (name, .object(section))])))
  }

  /// The logs of the sources.
  package func logs(in workspace: FilePath, of fileSystem: any FileSystem) throws -> SourceLogs {
    try SourceLogs.find(Configuration(sources: sources, exports: ExportOptions()), in: workspace, of: fileSystem)
  }

  /// The files that exporters hold out, each once, by path.
  package func heldOut(in workspace: FilePath, of fileSystem: any FileSystem) throws -> [RelativePath] {
    let found = try options.values.compactMap { try HoldoutFiles.find($0, in: workspace, of: fileSystem) }
    return Set(found.flatMap { $0.files.map(\.path) }).sorted()
  }

  /// The stages that parameters are known of, without those that read from one of which none are.
  ///
  /// - Parameters:
  ///   - workspace: what the patterns of held-out files start from.
  ///   - origin: what `repository` paths start from.
  package func graph(
    _ logs: SourceLogs, workspace: FilePath, origin: FilePath, of fileSystem: any FileSystem
  ) throws -> StageGraph {
    let facts = RepositoryFacts.derivedInput(
      Configuration(sources: sources, exports: ExportOptions()), workspace: origin)
    func context(_ options: ExportOptions) throws -> ExportContext {
      ExportContext(facts: facts, holdout: try HoldoutFiles.find(options, in: workspace, of: fileSystem))
    }
    var stages: [any Stage] = []
    func add(_ stage: any Stage) {
      if stage.upstream.allSatisfy({ name in stages.contains { $0.name == name } }) { stages.append(stage) }
    }
    if parameters[.buildEvidence] != nil { add(BuildEvidenceStage(logs)) }
    if let own = parameters[.score] { add(ScoreStage(sources: sources, thresholds: own["thresholds"] ?? .null)) }
    if let own = options[.exportRAG] { add(SampleStage.rag(own, try context(own))) }
    if let own = options[.exportSFT] { add(SampleStage.sft(own, try context(own))) }
    if let own = options[.exportPreference] { add(PreferenceStage(own, try context(own))) }
    return try StageGraph(stages)
  }
}

extension Pipeline {
  /// What a build with this configuration would give each stage as parameters. Looks for no files.
  package static func parameters(of configuration: Configuration) -> [StageName: JSON] {
    let logs = SourceLogs(
      entries: configuration.sources.map {
        SourceLogs.Entry(source: $0, files: [], skippedLinks: [], notFiles: [])
      })
    let none = ExportContext()
    let stages: [any Stage] = [
      BuildEvidenceStage(logs), ScoreStage(configuration: configuration),
      SampleStage.rag(configuration.exports, none), SampleStage.sft(configuration.exports, none),
      PreferenceStage(configuration.exports, none),
    ]
    return Dictionary(uniqueKeysWithValues: stages.map { ($0.name, $0.parameters) })
  }
}
