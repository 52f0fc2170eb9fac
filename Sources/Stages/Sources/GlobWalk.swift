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
/// A symbolic link is followed where every pattern component that leads to it is a literal name; one that a wildcard met is
/// left alone and reported, and so is what is no file: folders, sockets, pipes and devices.
public struct GlobWalk {
  public struct Result: Sendable, Equatable {
    /// By the bytes of their paths, each once.
    public var files: [LogFile] = []
    /// Links that a wildcard would have led through, or to, by the bytes of their paths.
    public var skippedLinks: [RelativePath] = []
    /// What a pattern names but is no file, by the bytes of their paths: folders that no pattern leads through, pipes, sockets,
    /// devices.
    public var notFiles: [RelativePath] = []
  }

  /// Files in the workspace's root and `data` that the program reads or writes for itself.
  static let ownFiles = [WorkspaceLayout.configuration] + Layout.ownFiles

  /// - Parameter workspace: the folder that the patterns start from.
  public static func find(
    _ files: [Glob], ignoring ignored: [Glob] = [], in workspace: FilePath, of fileSystem: any FileSystem
  ) throws(FileSystemError) -> Result {
    var walk = GlobWalk(globs: files, ignored: ignored, workspace: workspace, fileSystem: fileSystem)
    try walk.run()
    return walk.result
  }

  public static func find(
    _ source: Source, in workspace: FilePath, of fileSystem: any FileSystem
  ) throws(FileSystemError) -> Result {
    try find(source.files, ignoring: source.ignore, in: workspace, of: fileSystem)
  }

  /// How far a pattern has been matched: its next component applies to the names of the folder.
  private struct State: Hashable {
    var glob: Int
    var component: Int
  }

  private struct Folder {
    /// Empty for the workspace, else with a `/` at its end.
    var prefix: String
    var states: [State]
  }

  private let globs: [Glob]
  private let ignored: [Glob]
  private let workspace: FilePath
  private let fileSystem: any FileSystem
  /// Captures of the files of one folder by one pattern, which are the same where its last component captures nothing.
  private var folderCaptures: (prefix: String, glob: Int, captures: [String: String])?
  private var pending: [Folder] = []
  private var result = Result()

  private init(globs: [Glob], ignored: [Glob], workspace: FilePath, fileSystem: any FileSystem) {
    self.globs = globs
    self.ignored = ignored
    self.workspace = workspace
    self.fileSystem = fileSystem
  }

  private mutating func run() throws(FileSystemError) {
    pending = [Folder(prefix: "", states: closure(globs.indices.map { State(glob: $0, component: 0) }))]
    while let folder = pending.popLast() {
      let first = pending.count
      try read(folder)
      // In order, so that there is little left to sort.
      pending[first...].reverse()
    }
    result.files.sort { $0.path < $1.path }
    result.skippedLinks.sort()
    result.notFiles.sort()
  }

  private mutating func read(_ folder: Folder) throws(FileSystemError) {
    let literals = folder.states.compactMap { literal(at: $0) }
    guard literals.count < folder.states.count else {
      // Only names that are known: no need to list the folder, which may be large.
      for name in Set(literals) { try look(at: name, in: folder) }
      return
    }
    for entry in try fileSystem.entries(of: workspace.appending(folder.prefix)) {
      if entry.kind == .symbolicLink, literals.contains(entry.name) {
        try look(at: entry.name, in: folder)
      } else {
        try visit(entry.name, kind: entry.kind, in: folder)
      }
    }
  }

  /// A name that a pattern writes out: links are followed for the patterns that do.
  private mutating func look(at name: String, in folder: Folder) throws(FileSystemError) {
    let path = workspace.appending(folder.prefix + name)
    guard let status = try fileSystem.status(of: path, followingLinks: false) else { return }
    guard status.kind == .symbolicLink else { return try visit(name, kind: status.kind, in: folder) }
    if let target = try fileSystem.status(of: path, followingLinks: true) {
      let literal = Folder(prefix: folder.prefix, states: folder.states.filter { self.literal(at: $0) == name })
      try visit(name, kind: target.kind, in: literal)
    }
    let wild = Folder(prefix: folder.prefix, states: folder.states.filter { self.literal(at: $0) == nil })
    try visit(name, kind: .symbolicLink, in: wild)
  }

  private mutating func visit(_ name: String, kind: FileStatus.Kind, in folder: Folder) throws(FileSystemError) {
    var next: [State] = []
    var firstMatch: Int?
    for state in folder.states {
      let components = globs[state.glob].components
      let component = components[state.component]
      guard component.matches(name) else { continue }
      if state.component == components.count - 1 { firstMatch = min(firstMatch ?? state.glob, state.glob) }
      if component == .anyDepth {
        next.append(state)
      } else if state.component < components.count - 1 {
        next.append(State(glob: state.glob, component: state.component + 1))
      }
    }
    guard firstMatch != nil || !next.isEmpty else { return }
    let path = folder.prefix + name
    switch kind {
    case .regular:
      if let firstMatch { add(path, in: folder.prefix, by: firstMatch) }
    case .directory:
      guard !WorkspaceLayout.ownFolders.contains(path + "/"), !isIgnored(folder: path) else { return }
      if next.isEmpty {
        addSkipped(path, to: \.notFiles)
      } else {
        pending.append(Folder(prefix: path + "/", states: closure(next)))
      }
    case .symbolicLink:
      let leadsOn = try firstMatch == nil ? leadsToFolder(path) : true
      if leadsOn { addSkipped(path, to: \.skippedLinks) }
    case .other:
      if firstMatch != nil { addSkipped(path, to: \.notFiles) }
    }
  }

  private mutating func add(_ path: String, in prefix: String, by glob: Int) {
    guard !Self.ownFiles.contains(path), !ignored.contains(where: { $0.matches(path) }),
      let relative = RelativePath(path)
    else { return }
    result.files.append(LogFile(path: relative, captures: captures(of: path, in: prefix, by: glob)))
  }

  private mutating func captures(of path: String, in prefix: String, by glob: Int) -> [String: String] {
    let pattern = globs[glob]
    if pattern.captureNames.isEmpty { return [:] }
    if let folderCaptures, folderCaptures.glob == glob, folderCaptures.prefix == prefix {
      return folderCaptures.captures
    }
    let captures = pattern.match(path) ?? [:]
    if pattern.components.last?.hasCaptures == false { folderCaptures = (prefix, glob, captures) }
    return captures
  }

  private mutating func addSkipped(_ path: String, to list: WritableKeyPath<Result, [RelativePath]>) {
    guard !ignored.contains(where: { $0.matches(path) }), let relative = RelativePath(path) else { return }
    result[keyPath: list].append(relative)
  }

  private func leadsToFolder(_ path: String) throws(FileSystemError) -> Bool {
    try fileSystem.status(of: workspace.appending(path), followingLinks: true)?.kind == .directory
  }

  /// Whether a pattern of `ignore` names the folder itself, or everything below it.
  private func isIgnored(folder path: String) -> Bool {
    ignored.contains { $0.matches(path) || ($0.components.last == .anyDepth && $0.matches(path + "/x")) }
  }

  private func literal(at state: State) -> String? {
    if case .literal(let name) = globs[state.glob].components[state.component] { name } else { nil }
  }

  /// `**` may take no folder at all: what stands behind it applies here too.
  private func closure(_ states: [State]) -> [State] {
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
