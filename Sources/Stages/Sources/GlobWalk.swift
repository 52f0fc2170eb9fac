import Receipts
import SystemPackage

/// A file of a source.
public struct LogFile: Sendable, Hashable {
  public var path: RelativePath
  /// By the first pattern of the source that matches.
  public var captures: [String: String]

  public init(path: RelativePath, captures: [String: String] = [:]) {
    self.path = path
    self.captures = captures
  }
}

/// Finds the files that patterns name. Reads only folders that a pattern can reach, and none that the program writes.
///
/// A symbolic link is followed where every pattern component that leads to it is a literal name; one that a wildcard
/// met is left alone and reported, and so is what is no file: folders, sockets, pipes and devices.
public struct GlobWalk: Sendable {
  public struct Result: Sendable, Equatable {
    /// By the bytes of their paths, each once.
    public var files: [LogFile] = []
    /// Links that a wildcard would have led through, or to, by the bytes of their paths.
    public var skippedLinks: [RelativePath] = []
    /// What a pattern names but is no file, by the bytes of their paths: folders that no pattern leads through, pipes,
    /// sockets, devices.
    public var notFiles: [RelativePath] = []
  }

  /// Files in the workspace's root and `data` that the program reads or writes for itself.
  static let ownFiles = [WorkspaceLayout.configuration] + Layout.ownFiles

  /// - Parameters:
  ///   - workspace: the folder that the patterns start from.
  ///   - jobs: how many threads read folders.
  public static func find(
    _ files: [Glob], ignoring ignored: [Glob] = [], in workspace: FilePath, of fileSystem: any FileSystem, jobs: Int = 1
  ) throws -> Result {
    try GlobWalk(globs: files, ignored: ignored, workspace: workspace, fileSystem: fileSystem).run(jobs: jobs)
  }

  public static func find(
    _ source: Source, in workspace: FilePath, of fileSystem: any FileSystem, jobs: Int = 1
  ) throws -> Result {
    try find(source.files, ignoring: source.ignore, in: workspace, of: fileSystem, jobs: jobs)
  }

  /// How far a pattern has been matched: its next component applies to the names of the folder.
  struct State: Hashable {
    var glob: Int
    var component: Int
  }

  /// A folder to be read.
  struct Folder: Sendable {
    /// Empty for the workspace, else with a `/` at its end.
    var prefix: String
    var states: [State]
  }

  let globs: [Glob]
  let ignored: [Glob]
  let workspace: FilePath
  let fileSystem: any FileSystem

  private init(globs: [Glob], ignored: [Glob], workspace: FilePath, fileSystem: any FileSystem) {
    self.globs = globs
    self.ignored = ignored
    self.workspace = workspace
    self.fileSystem = fileSystem
  }

  /// Fewer are read sooner than threads are started.
  private static let foldersWorthThreads = 8

  /// Depth by depth, because the folders of one can be read at the same time.
  private func run(jobs: Int) throws -> Result {
    var result = Result()
    var folders = [Folder(prefix: "", states: closure(globs.indices.map { State(glob: $0, component: 0) }))]
    while !folders.isEmpty {
      let readings =
        jobs > 1 && folders.count >= Self.foldersWorthThreads
        ? try parallelMap(folders, jobs: jobs) { _, folder in try read(folder) } : try folders.map(read)
      folders = []
      result.files.reserveCapacity(result.files.count + readings.reduce(0) { $0 + $1.result.files.count })
      for reading in readings {
        result.files += reading.result.files
        result.skippedLinks += reading.result.skippedLinks
        result.notFiles += reading.result.notFiles
        folders += reading.folders
      }
    }
    // Mostly they are in order already; a file system may list folders in any.
    result.files.sort { $0.path < $1.path }
    result.skippedLinks.sort()
    result.notFiles.sort()
    return result
  }

  private func read(_ folder: Folder) throws(FileSystemError) -> GlobFolderReading {
    var reading = GlobFolderReading(walk: self, folder: folder)
    try reading.run()
    return reading
  }

  /// `**` may take no folder at all: what stands behind it applies here too.
  func closure(_ states: [State]) -> [State] {
    var seen: Set<State> = []
    var result: [State] = []
    func add(_ state: State) {
      guard seen.insert(state).inserted else { return }
      result.append(state)
      let components = globs[state.glob].components
      if components[state.component] == .anyDepth, state.component + 1 < components.count {
        add(State(glob: state.glob, component: state.component + 1))
      }
    }
    for state in states { add(state) }
    return result
  }
}
