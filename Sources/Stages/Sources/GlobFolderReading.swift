import Receipts
import SystemPackage

/// What a walk finds in one folder, and the folders that it goes on to.
struct GlobFolderReading: Sendable {
  private(set) var result = GlobWalk.Result()
  private(set) var folders: [GlobWalk.Folder] = []

  private let walk: GlobWalk
  private let folder: GlobWalk.Folder
  /// Captures by one pattern, which are the same for all files here where its last component captures nothing.
  private var folderCaptures: (glob: Int, captures: [String: String])?

  /// Files that the program reads or writes for itself may be here.
  private let hasOwnFiles: Bool

  init(walk: GlobWalk, folder: GlobWalk.Folder) {
    hasOwnFiles = GlobWalk.ownFiles.contains { $0.hasPrefix(folder.prefix) }
    self.walk = walk
    self.folder = folder
  }

  mutating func run() throws(FileSystemError) {
    let literals = folder.states.compactMap { literal(at: $0) }
    guard literals.count < folder.states.count else {
      // Only names that are known: no need to list the folder, which may be large.
      for name in Set(literals).sorted() { try look(at: name) }
      return
    }
    for entry in try walk.fileSystem.entries(of: walk.workspace.appending(folder.prefix)) {
      if entry.kind == .symbolicLink, literals.contains(entry.name) {
        try look(at: entry.name)
      } else {
        try visit(entry.name, kind: entry.kind, isUTF8: entry.isUTF8, folder.states)
      }
    }
  }

  /// A name that a pattern writes out: links are followed for the patterns that do.
  private mutating func look(at name: String) throws(FileSystemError) {
    let path = walk.workspace.appending(folder.prefix + name)
    guard let status = try walk.fileSystem.status(of: path, followingLinks: false) else { return }
    guard status.kind == .symbolicLink else { return try visit(name, kind: status.kind, folder.states) }
    if let target = try walk.fileSystem.status(of: path, followingLinks: true) {
      try visit(name, kind: target.kind, folder.states.filter { literal(at: $0) == name })
    }
    try visit(name, kind: .symbolicLink, folder.states.filter { literal(at: $0) == nil })
  }

  private mutating func visit(
    _ name: String, kind: FileStatus.Kind, isUTF8: Bool = true, _ states: [GlobWalk.State]
  ) throws(FileSystemError) {
    var next: [GlobWalk.State] = []
    var firstMatch: Int?
    for state in states {
      let components = walk.globs[state.glob].components
      let component = components[state.component]
      guard component.matches(name) else { continue }
      if state.component == components.count - 1 { firstMatch = min(firstMatch ?? state.glob, state.glob) }
      // Nothing lies below a file.
      if kind == .regular { continue }
      if component == .anyDepth {
        next.append(state)
      } else if state.component < components.count - 1 {
        next.append(GlobWalk.State(glob: state.glob, component: state.component + 1))
      }
    }
    guard firstMatch != nil || !next.isEmpty else { return }
    let path = folder.prefix + name
    switch kind {
    case .regular:
      if let firstMatch { try add(path, isUTF8: isUTF8, by: firstMatch) }
    case .directory:
      guard !WorkspaceLayout.ownFolders.contains(path + "/"), !isIgnored(folder: path) else { return }
      if next.isEmpty {
        addSkipped(path, to: \.notFiles)
      } else {
        folders.append(GlobWalk.Folder(prefix: path + "/", states: walk.closure(next)))
      }
    case .symbolicLink:
      let leadsOn = try firstMatch == nil ? leadsToFolder(path) : true
      if leadsOn { addSkipped(path, to: \.skippedLinks) }
    case .other:
      if firstMatch != nil { addSkipped(path, to: \.notFiles) }
    }
  }

  private mutating func add(_ path: String, isUTF8: Bool, by glob: Int) throws(FileSystemError) {
    if hasOwnFiles, GlobWalk.ownFiles.contains(path) { return }
    guard !walk.ignored.contains(where: { $0.matches(path) }) else { return }
    // It could not be named in a receipt.
    guard isUTF8 else { throw FileSystemError("open", walk.workspace.appending(path), .illegalByteSequence) }
    // Names of a folder behind those of its folders: such a path is normal.
    result.files.append(LogFile(path: RelativePath(unchecked: path), captures: captures(of: path, by: glob)))
  }

  private mutating func captures(of path: String, by glob: Int) -> [String: String] {
    let pattern = walk.globs[glob]
    if pattern.captureNames.isEmpty { return [:] }
    if let folderCaptures, folderCaptures.glob == glob { return folderCaptures.captures }
    let captures = pattern.match(path) ?? [:]
    if pattern.components.last?.hasCaptures == false { folderCaptures = (glob, captures) }
    return captures
  }

  private mutating func addSkipped(_ path: String, to list: WritableKeyPath<GlobWalk.Result, [RelativePath]>) {
    guard !walk.ignored.contains(where: { $0.matches(path) }), let relative = RelativePath(path) else { return }
    result[keyPath: list].append(relative)
  }

  private func leadsToFolder(_ path: String) throws(FileSystemError) -> Bool {
    try walk.fileSystem.status(of: walk.workspace.appending(path), followingLinks: true)?.kind == .directory
  }

  /// Whether a pattern of `ignore` names the folder itself, or everything below it.
  private func isIgnored(folder path: String) -> Bool {
    walk.ignored.contains { $0.matches(path) || ($0.components.last == .anyDepth && $0.matches(path + "/x")) }
  }

  private func literal(at state: GlobWalk.State) -> String? {
    if case .literal(let name) = walk.globs[state.glob].components[state.component] { name } else { nil }
  }
}
