import Glibc
import Synchronization
import SystemPackage

/// A file that is being written under a name of its own in a folder for temporary files, and then appears whole at its
/// place, or not at all: released without `commit`, it is removed.
package struct StagedFile: ~Copyable {
  private let fileSystem: any FileSystem
  private let path: FilePath
  private let file: any WritableFile
  private var isCommitted = false

  /// - Parameter directory: for temporary files; made if need be, on the file system of the places to come.
  package init(_ fileSystem: any FileSystem, in directory: FilePath) throws(FileSystemError) {
    self.fileSystem = fileSystem
    path = directory.appending(Self.freshName())
    do {
      file = try fileSystem.create(path)
    } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
      try fileSystem.createDirectory(directory)
      file = try fileSystem.create(path)
    }
  }

  deinit {
    guard !isCommitted else { return }
    // The error that led here is the one to tell.
    _ = try? fileSystem.remove(path)
  }

  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) {
    try file.write(bytes)
  }

  package func status() throws(FileSystemError) -> FileStatus {
    try file.status()
  }

  /// Closes the file and moves it to `target`, whose folder is made if need be. Replaces what is there.
  ///
  /// - Parameter synchronizing: the bytes are on the disk before the name is; the name itself isn't.
  package consuming func commit(to target: FilePath, synchronizing: Bool) throws(FileSystemError) {
    if synchronizing { try file.synchronize() }
    try file.close()
    do {
      try fileSystem.rename(path, to: target)
    } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
      try fileSystem.createDirectory(target.removingLastComponent())
      try fileSystem.rename(path, to: target)
    }
    isCommitted = true
  }

  private static let counter = Atomic<UInt64>(0)

  /// Unique among the processes and threads that run now; a file that a dead process left under it is replaced.
  private static func freshName() -> String {
    "\(getpid())-\(counter.add(1, ordering: .relaxed).newValue)"
  }
}
