import Receipts
import Synchronization
import SystemPackage

/// A file system in memory, with the times of a clock that the test moves, a record of what was read and changed, and
/// failures on demand. Relative paths start at the root.
public final class MemoryFileSystem: FileSystem {
  public let clock: ManualClock
  let state = Mutex(MemoryTree())
  private let changeTimes: ChangeTimes

  /// Which times changes get.
  public enum ChangeTimes: Sendable, CaseIterable {
    /// Those of the clock, which are no whole seconds.
    case clock
    /// One of their own each: the clock goes on by a nanosecond.
    case own
    /// The last whole second.
    case seconds
  }

  public init(clock: ManualClock = ManualClock(), changeTimes: ChangeTimes = .clock) {
    self.clock = clock
    self.changeTimes = changeTimes
  }

  // MARK: - For tests

  /// Writes a file, with its parents. Not recorded, and no failure hits it.
  public func write(_ bytes: [UInt8], to path: FilePath) {
    quietly { tree throws(Errno) in
      try tree.makeDirectory(path.removingLastComponent(), now)
      try tree.replace(path, .file(bytes), now)
    }
  }

  public func write(_ text: String, to path: FilePath) { write(Array(text.utf8), to: path) }

  /// Alters a file in place: its inode stays.
  public func overwrite(_ path: FilePath, with bytes: [UInt8]) {
    quietly { tree throws(Errno) in
      guard let inode = try tree.locate(path, followingLink: true).inode else { throw .noSuchFileOrDirectory }
      tree.setContents(.file(bytes), of: inode, now)
    }
  }

  public func link(_ path: FilePath, to target: String) {
    quietly { tree throws(Errno) in
      try tree.makeDirectory(path.removingLastComponent(), now)
      try tree.replace(path, .link(target), now)
    }
  }

  /// The bytes of a file; nil: there is none.
  public func bytes(of path: FilePath) -> [UInt8]? {
    state.withLock { tree in
      guard let inode = try? tree.locate(path, followingLink: true).inode,
        case .file(let bytes)? = tree.nodes[inode]?.contents
      else { return nil }
      return bytes
    }
  }

  public func text(of path: FilePath) -> String? { bytes(of: path).map { String(decoding: $0, as: UTF8.self) } }

  /// Gives a file the times of `status`, as `utimes` would: its change time is now.
  public func setModified(_ path: FilePath, to nanoseconds: Int64) {
    quietly { tree throws(Errno) in
      guard let inode = try tree.locate(path, followingLink: true).inode else { throw .noSuchFileOrDirectory }
      tree.nodes[inode]!.modified = nanoseconds
      tree.nodes[inode]!.changed = now
    }
  }

  /// All files and links, ordered by path.
  public var files: [FilePath] { files(below: "/") }

  /// Those in a folder and what is below it.
  public func files(below folder: FilePath) -> [FilePath] { state.withLock { $0.files(below: folder) } }

  /// The paths of all files that were opened for reading, in order.
  public var filesRead: [FilePath] { state.withLock { $0.filesRead } }

  /// The paths of everything that was created, renamed to, removed or locked, in order.
  public var pathsChanged: [FilePath] { state.withLock { $0.pathsChanged } }

  /// The paths of files that were told that nobody reads them soon.
  public var pathsBypassingCache: [FilePath] { state.withLock { $0.pathsBypassingCache } }

  public func forgetCalls() {
    state.withLock {
      $0.pathsBypassingCache = []
      $0.filesRead = []
      $0.pathsChanged = []
    }
  }

  /// The next call of `operation` (as `FileSystemError` names it) on exactly this path throws.
  public func failNext(operation: String, path: FilePath, errno: Errno) {
    state.withLock { $0.failures.append(FileSystemError(operation, path, errno)) }
  }

  /// After this many more changes (creations, writes, renames, removals, syncs) each call throws EIO, as if the process
  /// had died there. nil: no longer.
  public func stop(afterChanges count: Int?) {
    state.withLock { $0.changesLeft = count }
  }

  /// One call from now on goes wrong. nil: none does.
  public func plan(_ fault: PlannedFault?) {
    state.withLock { $0.fault = fault }
  }

  /// A planned fault has not come about yet.
  public var isFaultPending: Bool { state.withLock { $0.fault != nil } }

  /// From now on what is synced and what is not is told apart. Everything so far, and what the test itself writes, is
  /// on the disk.
  public func watchDisk() {
    state.withLock { $0.disk = MemoryDisk(of: $0.nodes) }
  }

