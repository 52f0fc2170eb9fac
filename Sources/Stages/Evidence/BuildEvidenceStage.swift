import JSONTape
import Receipts

/// `build-evidence`: logs to evidence partitions, one a source and UTC day.
///
/// Chunks of logs are mapped by themselves; one reduce a source finds identities that occur twice, and only the chunks
/// in which it found some are mapped again.
public struct BuildEvidenceStage: Stage {
  public let name: StageName = .buildEvidence
  public let upstream: [StageName] = []
  public let function = "build-evidence/2"
  public let parameters: JSON
  private let logs: SourceLogs

  public init(_ logs: SourceLogs) {
    self.logs = logs
    parameters = ["sources": .array(logs.entries.map { $0.source.slice })]
  }

  /// Logs, and the files of look-ups, which sources may share.
  public func sourceFiles() throws -> [RelativePath] {
    // A list is in order already; look-ups may share files with each other.
    let lists = logs.entries.flatMap { [$0.files] + $0.lookups }
    if lists.count == 1 { return lists[0].map { $0.path } }
    var paths = lists.flatMap { files in files.map { $0.path } }
    paths.sort()
    var last: RelativePath?
    paths.removeAll { path in
      defer { last = path }
      return path == last
    }
    return paths
  }

  public func isCutByLines(_ path: RelativePath) -> Bool {
    logs.entries.contains { entry in
      guard case .lines = entry.source.cutRule(for: path) else { return false }
      return entry.files.hasFile(at: path)
    }
  }

  public func owns(_ path: RelativePath) -> Bool {
    Layout.isPartition(path, below: Layout.evidence) || path == Layout.quarantine("evidence")
      || path == Layout.repositoryPaths
  }

  public func build(_ run: borrowing StageRun) throws -> StageOutcome {
    let inputs = Dictionary(run.inputs.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    var outcome = EvidenceOutcome()
    for entry in logs.entries { try entry.source.checkPrograms() }
    var mappings: [SourceMapping] = []
    for entry in logs.entries {
      let files = entry.files.compactMap { inputs[$0.path] }
      mappings.append(
        SourceMapping(
          entry: entry, logs: try cut(entry.files, files, entry.source, run),
          lookups: try LookupTables(entry, inputs, run)))
    }
    try SourceMapping.map(&mappings, in: run)
    for mapping in mappings {
      try outcome.add(mapping.entry.source, lookups: mapping.lookups.results)
      try outcome.add(mapping.entry, try mapping.withoutDuplicates(in: run))
    }
    var stageOutcome = outcome.stageOutcome()
    if let paths = try repositoryPaths(stageOutcome, run) { stageOutcome.outputs.append(paths) }
    return stageOutcome
  }

  /// The questions for `data/repository-facts.json`; nil where no source has a `repository`.
  private func repositoryPaths(
    _ outcome: StageOutcome, _ run: borrowing StageRun
  ) throws -> PlannedOutput? {
    let names = logs.entries.filter { $0.source.repository != nil }.map(\.source.name)
    guard !names.isEmpty else { return nil }
    let fragments = outcome.outputs.filter { $0.path.string.hasPrefix(Layout.evidence) }
      .sorted { $0.path < $1.path }.flatMap(\.fragments)
    func action(_ inputs: [ActionInput]) -> Action {
      Action(
        function: RepositoryPaths.function.name,
        parameters: ["sources": .array(names.sorted().map(JSON.string)), "fragments": .integer(Int64(inputs.count))],
        inputs: inputs)
    }
    let found = try run.execute(
      fragments.map { action([ActionInput(name: "evidence/0", digest: $0.digest, byteCount: $0.byteCount)]) })
    let parts = SampleStage.fragments(found, "paths")
    let result = try run.execute([
      action(
        parts.enumerated().map {
          ActionInput(name: "paths/\($0)", digest: $1.digest, byteCount: $1.byteCount)
        })
    ])[0]
    return PlannedOutput(
      path: Layout.repositoryPaths, fragments: SampleStage.fragments([result], "paths"))
  }

  private func cut(
    _ logs: [LogFile], _ inputs: [StageInput], _ source: Source, _ run: borrowing StageRun
  ) throws -> [LogSegments] {
    let packed = zip(logs, inputs).filter { source.isUnpacked($0, $1, chunkSize: run.chunkSize) }
    let unpacked = try run.cut(packed.map { source.packed($1) })
    var cuts = Dictionary(zip(packed.map { $1.path }, unpacked), uniquingKeysWith: { first, _ in first })
    let large = inputs.filter { cuts[$0.path] == nil && $0.byteCount > run.chunkSize }.compactMap { input in
      source.cutRule(for: input.path).map { (log: input, rule: $0) }
    }
    for (input, cut) in zip(large, try run.cut(large)) { cuts[input.log.path] = cut }
    return zip(logs, inputs).map { log, input in LogSegments(log, input, cuts[input.path] ?? .whole(input)) }
  }
}
