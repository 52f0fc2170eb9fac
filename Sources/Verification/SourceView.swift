import Receipts
import Stages
import SystemPackage

/// A folder to build in, in which the logs of a workspace seem to lie: what receipts list as read, no other file, and
/// of each no more bytes than they say. What the program writes goes to the folder; the workspace is only read.
struct SourceView: FileSystem {
  let base: any FileSystem
  /// The workspace's folder.
  let workspace: FilePath
  /// Where the rebuild is.
  let folder: FilePath
  /// Bytes of each file to be seen.
  private let sizes: [RelativePath: Int64]
  /// What leads to them.
  private let folders: Set<RelativePath>
  /// Breaks the promise of `entries`: with it a build shows that it does not depend on the order of directories.
  let isReversed: Bool

  init(
    of base: any FileSystem, workspace: FilePath, in folder: FilePath, sizes: [RelativePath: Int64], isReversed: Bool
  ) {
    self.base = base
    self.workspace = workspace
    self.folder = folder
    self.sizes = sizes
    self.isReversed = isReversed
    var folders: Set<RelativePath> = []
    for path in sizes.keys {
      var parent = path.parent
      while let next = parent, folders.insert(next).inserted { parent = next.parent }
    }
    self.folders = folders
  }

  /// What a path means here.
  private enum Place {
    /// Of the build's own: the path as it is.
    case own
    /// A log, or a folder on the way to one, of the workspace.
    case source(FilePath, RelativePath?)
    case hidden
  }

  private func place(of path: FilePath) -> Place {
    if path == folder { return .source(workspace, nil) }
    guard path.string.hasPrefix(folder.string + "/"),
      let relative = RelativePath(String(path.string.utf8.dropFirst(folder.string.utf8.count + 1)) ?? "")
    else { return .own }
    if Layout.ownFiles.contains(relative.string)
      || WorkspaceLayout.ownFolders.contains(where: { "\(relative)/".hasPrefix($0) })
    {
      return .own
    }
    guard sizes[relative] != nil || folders.contains(relative) else { return .hidden }
    return .source(workspace.appending(relative.string), relative)
  }

  // MARK: Looking

  func status(of path: FilePath, followingLinks: Bool) throws(FileSystemError) -> FileStatus? {
    switch place(of: path) {
    case .own: return try base.status(of: path, followingLinks: followingLinks)
    case .hidden: return nil
    case .source(let real, let relative):
      let status = try base.status(of: real, followingLinks: followingLinks)
      return status?.cut(to: relative.flatMap { sizes[$0] })
    }
  }

  func entries(of directory: FilePath) throws(FileSystemError) -> [DirectoryEntry] {
    switch place(of: directory) {
    case .own: return try base.entries(of: directory)
    case .hidden: return []
    case .source(let real, let relative):
      let seen = try base.entries(of: real).filter { entry in
        guard let path = RelativePath(relative.map { "\($0)/\(entry.name)" } ?? entry.name) else { return false }
        return sizes[path] != nil || folders.contains(path)
      }
      return isReversed ? seen.reversed() : seen
    }
  }

  func open(_ path: FilePath) throws(FileSystemError) -> any ReadableFile {
    switch place(of: path) {
    case .own: return try base.open(path)
    case .hidden: throw FileSystemError("open", path, .noSuchFileOrDirectory)
    case .source(let real, let relative):
      let file = try base.open(real)
      guard let size = relative.flatMap({ sizes[$0] }) else { return file }
      return FilePrefix(file: file, size: size)
    }
  }

  func linkTarget(of path: FilePath) throws(FileSystemError) -> String {
    switch place(of: path) {
    case .own: return try base.linkTarget(of: path)
    case .hidden: throw FileSystemError("read", path, .noSuchFileOrDirectory)
    case .source(let real, _): return try base.linkTarget(of: real)
    }
  }

  func freeSpace(at path: FilePath) throws(FileSystemError) -> Int64 { try base.freeSpace(at: path) }

  // MARK: Changing, all of it in the folder

  func create(_ path: FilePath) throws(FileSystemError) -> any WritableFile { try base.create(path) }

  func append(to path: FilePath) throws(FileSystemError) -> any WritableFile { try base.append(to: path) }

  func rename(_ source: FilePath, to target: FilePath) throws(FileSystemError) {
    try base.rename(source, to: target)
  }

  @discardableResult
  func remove(_ path: FilePath) throws(FileSystemError) -> Bool { try base.remove(path) }

  func createDirectory(_ path: FilePath) throws(FileSystemError) { try base.createDirectory(path) }

  func synchronizeDirectory(_ path: FilePath) throws(FileSystemError) { try base.synchronizeDirectory(path) }

  func barrier(at directory: FilePath) throws(FileSystemError) -> (any ChangeBarrier)? {
    try base.barrier(at: directory)
  }

  func lock(_ directory: FilePath, waiting: Bool) throws(FileSystemError) -> (any FileLock)? {
    try base.lock(directory, waiting: waiting)
  }
}

/// The first bytes of a file that may have grown since.
private final class FilePrefix: ReadableFile {
  private let file: any ReadableFile
  private let size: Int64

  init(file: any ReadableFile, size: Int64) {
    self.file = file
    self.size = size
  }

  func status() throws(FileSystemError) -> FileStatus { try file.status().cut(to: size) }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileSystemError) -> Int {
    let room = Int(min(Int64(buffer.count), max(0, size - offset)))
    return try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<room]), at: offset)
  }
}

extension FileStatus {
  /// With no more bytes than that.
  fileprivate func cut(to size: Int64?) -> FileStatus {
    guard let size, kind == .regular, self.size > size else { return self }
    var status = self
    status.size = size
    return status
  }
}
