import JSONTape
import Receipts
import ReceiptsTesting
import SystemPackage

@testable import Stages

// MARK: Rows by hand

/// A row of evidence with every key, in the order of the schema.
///
/// - Parameters:
///   - source: with `line` it makes the provenance.
///   - changes: of members, by name; a name that the schema lacks comes last.
func evidenceRow(
  _ runID: String, task: String = "task", source: String = "lab", line: Int = 0, _ changes: [String: JSON] = [:]
) -> JSON {
  var row: JSONObject = [
    "schema_version": 1, "kind": "run", "run_id": .string(runID), "task_id": .string(task),
    "timestamp": "2026-04-26T08:00:00Z", "model_name": "kimi", "model_provider": nil, "model_role": nil,
    "prompt": .string("What about \(task)?"), "messages": nil, "text": .string("Text of \(runID)"), "source_files": [],
    "git_sha": nil, "verdict": nil, "score": nil, "validation_results": [:], "success_markers": [],
    "failure_markers": [], "human_override": nil, "other_verdicts": [], "judged_by": nil, "about": nil,
    "comparison": nil, "latency_ms": nil, "cost_usd": nil,
    "provenance": provenance(source, line: line, of: "\(source) \(runID)"),
  ]
  for (key, value) in changes.sorted(by: { $0.key < $1.key }) { row[key] = value }
  return .object(row)
}

/// A judgement about a run.
func judgementRow(
  _ id: String, about runID: String?, source: String = "lab", line: Int = 0, textSHA256: String? = nil,
  _ changes: [String: JSON] = [:]
) -> JSON {
  let about: JSON = [
    "source": .string(source), "kind": "run", "run_id": runID.map(JSON.string) ?? .null, "task_id": nil,
    "text_sha256": textSHA256.map(JSON.string) ?? .null,
  ]
  return evidenceRow(
    id, source: source, line: line,
    ["kind": "verdict", "about": about, "text": nil, "prompt": nil].merging(changes) { $1 })
}

func provenance(_ source: String, line: Int, of record: String) -> JSON {
  [
    "source": .string(source), "source_file": .string("logs/\(source).jsonl"), "line_offset": .integer(Int64(line)),
    "byte_offset": .integer(Int64(100 * line)), "byte_length": 99, "sig_hash": .string(Digest.of(record).hex),
    "recorded_at": "2026-04-26T08:00:00Z",
  ]
}

/// The scored run of a row of evidence.
func scoredRow(_ evidence: JSON, _ category: String = "accepted", _ changes: [String: JSON] = [:]) -> JSON {
  var row: JSONObject = [
    "schema_version": 1, "evidence_run_id": evidence["run_id"] ?? .null,
    "evidence_task_id": evidence["task_id"] ?? .null,
    "kind": evidence["kind"] ?? .null, "category": .string(category),
    "reasons": [["rule": "verdict", "facts": [.string("own: \(category)")]]], "score": nil, "judged_by": nil,
    "scorer_version": 1, "scored_at": evidence["timestamp"] ?? .null, "provenance": evidence["provenance"] ?? .null,
  ]
  for (key, value) in changes.sorted(by: { $0.key < $1.key }) { row[key] = value }
  return .object(row)
}

func jsonLines(_ rows: [JSON]) -> String {
  rows.map { String(decoding: $0.encoded(), as: UTF8.self) + "\n" }.joined()
}

func parsedLines(_ text: String) throws -> [JSON] {
  try text.split(separator: "\n").map { try JSON.parse(Array($0.utf8)) }
}

// MARK: One action

/// What one run of an action's function came to.
struct ActionRun {
  var counts: JSON
  /// Bytes of each output that has some.
  var outputs: [String: [UInt8]]
  var recordCounts: [String: Int]

  func text(_ output: String) -> String { String(decoding: outputs[output] ?? [], as: UTF8.self) }
  func rows(_ output: String) throws -> [JSON] { try parsedLines(text(output)) }
  func count(_ name: String) -> Int { Int(counts[name]?.integer ?? -1) }

  /// Reasons of quarantine rows, in their order.
  var reasons: [String] { get throws { try rows("quarantine").map { $0["reason"]?.string ?? "" } } }
}

func runAction(_ function: ActionFunction, _ parameters: JSON = [:], _ inputs: [String: [UInt8]]) throws -> ActionRun {
  let buffers = inputs.mapValues { bytes in
    let buffer = ByteBuffer(capacity: bytes.count)
    bytes.withUnsafeBytes { buffer.append($0) }
    return buffer
  }
  let context = ActionContext(parameters: parameters, inputs: buffers.mapValues(\.bytes), scratch: WorkerScratch())
  let counts = try function.run(context)
  return withExtendedLifetime((buffers, context)) {
    ActionRun(
      counts: counts,
      outputs: context.outputs.mapValues { Array($0.buffer.bytes.buffer) }.filter { !$0.value.isEmpty },
      recordCounts: context.outputs.mapValues(\.recordCount))
  }
}

