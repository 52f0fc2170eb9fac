import JSONTape
import Receipts
import ReceiptsTesting
import Stages
import SystemPackage

@testable import Verification

/// A workspace in memory that is built and verified with the program's own graph, and functions that a test may
/// replace.
struct VerifierSpace {
  static let configuration = """
    version: 1
    sources:
      - name: lab
        files: logs/**/*.jsonl
        map: {run_id: /id, task_id: /task, timestamp: {from: /at, optional: true}, prompt: /ask, text: /says}
        verdict:
          - {when: {/passed: true}, is: accepted}
          - {when: {/passed: false}, is: rejected}
    """

  let fileSystem = MemoryFileSystem()
  let layout = WorkspaceLayout(root: "/space")
  let rebuild: FilePath = "/elsewhere/rebuild"
  var options = BuildOptions()
  var functions = Pipeline.functions
  var tool = ToolIdentity(name: "test", version: "1", digest: Digest.of("tool"))
  var isReversed = false

  init() {
    write(Self.configuration, to: "distill.yaml")
    write(Self.line("r1") + Self.line("r2", passed: false), to: "logs/a/1.jsonl")
    write(Self.line("r3", at: nil) + Self.line("r4", task: "t2"), to: "logs/b/2.jsonl")
  }

  static func line(
    _ id: String, task: String = "t1", at time: String? = "2026-03-01T10:00:00Z", passed: Bool = true
  ) -> String {
    let time = time.map { "\"at\":\"\($0)\"," } ?? ""
    return "{\"id\":\"\(id)\",\"task\":\"\(task)\",\(time)\"ask\":\"Why?\","
      + "\"says\":\"Answer \(id).\",\"passed\":\(passed)}\n"
  }

  func write(_ text: String, to path: String) { fileSystem.write(text, to: layout.path(path)) }
  func text(_ path: String) -> String { fileSystem.text(of: layout.path(path)) ?? "" }

  var environment: BuildEnvironment {
    BuildEnvironment(
      fileSystem: fileSystem, clock: fileSystem.clock, tool: Pending(tool),
      host: Receipt.Host(system: "test", architecture: "test", processors: 1), git: { nil }, functions: functions,
      progress: SilentProgress())
  }

  @discardableResult
  func build(_ stages: [StageName] = Pipeline.stages) throws -> [StageReport] {
    // Time passes between two builds.
    fileSystem.clock.advance(seconds: 1)
    let configuration = try Configuration.read(text("distill.yaml"), fileName: "distill.yaml")
    let logs = try SourceLogs.find(configuration, in: layout.root, of: fileSystem)
    let index = FileIndex(fileSystem: fileSystem, clock: fileSystem.clock, location: layout.index, paranoid: false)
    let graph = try Pipeline.graph(configuration, logs, workspace: layout.root, of: fileSystem)
    return try Runner(environment: environment, layout: layout, graph: graph, options: options, index: index)
      .build(stages)
  }

  func verifier(in folder: FilePath? = nil) -> Verifier {
    Verifier(
      environment, workspace: layout, folder: folder ?? rebuild, options: options, isReversed: isReversed)
  }

  func verify() throws -> Verification {
    fileSystem.clock.advance(seconds: 1)
    return try verifier().run()
  }
}
