import Glibc
import JSONTape
import Receipts
import Stages
import SystemPackage

/// A workspace with everything that a command needs of it.
struct Workspace {
  let layout: WorkspaceLayout
  let fileSystem: LocalFileSystem
  let clock = SystemClock()
  let index: FileIndex
  let configuration: Configuration
  let logs: SourceLogs
  /// Worked out while logs are looked for and hashed.
  let tool: Pending<ToolIdentity>

  /// - Parameter jobs: how many threads look for logs.
  /// - Throws: when distill.yaml is missing or wrong, or a source has no files.
  init(
    _ layout: WorkspaceLayout, export: ExportFlags, paranoid: Bool = false, jobs: Int = Workspace.processors
  ) throws {
    self.layout = layout
    fileSystem = LocalFileSystem(near: layout.root)
    var configuration = try Self.configuration(layout, fileSystem)
    export.apply(to: &configuration.exports)
    self.configuration = configuration
    index = FileIndex(fileSystem: fileSystem, clock: clock, location: layout.index, paranoid: paranoid)
    tool = Pending { [index] in try ToolFiles.identity(index) }
    logs = try SourceLogs.find(configuration, in: layout.root, of: fileSystem, jobs: jobs)
  }

  static func configuration(_ layout: WorkspaceLayout, _ fileSystem: LocalFileSystem) throws -> Configuration {
    let kind = try fileSystem.status(of: layout.configuration, followingLinks: true)?.kind
    guard kind == nil || kind == .regular else {
      throw DistillError(.data, "it is not a regular file", place: WorkspaceLayout.configuration)
    }
    guard kind != nil, let bytes = try fileSystem.contents(of: layout.configuration)
    else {
      throw DistillError(
        .data, "there is no distill.yaml here", place: layout.root.string,
        hint: "Name the workspace with -C DIR, or let `distill-make init` write one for the logs it finds.")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DistillError(.data, "it is not UTF-8", place: WorkspaceLayout.configuration)
    }
    return try Configuration.read(text, fileName: WorkspaceLayout.configuration)
  }

  func graph() throws -> StageGraph { try Pipeline.graph(configuration, logs, workspace: layout.root, of: fileSystem) }

  func runner(options: BuildOptions, progress: any Progress, trace: BuildTrace? = nil) throws -> Runner {
    Runner(
      environment: BuildEnvironment(
        fileSystem: fileSystem, clock: clock, tool: tool, host: Self.host,
        git: { [layout] in try Self.git(layout) }, functions: Pipeline.functions, progress: progress,
        trace: trace),
      layout: layout, graph: try graph(), options: options, index: index)
  }

  static func git(_ layout: WorkspaceLayout) throws -> GitState? {
    try Repository.discover(from: layout.root)?.state(
      workspace: layout.root, excluding: WorkspaceLayout.ownFolders + Layout.ownFiles)
  }

  static let processors = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  static let host: Receipt.Host = {
    var names = utsname()
    uname(&names)
    func text(_ field: some Any) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return Receipt.Host(
      system: text(names.sysname).lowercased(), architecture: text(names.machine), processors: processors)
  }()

  /// Brings the report up to date.
  func reporting(jobs: Int) -> ReportEpilogue {
    ReportEpilogue(
      Report(
        shelf: ReceiptShelf(fileSystem: fileSystem, layout: layout), fileSystem: fileSystem, layout: layout, jobs: jobs),
      ReportMemo(
        fileSystem: fileSystem, layout: layout, index: index,
        cache: DirectoryActionCache(fileSystem: fileSystem, root: layout.cache),
        tool: { [tool] in try tool.get().digest }))
  }

  /// One build at a time: the lock is the caller's until it lets go of what this returns.
  static func lock(_ layout: WorkspaceLayout, waiting: Bool) throws -> any FileLock {
    let fileSystem = LocalFileSystem()
    if let lock = try fileSystem.lock(layout.root, waiting: false) { return lock }
    let holder = LockHolder.description(of: layout.root) ?? "another process"
    guard waiting else {
      throw DistillError(
        .locked, "\(holder) is building here", place: layout.root.string,
        hint: "Try again when it has ended, or leave out --no-wait to wait for it.")
    }
    Terminal.say("distill-make: \(holder) is building here; waiting for it to end")
    guard let lock = try fileSystem.lock(layout.root, waiting: true) else {
      throw DistillError(.internalFault, "the lock was refused while waiting for it")
    }
    return lock
  }
}