func runAction(_ function: ActionFunction, _ parameters: JSON = [:], _ inputs: [String: String]) throws -> ActionRun {
  try runAction(function, parameters, inputs.mapValues { Array($0.utf8) })
}

// MARK: From evidence to exports

/// A partition's path and the rows of each of its fragments.
typealias Partition = (path: String, fragments: [[JSON]])

/// A workspace in memory whose evidence is given, cut into fragments as the test wants it, and scored and exported by
/// the program's own stages.
struct ExportSpace {
  let fileSystem = MemoryFileSystem()
  let layout = WorkspaceLayout(root: "/space")

  /// Publishes rows that are objects of the store already.
  private struct RowsStage: Stage {
    let name: StageName = .buildEvidence
    let upstream: [StageName] = []
    let function = "rows/1"
    let parameters: JSON
    let outputs: [PlannedOutput]

    func build(_ run: borrowing StageRun) throws -> StageOutcome {
      StageOutcome(
        outputs: outputs, recordCounts: [:], summary: [:], checks: [Receipt.Check("rows", pass: true, facts: [])])
    }
  }

  @discardableResult
  func build(
    _ partitions: [Partition], _ exports: ExportOptions = ExportOptions(), sources: [Source] = [], jobs: Int = 1,
    functions: FunctionTable = Pipeline.functions, joinLimit: Int = 32 << 20,
    uniqueLimit: Int = UniqueSearch.defaultLimit
  ) throws -> [StageReport] {
    fileSystem.clock.advance(seconds: 1)
    let store = DirectoryObjectStore(fileSystem: fileSystem, root: layout.cache)
    let outputs = try partitions.map { partition in
      PlannedOutput(
        path: RelativePath(unchecked: partition.path),
        fragments: try partition.fragments.map { rows in
          let buffer = ByteBuffer()
          buffer.append(jsonLines(rows))
          return Fragment(
            digest: try store.store(buffer.bytes), byteCount: buffer.count, recordCount: rows.count)
        })
    }
    let rows = RowsStage(
      parameters: .array(outputs.map { .array($0.fragments.map { .string($0.digest.hex) }) }), outputs: outputs)
    let configuration = Configuration(sources: sources, exports: exports)
    let graph = try Pipeline.graph(configuration, SourceLogs(entries: []), workspace: layout.root, of: fileSystem)
    let stages = graph.stages.filter { $0.name != .buildEvidence }.map { stage -> any Stage in
      if var score = stage as? ScoreStage {
        score.joinLimit = joinLimit
        return score
      }
      if var export = stage as? SampleStage {
        export.uniqueLimit = uniqueLimit
        return export
      }
      guard var export = stage as? PreferenceStage else { return stage }
      export.uniqueLimit = uniqueLimit
      return export
    }
    var options = BuildOptions()
    options.jobs = jobs
    options.keepGoing = true
    let runner = Runner(
      environment: BuildEnvironment(
        fileSystem: fileSystem, clock: fileSystem.clock,
        tool: Pending(ToolIdentity(name: "test", version: "1", digest: Digest.of("tool"))),
        host: Receipt.Host(system: "test", architecture: "test", processors: 1), git: { nil },
        functions: functions, progress: SilentProgress()),
      layout: layout, graph: try StageGraph([rows] + stages),
      options: options,
      index: FileIndex(fileSystem: fileSystem, clock: fileSystem.clock, location: layout.index, paranoid: false))
    return try runner.build(Pipeline.stages)
  }

  func text(_ path: String) -> String { fileSystem.text(of: layout.path(path)) ?? "" }
  func rows(_ path: RelativePath) throws -> [JSON] { try parsedLines(text(path.string)) }

  /// Texts of all files below these folders, by path.
  func files(_ prefixes: String...) -> [String: String] {
    var files: [String: String] = [:]
    for path in fileSystem.files {
      let relative = layout.relative(path.string)
      if prefixes.contains(where: relative.hasPrefix) { files[relative] = text(relative) }
    }
    return files
  }

  func core(_ stage: StageName) throws -> Receipt.Core? {
    try ReceiptShelf(fileSystem: fileSystem, layout: layout).newest(stage)?.receipt.core
  }
}

extension StageReport {
  /// nil: it ended well.
  var trouble: String? {
    switch ending {
    case .upToDate, .built: nil
    case .failed(let receipt): "\(stage) failed: \(receipt.receipt.core.validation.filter { !$0.pass })"
    case .stopped(let error): "\(stage) was stopped: \(error)"
    case .notRun(let cause): "\(stage) was not run because of \(cause)"
    }
  }
}
