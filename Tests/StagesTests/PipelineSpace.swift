import JSONTape
import Receipts
import ReceiptsTesting
import Stages
import SystemPackage

/// A workspace in memory that is built with the program's own graph.
struct PipelineSpace {
  let fileSystem = MemoryFileSystem()
  let layout = WorkspaceLayout(root: "/space")
  var options = BuildOptions()

  init(_ configuration: String, _ files: [String: String] = [:]) {
    write(configuration, to: "distill.yaml")
    for (path, text) in files { write(text, to: path) }
  }

  func write(_ text: String, to path: String) { fileSystem.write(text, to: layout.path(path)) }
  func text(_ path: String) -> String? { fileSystem.text(of: layout.path(path)) }

  func rows(_ path: String) throws -> [JSON] {
    try (text(path) ?? "").split(separator: "\n").map { try JSON.parse(Array($0.utf8)) }
  }

  @discardableResult
  func build(_ stages: [StageName] = Pipeline.stages) throws -> [StageReport] {
    // Time passes between two builds.
    fileSystem.clock.advance(seconds: 1)
    let configuration = try Configuration.read(text("distill.yaml") ?? "", fileName: "distill.yaml")
    let logs = try SourceLogs.find(configuration, in: layout.root, of: fileSystem)
    let index = FileIndex(fileSystem: fileSystem, clock: fileSystem.clock, location: layout.index, paranoid: false)
    return try Runner(
      environment: BuildEnvironment(
        fileSystem: fileSystem, clock: fileSystem.clock,
        tool: Pending(ToolIdentity(name: "test", version: "1", digest: Digest.of("tool"))),
        host: Receipt.Host(system: "test", architecture: "test", processors: 1), git: { nil },
        functions: Pipeline.functions, progress: SilentProgress()),
      layout: layout, graph: try Pipeline.graph(configuration, logs, workspace: layout.root, of: fileSystem),
      options: options, index: index
    ).build(stages)
  }

  func receipt(_ stage: StageName) throws -> Receipt? {
    try fileSystem.contents(of: layout.receipt(stage)).map {
      try ReceiptCodec.decode($0, place: "receipt.json").receipt
    }
  }
}
