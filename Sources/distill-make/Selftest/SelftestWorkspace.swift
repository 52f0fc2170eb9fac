import JSONTape
import Receipts
import Stages
import SystemPackage

/// A temporary workspace with some of the user's records, the user's configuration of them, and the plants. Removed
/// when released.
final class SelftestWorkspace {
  let layout: WorkspaceLayout
  private(set) var sources: [Source] = []
  /// Sources of the user that could not be taken along, with the reason.
  private(set) var leftOut: [String] = []
  private(set) var recordFiles = 0
  private let folder: TemporaryFolder
  private let fileSystem = LocalFileSystem()

  /// Files of a source that are taken along, and how much of one.
  private static let filesPerSource = 3
  private static let bytesPerFile = 8 << 20

  init() throws {
    folder = try TemporaryFolder(named: "distill-selftest")
    layout = WorkspaceLayout(root: folder.path)
  }

  /// Copies some records of each source. What depends on files elsewhere (a repository, look-ups) is left behind.
  func take(_ logs: SourceLogs, from origin: WorkspaceLayout) throws {
    for entry in logs.entries {
      var source = entry.source
      source.repository = nil
      // A sample may lack what the whole has.
      for index in source.parts.indices {
        for probe in source.parts[index].probes.indices { source.parts[index].probes[probe].optional = true }
      }
      var copied = 0
      for file in entry.files where copied < Self.filesPerSource {
        if try copy(file.path, source, from: origin) { copied += 1 }
      }
      if copied == 0 {
        leftOut.append(
          "\(source.name): its files are larger than \(Quantity.bytes(Self.bytesPerFile)) and can't be cut")
      } else {
        sources.append(source)
        recordFiles += copied
      }
    }
  }

  /// Returns false where the file is too large and can't be cut at a line end.
  private func copy(_ path: RelativePath, _ source: Source, from origin: WorkspaceLayout) throws -> Bool {
    let file = try fileSystem.open(origin.path(path))
    let size = Int(try file.status().size)
    var bytes = [UInt8](repeating: 0, count: min(size, Self.bytesPerFile))
    let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
    bytes.removeLast(bytes.count - count)
    if size > bytes.count {
      let isText = source.format(of: path) == .jsonl && !path.name.hasSuffix(".gz") && !path.name.hasSuffix(".zst")
      guard isText, let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return false }
      bytes.removeSubrange((end + 1)...)
    }
    try fileSystem.replace(layout.path(path), with: bytes)
    return true
  }

  func plant(_ plants: [Plant]) throws {
    let lines = plants.filter { $0.way == .log }.flatMap(\.lines)
    try fileSystem.replace(
      layout.path("selftest/plants.jsonl"), with: Array((lines.joined(separator: "\n") + "\n").utf8))
    try EmptyRepository.make(at: layout.path("selftest/repository"))
    sources += try Configuration.read(Plants.configuration, fileName: "selftest").sources
  }

  func build(_ flags: SelftestFlags, exports: ExportOptions) throws -> [StageReport] {
    var options = exports
    flags.apply(to: &options)
    // Files of the user's workspace that are not taken along.
    options.holdout = nil
    options.requireJudge = []
    let configuration = Configuration(sources: sources, exports: options)
    let clock = SystemClock()
    let index = FileIndex(fileSystem: fileSystem, clock: clock, location: layout.index, paranoid: false)
    let logs = try SourceLogs.find(configuration, in: layout.root, of: fileSystem)
    var build = BuildOptions()
    build.jobs = Workspace.processors
    let runner = Runner(
      environment: BuildEnvironment(
        fileSystem: fileSystem, clock: clock, tool: Pending(try ToolFiles.identity(index)), host: Workspace.host,
        git: { nil },
        functions: Pipeline.functions, progress: SilentProgress()),
      layout: layout,
      graph: try Pipeline.graph(configuration, logs, workspace: layout.root, of: fileSystem), options: build,
      index: index)
    return try runner.build(Pipeline.exports)
  }

  func lines(of path: RelativePath) throws -> [Substring] {
    String(decoding: try fileSystem.contents(of: layout.path(path)) ?? [], as: UTF8.self).split(separator: "\n")
  }
}