  /// Leaves what a power cut would, as `generator` decides: see `MemoryDisk`. Planned failures are over.
  public func cutPower(using generator: inout some RandomNumberGenerator) {
    state.withLock { $0.cutPower(using: &generator) }
  }

  /// Another file system that holds the same, inodes and times included, with a clock of its own at the same time.
  public func copy() -> MemoryFileSystem {
    let copy = MemoryFileSystem(clock: clock.copy(), changeTimes: changeTimes)
    let tree = state.withLock { $0 }
    copy.state.withLock { $0 = tree }
    return copy
  }

  // MARK: - FileSystem

  public func status(of path: FilePath, followingLinks: Bool) throws(FileSystemError) -> FileStatus? {
    try call("stat", path) { tree throws(Errno) in
      do throws(Errno) {
        return try tree.locate(path, followingLink: followingLinks).inode.map { tree.status(of: $0) }
      } catch {
        guard error == .noSuchFileOrDirectory || error == .notDirectory else { throw error }
        return nil
      }
    }
  }

  public func entries(of directory: FilePath) throws(FileSystemError) -> [DirectoryEntry] {
    try call("list", directory) { tree throws(Errno) in try tree.entries(of: directory) }
  }

  public func open(_ path: FilePath) throws(FileSystemError) -> any ReadableFile {
    let inode: UInt64 = try call("open", path) { tree throws(Errno) in
      guard let inode = try tree.locate(path, followingLink: true).inode else { throw .noSuchFileOrDirectory }
      tree.filesRead.append(path)
      return inode
    }
    return MemoryFile(fileSystem: self, path: path, inode: inode)
  }

  public func create(_ path: FilePath) throws(FileSystemError) -> any WritableFile {
    let inode: UInt64 = try change("create", path) { tree throws(Errno) in
      if let existing = try tree.locate(path, followingLink: false).inode, tree.isDirectory(existing) {
        throw .isDirectory
      }
      return try tree.replace(path, .file([]), now)
    }
    return MemoryFile(fileSystem: self, path: path, inode: inode)
  }

  public func append(to path: FilePath) throws(FileSystemError) -> any WritableFile {
    let inode: UInt64 = try change("append", path) { tree throws(Errno) in
      guard let inode = try tree.locate(path, followingLink: false).inode else { throw .noSuchFileOrDirectory }
      guard !tree.isDirectory(inode) else { throw .isDirectory }
      return inode
    }
    return MemoryFile(fileSystem: self, path: path, inode: inode)
  }

  public func rename(_ source: FilePath, to target: FilePath) throws(FileSystemError) {
    try change("rename", target) { tree throws(Errno) in try tree.rename(source, to: target, now) }
  }

  @discardableResult
  public func remove(_ path: FilePath) throws(FileSystemError) -> Bool {
    try change("remove", path) { tree throws(Errno) in try tree.remove(path, now) }
  }

  public func createDirectory(_ path: FilePath) throws(FileSystemError) {
    let exists = try status(of: path, followingLinks: true)?.kind == .directory
    if exists { return }
    try change("create", path) { tree throws(Errno) in try tree.makeDirectory(path, now) }
  }

  public func synchronizeDirectory(_ path: FilePath) throws(FileSystemError) {
    try call("synchronize", path, isChange: true) { tree throws(Errno) in
      guard let inode = try tree.locate(path, followingLink: true).inode else { throw .noSuchFileOrDirectory }
      guard tree.isDirectory(inode) else { throw .notDirectory }
      tree.synchronize(inode)
    }
  }

  public func barrier(at directory: FilePath) throws(FileSystemError) -> (any ChangeBarrier)? {
    try call("stat", directory) { tree throws(Errno) in
      guard let inode = try tree.locate(directory, followingLink: true).inode else { throw .noSuchFileOrDirectory }
      guard tree.isDirectory(inode) else { throw .notDirectory }
    }
    return MemoryChangeBarrier(fileSystem: self, path: directory)
  }

  public func linkTarget(of path: FilePath) throws(FileSystemError) -> String {
    try call("read", path) { tree throws(Errno) in
      guard let inode = try tree.locate(path, followingLink: false).inode else { throw .noSuchFileOrDirectory }
      guard case .link(let target) = tree.nodes[inode]!.contents else { throw .invalidArgument }
      return target
    }
  }

  public func freeSpace(at path: FilePath) throws(FileSystemError) -> Int64 {
    try call("stat", path) { $0.freeSpace }
  }

