import JSONTape
import Receipts
import ReceiptsTesting
import SystemPackage

@testable import Stages

/// A workspace in memory that the whole pipeline is built in.
final class FirewallWorkspace {
  let fileSystem = MemoryFileSystem()
  let layout = WorkspaceLayout(root: "/space")
  private let configuration: Configuration

  init(_ configuration: String, _ files: [String: [UInt8]]) throws {
    self.configuration = try Configuration.read(configuration, fileName: "distill.yaml")
    for (path, bytes) in files.sorted(by: { $0.key < $1.key }) { fileSystem.write(bytes, to: layout.path(path)) }
  }

  func build(behind firewall: Firewall = Firewall()) throws -> [StageReport] {
    fileSystem.clock.advance(seconds: 1)
    let logs = try SourceLogs.find(configuration, in: layout.root, of: fileSystem)
    let index = FileIndex(fileSystem: fileSystem, clock: fileSystem.clock, location: layout.index, paranoid: false)
    let environment = BuildEnvironment(
      fileSystem: fileSystem, clock: fileSystem.clock,
      tool: Pending(ToolIdentity(name: "test", version: "1", digest: Digest.of("tool"))),
      host: Receipt.Host(system: "test", architecture: "test", processors: 1), git: { nil },
      functions: Pipeline.functions(behind: firewall), progress: SilentProgress())
    let graph = try Pipeline.graph(configuration, logs, workspace: layout.root, of: fileSystem)
    return try Runner(
      environment: environment, layout: layout, graph: graph, options: BuildOptions(), index: index
    ).build(Pipeline.exports)
  }

  func bytes(_ path: String) -> [UInt8] { fileSystem.bytes(of: layout.path(path)) ?? [] }

  func rows(_ path: String) throws -> [JSON] { try FirewallActions.rows(bytes(path)) }

  /// Files below a folder, as workspace paths.
  func files(_ folder: String) -> [String] {
    fileSystem.files.map { layout.relative($0.string) }.filter { $0.hasPrefix(folder) }.sorted()
  }

  func core(_ stage: StageName) throws -> JSON {
    try JSON.parse(bytes("receipts/\(stage)/receipt.json"))["core"] ?? .null
  }

  /// The scored partitions with their evidence, by the path that both have.
  var partitions: [FirewallActions.Partition] {
    files(Layout.evidence).map {
      FirewallActions.Partition(
        scored: bytes(Layout.scored + $0.dropFirst(Layout.evidence.count)), evidence: bytes($0))
    }
  }
}
