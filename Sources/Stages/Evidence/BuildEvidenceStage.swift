import JSONTape
import Receipts

/// `build-evidence`: logs to evidence partitions, one a source and UTC day.
///
/// Chunks of logs are mapped by themselves; one reduce a source finds identities that occur twice, and only the chunks in which
/// it found some are mapped again.
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

  public func owns(_ path: RelativePath) -> Bool {
    path.string.hasPrefix(Layout.evidence) || path == Layout.quarantine("evidence") || path == Layout.repositoryPaths
  }

  public func build(_ run: borrowing StageRun) throws -> StageOutcome {
    let inputs = Dictionary(run.inputs.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    var outcome = EvidenceOutcome()
    for entry in logs.entries { try entry.source.checkPrograms() }
    for entry in logs.entries {
      let files = entry.files.compactMap { inputs[$0.path] }
      let logs = try cut(entry.files, files, entry.source, run)
      let lookups = try LookupTables(entry, inputs, run)
      try outcome.add(entry.source, lookups: lookups.results)
      let results = try map(logs, entry.source, lookups: lookups.inputs, run)
      try outcome.add(entry, results)
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
    var result: [LogSegments] = []
    for (log, input) in zip(logs, inputs) {
      if let cut = cuts.removeValue(forKey: input.path) {
        result.append(LogSegments(log, input, cut))
      } else if input.byteCount > run.chunkSize, let rule = source.cutRule(for: input.path) {
        result.append(LogSegments(log, input, try run.cut(input, by: rule)))
      } else {
        result.append(LogSegments(log, input, .whole(input)))
      }
    }
    return result
  }

  private func map(
    _ logs: [LogSegments], _ source: Source, lookups: [ActionInput], _ run: borrowing StageRun
  ) throws -> [ActionResult] {
    var logs = logs
    let slice = source.slice
    func first() throws -> (actions: [Action], chunks: [[LogSegment]], results: [ActionResult]) {
      let chunks = LogChunks.group(logs, size: run.chunkSize)
      let actions = chunks.map { Self.action($0, slice, source, lookups: lookups) }
      let name = source.name
      let places = FragmentPlaces { EvidenceOutcome.path(of: $1, source: name, chunk: $0) }
      let results = try run.execute(actions, places: places)
      return (actions, chunks, results)
    }
    var (actions, chunks, results) = try first()
    // A document is JSON or it is not: a part that is none makes one bad record of the whole.
    var faults: [RelativePath: String] = [:]
    for (chunk, result) in zip(chunks, results) {
      if let fault = result.counts["fault"]?.string { faults[chunk[0].log.path] = faults[chunk[0].log.path] ?? fault }
    }
    if !faults.isEmpty {
      for index in logs.indices {
        guard let fault = faults[logs[index].log.path] else { continue }
        logs[index] = LogSegments(logs[index].log, logs[index].input, try run.faulty(logs[index].input, fault))
      }
      (actions, chunks, results) = try first()
    }

    let overlays = try DuplicateSearch(source: source, chunks: chunks).overlays(results, in: run)
    let again = chunks.indices.filter { !overlays[$0].isEmpty }
    for index in again { actions[index].inputs += overlays[index] }
    let mapped = try run.execute(again.map { actions[$0] })
    for (index, result) in zip(again, mapped) { results[index] = result }
    return results
  }

  private static func action(
    _ chunk: [LogSegment], _ slice: JSON, _ source: Source, lookups: [ActionInput]
  ) -> Action {
    var inputs: [ActionInput] = []
    let files = chunk.enumerated().map { number, segment -> JSON in
      inputs.append(
        ActionInput(name: "\(number)", digest: segment.piece.digest, byteCount: segment.piece.byteCount))
      if let frame = segment.frame {
        inputs.append(
          ActionInput(name: "frame/\(number)", digest: frame.digest, byteCount: frame.byteCount))
      }
      let path = segment.log.path
      let format = source.format(of: path)
      return [
        "input": .string("\(number)"), "path": .string(path.string),
        "captures": .object(
          JSONObject(segment.log.captures.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
        "format": .string(format.rawValue), "unit": .string(source.unit(in: format).rawValue),
        "compression": .string((segment.isUnpacked ? Compression.none : Compression(of: path)).rawValue),
        "offset": .integer(Int64(segment.piece.byteOffset)),
        "line": .integer(Int64(segment.piece.lineOffset)), "final": .bool(segment.piece.isFinal),
        "frame": segment.frame == nil ? .null : .string("frame/\(number)"),
        "fault": segment.fault.map {
          ["message": .string($0.message), "sha256": .string($0.digest.hex), "bytes": .integer(Int64($0.byteCount))]
        } ?? .null,
        "damage": segment.damage.map(JSON.string) ?? .null,
      ]
    }
    return Action(
      function: EvidenceMap.function.name, parameters: ["source": slice, "files": .array(files)],
      inputs: inputs + lookups)
  }
}