  /// One that another holder has and that is waited for would never come: that is a trap here.
  public func lock(_ directory: FilePath, waiting: Bool) throws(FileSystemError) -> (any FileLock)? {
    let inode: UInt64? = try change("lock", directory) { tree throws(Errno) in
      guard let inode = try tree.locate(directory, followingLink: true).inode else { throw .noSuchFileOrDirectory }
      return tree.locked.insert(inode).inserted ? inode : nil
    }
    precondition(inode != nil || !waiting, "a test waits for a lock that nobody gives back: \(directory)")
    return inode.map { MemoryLock(fileSystem: self, inode: $0) }
  }

  // MARK: - Inside

  var now: Int64 {
    if changeTimes == .own { clock.advance(nanoseconds: 1) }
    let now = clock.now()
    let seconds = now.seconds * 1_000_000_000
    return changeTimes == .seconds ? seconds : seconds + Int64(now.nanoseconds) - 1
  }

  /// Runs `body` as the call `operation`, unless it is to fail.
  func call<R>(
    _ operation: String, _ path: FilePath, isChange: Bool = false, _ body: (inout MemoryTree) throws(Errno) -> R
  ) throws(FileSystemError) -> R {
    let result: Result<R, Errno> = state.withLock { tree in
      do throws(Errno) {
        try tree.failIfAsked(operation, path, isChange: isChange)
        return .success(try body(&tree))
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let value): return value
    case .failure(let errno): throw FileSystemError(operation, path, errno)
    }
  }

  /// The same for a call that alters the tree.
  private func change<R>(
    _ operation: String, _ path: FilePath, _ body: (inout MemoryTree) throws(Errno) -> R
  ) throws(FileSystemError) -> R {
    try call(operation, path, isChange: true) { tree throws(Errno) in
      tree.pathsChanged.append(path)
      return try body(&tree)
    }
  }

  private func quietly(_ body: (inout MemoryTree) throws(Errno) -> Void) {
    state.withLock { tree in
      do throws(Errno) { try body(&tree) } catch { preconditionFailure("a test's own write failed: \(error)") }
      if tree.disk != nil { tree.disk = MemoryDisk(of: tree.nodes) }
    }
  }
}

/// An open file: it stays readable after its name is gone.
private final class MemoryFile: ReadableFile, WritableFile {
  private let fileSystem: MemoryFileSystem
  private let path: FilePath
  private let inode: UInt64

  init(fileSystem: MemoryFileSystem, path: FilePath, inode: UInt64) {
    self.fileSystem = fileSystem
    self.path = path
    self.inode = inode
  }

  func status() throws(FileSystemError) -> FileStatus {
    try fileSystem.call("stat", path) { $0.status(of: inode) }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileSystemError) -> Int {
    try fileSystem.call("read", path) { tree throws(Errno) in
      guard case .file(let bytes) = tree.nodes[inode]!.contents else { throw .isDirectory }
      let part = bytes.dropFirst(Int(offset)).prefix(buffer.count)
      buffer.copyBytes(from: part)
      return part.count
    }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) {
    let now = fileSystem.now
    try fileSystem.call("write", path, isChange: true) { tree throws(Errno) in
      guard case .file(let before) = tree.nodes[inode]!.contents else { throw .isDirectory }
      let failure = tree.halfWrite
      tree.halfWrite = nil
      tree.setContents(.file(before + bytes.prefix(failure == nil ? bytes.count : bytes.count / 2)), of: inode, now)
      if let failure { throw failure }
    }
  }

  func bypassCache() { fileSystem.state.withLock { $0.pathsBypassingCache.append(path) } }

  func synchronize() throws(FileSystemError) {
    try fileSystem.call("synchronize", path, isChange: true) { $0.synchronize(inode) }
  }

  func close() throws(FileSystemError) {
    try fileSystem.call("close", path, isChange: true) { _ in }
  }
}

/// The path is where faults hit it.
private final class MemoryChangeBarrier: ChangeBarrier {
  private let fileSystem: MemoryFileSystem
  private let path: FilePath

  init(fileSystem: MemoryFileSystem, path: FilePath) {
    self.fileSystem = fileSystem
    self.path = path
  }

  func synchronize() throws(FileSystemError) {
    try fileSystem.call("synchronize", path, isChange: true) { $0.synchronizeAll() }
  }
}

private final class MemoryLock: FileLock {
  private let fileSystem: MemoryFileSystem
  private let inode: UInt64

  init(fileSystem: MemoryFileSystem, inode: UInt64) {
    self.fileSystem = fileSystem
    self.inode = inode
  }

  deinit {
    fileSystem.state.withLock { _ = $0.locked.remove(inode) }
  }
}
