import CWriteback
import Glibc
import SystemPackage

/// The file system of the operating system. All descriptors close on exec; calls that a signal interrupts are repeated.
public struct LocalFileSystem: FileSystem {
  private let anchor: Anchor?

  /// - Parameter root: a folder below which many paths are looked at: the system then starts there, and not at `/` each
  ///   time.
  public init(near root: FilePath? = nil) { anchor = root.flatMap(Anchor.init) }

  /// Makes a call on `path` that takes a folder to start from, and a path.
  private func at<R>(_ path: FilePath, _ call: (_ folder: Int32, _ text: UnsafePointer<CChar>) -> R) -> R {
    path.withPlatformString { text in
      if let anchor, let below = anchor.below(text) { return call(anchor.descriptor, below) }
      return call(AT_FDCWD, text)
    }
  }

  public func status(of path: FilePath, followingLinks: Bool) throws(FileSystemError) -> FileStatus? {
    var buffer = stat()
    let flags = followingLinks ? 0 : AT_SYMLINK_NOFOLLOW
    let result = at(path) { fstatat($0, $1, &buffer, flags) }
    if result == 0 { return FileStatus(buffer) }
    let code = Errno(rawValue: errno)
    guard code.meansAbsent else { throw FileSystemError("stat", path, code) }
    return nil
  }

  public func statuses(
    of paths: ArraySlice<RelativePath>, below root: FilePath
  ) throws(FileSystemError) -> [FileStatus?] {
    var lookups = FolderLookups(below: root)
    var statuses: [FileStatus?] = []
    statuses.reserveCapacity(paths.count)
    for path in paths { statuses.append(try lookups.status(of: path)) }
    return statuses
  }

  public func entries(of directory: FilePath) throws(FileSystemError) -> [DirectoryEntry] {
    let descriptor = directory.withPlatformString { text in
      interruptible { openat(AT_FDCWD, text, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    }
    guard descriptor >= 0 else {
      let code = Errno(rawValue: errno)
      guard code.meansAbsent else { throw FileSystemError("list", directory, code) }
      return []
    }
    guard let stream = fdopendir(descriptor) else {
      let code = Errno(rawValue: errno)
      _ = Glibc.close(descriptor)
      throw FileSystemError("list", directory, code)
    }
    defer { closedir(stream) }
    // Sorted as bytes of one buffer: a folder may have a hundred thousand names.
    var names: [UInt8] = []
    var places: [(name: Range<Int>, kind: FileStatus.Kind)] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else { break }
      let start = names.count
      withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: UInt8.self, capacity: MemoryLayout.size(ofValue: field.pointee)) { name in
          // `.` and `..`
          if name[0] == 0x2E, name[1] == 0 || (name[1] == 0x2E && name[2] == 0) { return }
          let count = strlen(UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self))
          names.append(contentsOf: UnsafeBufferPointer(start: name, count: count))
        }
      }
      if names.count > start { places.append((start..<names.count, Self.kind(of: entry, in: descriptor))) }
    }
    let code = errno
    guard code == 0 else { throw FileSystemError("list", directory, Errno(rawValue: code)) }
    return names.withUnsafeBufferPointer { names in
      places.sort {
        ExactString.compare(
          UnsafeBufferPointer(rebasing: names[$0.name]), UnsafeBufferPointer(rebasing: names[$1.name]))
          < 0
      }
      return places.map { place in
        let bytes = UnsafeBufferPointer(rebasing: names[place.name])
        if let name = String(validating: bytes, as: UTF8.self) { return DirectoryEntry(name: name, kind: place.kind) }
        return DirectoryEntry(name: String(decoding: bytes, as: UTF8.self), kind: place.kind, isUTF8: false)
      }
    }
  }

  public func open(_ path: FilePath) throws(FileSystemError) -> any ReadableFile {
    // Without O_NONBLOCK a named pipe would be waited for until somebody writes into it.
    let descriptor = at(path) { folder, text in
      interruptible { openat(folder, text, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) }
    }
    guard descriptor >= 0 else { throw FileSystemError("open", path, Errno(rawValue: errno)) }
    return LocalFile(path: path, descriptor: descriptor)
  }

  public func create(_ path: FilePath) throws(FileSystemError) -> any WritableFile {
    var descriptor = createNew(path)
    if descriptor < 0 && errno == EEXIST {
      // Removed, not truncated: nobody's hard link, and not what a link leads to, is written over.
      try remove(path)
      descriptor = createNew(path)
    }
    guard descriptor >= 0 else { throw FileSystemError("create", path, Errno(rawValue: errno)) }
    return LocalFile(path: path, descriptor: descriptor)
  }

  public func append(to path: FilePath) throws(FileSystemError) -> any WritableFile {
    let descriptor = at(path) { folder, text in
      interruptible { openat(folder, text, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW) }
    }
    guard descriptor >= 0 else { throw FileSystemError("append", path, Errno(rawValue: errno)) }
    return LocalFile(path: path, descriptor: descriptor)
  }

  public func rename(_ source: FilePath, to target: FilePath) throws(FileSystemError) {
    let result = at(source) { folder, from in
      at(target) { targetFolder, to in interruptible { renameat(folder, from, targetFolder, to) } }
    }
    guard result == 0 else { throw FileSystemError("rename", target, Errno(rawValue: errno)) }
  }

  @discardableResult
  public func remove(_ path: FilePath) throws(FileSystemError) -> Bool {
    let result = at(path) { folder, text in
      let result = unlinkat(folder, text, 0)
      return result != 0 && errno == EISDIR ? unlinkat(folder, text, AT_REMOVEDIR) : result
    }
    if result == 0 { return true }
    let code = Errno(rawValue: errno)
    guard code.meansAbsent else { throw FileSystemError("remove", path, code) }
    return false
  }

  public func createDirectory(_ path: FilePath) throws(FileSystemError) {
    guard let code = makeDirectory(path) else { return }
    switch code {
    case .fileExists:
      guard try status(of: path, followingLinks: true)?.kind == .directory else {
        throw FileSystemError("create", path, .notDirectory)
      }
    case .noSuchFileOrDirectory:
      let parent = path.removingLastComponent()
      guard parent != path, !parent.isEmpty else { throw FileSystemError("create", path, code) }
      try createDirectory(parent)
      // Another process may have been faster.
      if let code = makeDirectory(path), code != .fileExists { throw FileSystemError("create", path, code) }
    default: throw FileSystemError("create", path, code)
    }
  }

  public func synchronizeDirectory(_ path: FilePath) throws(FileSystemError) {
    let descriptor = try Self.openDirectory(path, for: "synchronize")
    defer { _ = Glibc.close(descriptor) }
    guard interruptible({ fsync(descriptor) }) != 0 else { return }
    let code = Errno(rawValue: errno)
    // Some network file systems offer no such call for directories; there is nothing more to do then.
    guard code == .invalidArgument || code == .notSupported else {
      throw FileSystemError("synchronize", path, code)
    }
  }

  public func linkTarget(of path: FilePath) throws(FileSystemError) -> String {
    var capacity = 256
    while true {
      var bytes = [UInt8](repeating: 0, count: capacity)
      let count = path.withPlatformString { text in
        bytes.withUnsafeMutableBytes { readlinkat(AT_FDCWD, text, $0.baseAddress!, capacity) }
      }
      guard count >= 0 else { throw FileSystemError("read", path, Errno(rawValue: errno)) }
      // A full buffer may be a text that was cut.
      if count < capacity { return String(decoding: bytes[..<count], as: UTF8.self) }
      capacity *= 2
    }
  }

  public func freeSpace(at path: FilePath) throws(FileSystemError) -> Int64 {
    var buffer = statvfs()
    let result = path.withPlatformString { text in interruptible { statvfs(text, &buffer) } }
    guard result == 0 else { throw FileSystemError("stat", path, Errno(rawValue: errno)) }
    let (bytes, overflow) = UInt64(buffer.f_bavail).multipliedReportingOverflow(by: UInt64(buffer.f_frsize))
    return overflow ? .max : Int64(clamping: bytes)
  }

  public func lock(_ directory: FilePath, waiting: Bool) throws(FileSystemError) -> (any FileLock)? {
    let descriptor = try Self.openDirectory(directory, for: "lock")
    guard interruptible({ flock(descriptor, waiting ? LOCK_EX : LOCK_EX | LOCK_NB) }) != 0 else {
      return LocalLock(descriptor: descriptor)
    }
    let code = Errno(rawValue: errno)
    _ = Glibc.close(descriptor)
    guard code == .wouldBlock else { throw FileSystemError("lock", directory, code) }
    return nil
  }

  /// Not every file system names the kind in the directory itself.
  private static func kind(of entry: UnsafeMutablePointer<dirent>, in directory: Int32) -> FileStatus.Kind {
    switch Int(entry.pointee.d_type) {
    case Int(DT_REG): return .regular
    case Int(DT_DIR): return .directory
    case Int(DT_LNK): return .symbolicLink
    case Int(DT_UNKNOWN):
      var buffer = stat()
      let result = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee)) {
          fstatat(directory, $0, &buffer, AT_SYMLINK_NOFOLLOW)
        }
      }
      return result == 0 ? FileStatus(buffer).kind : .other
    default: return .other
    }
  }

  private func createNew(_ path: FilePath) -> Int32 {
    at(path) { folder, text in
      interruptible { openat(folder, text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
    }
  }

  /// nil: made.
  private func makeDirectory(_ path: FilePath) -> Errno? {
    at(path) { mkdirat($0, $1, 0o777) } == 0 ? nil : Errno(rawValue: errno)
  }

  static func openDirectory(_ path: FilePath, for operation: String) throws(FileSystemError) -> Int32 {
    let descriptor = path.withPlatformString { text in
      interruptible { openat(AT_FDCWD, text, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    }
    guard descriptor >= 0 else { throw FileSystemError(operation, path, Errno(rawValue: errno)) }
    return descriptor
  }
}

/// An open folder, and the text that paths below it begin with.
private final class Anchor: Sendable {
  let descriptor: Int32
  private let prefix: [CChar]

  /// nil: there is no such folder; paths are then looked up from `/`.
  init?(_ root: FilePath) {
    prefix = root.withPlatformString { Array(UnsafeBufferPointer(start: $0, count: strlen($0))) } + [CChar(0x2F)]
    descriptor = root.withPlatformString { openat(AT_FDCWD, $0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    if descriptor < 0 { return nil }
  }

  deinit {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
  }

  /// What follows the prefix; nil: nothing, or the path leads elsewhere.
  func below(_ path: UnsafePointer<CChar>) -> UnsafePointer<CChar>? {
    guard strncmp(path, prefix, prefix.count) == 0, path[prefix.count] != 0 else { return nil }
    return path + prefix.count
  }
}

/// One open descriptor; both directions, because the calls differ only by how it was opened.
private final class LocalFile: ReadableFile, WritableFile, MappableFile {
  private let path: FilePath
  /// Negative once closed.
  private var descriptor: Int32
  /// What is written goes from our memory to the disk (`O_DIRECT`), and the file ends at a multiple of the alignment.
  private var isDirect = false

  init(path: FilePath, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
  }

  func status() throws(FileSystemError) -> FileStatus {
    var buffer = stat()
    guard fstat(descriptor, &buffer) == 0 else { throw FileSystemError("stat", path, Errno(rawValue: errno)) }
    return FileStatus(buffer)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileSystemError) -> Int {
    var filled = 0
    while filled < buffer.count {
      let count = interruptible {
        pread(descriptor, buffer.baseAddress! + filled, buffer.count - filled, Int(offset) + filled)
      }
      guard count >= 0 else { throw FileSystemError("read", path, Errno(rawValue: errno)) }
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  func map(_ range: Range<Int64>) throws(FileSystemError) -> FileMapping? {
    guard !range.isEmpty, try status().size >= range.upperBound else { return nil }
    ShrunkFiles.survive()
    return FileMapping(descriptor: descriptor, offset: range.lowerBound, count: range.count)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) {
    if isDirect, !Self.isAligned(bytes) { leaveDirect() }
    var written = 0
    while written < bytes.count {
      let count = interruptible { Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written) }
      if count < 0, errno == EINVAL, isDirect {
        // A file system that takes the flag and then not the write.
        leaveDirect()
        continue
      }
      guard count >= 0 else { throw FileSystemError("write", path, Errno(rawValue: errno)) }
      written += count
      if isDirect, written % FileAlignment.byteCount != 0 { leaveDirect() }
    }
  }

  func bypassCache() {
    guard !isDirect, let size = try? status().size, size % Int64(FileAlignment.byteCount) == 0 else { return }
    isDirect = cwriteback_set_direct(descriptor, 1) == 0
  }

  private func leaveDirect() {
    _ = cwriteback_set_direct(descriptor, 0)
    isDirect = false
  }

  private static func isAligned(_ bytes: UnsafeRawBufferPointer) -> Bool {
    (UInt(bitPattern: bytes.baseAddress) | UInt(bytes.count)) % UInt(FileAlignment.byteCount) == 0
  }

  func beginSynchronizing() {
    if !isDirect { cwriteback_begin(descriptor) }
  }

  func synchronize() throws(FileSystemError) {
    guard interruptible({ fsync(descriptor) }) == 0 else {
      throw FileSystemError("synchronize", path, Errno(rawValue: errno))
    }
  }

  func close() throws(FileSystemError) {
    let closing = descriptor
    descriptor = -1
    // Not repeated after a signal: Linux has given the descriptor back by then.
    guard Glibc.close(closing) == 0 || errno == EINTR else {
      throw FileSystemError("close", path, Errno(rawValue: errno))
    }
  }
}

private final class LocalLock: FileLock {
  private let descriptor: Int32

  init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit {
    _ = Glibc.close(descriptor)
  }
}

extension FileStatus {
  init(_ status: stat) {
    let kind: Kind =
      switch status.st_mode & S_IFMT {
      case S_IFREG: .regular
      case S_IFDIR: .directory
      case S_IFLNK: .symbolicLink
      default: .other
      }
    self.init(
      kind: kind, size: Int64(status.st_size), modified: Self.nanoseconds(status.st_mtim),
      changed: Self.nanoseconds(status.st_ctim), inode: UInt64(status.st_ino))
  }

  /// A time that does not fit (before 1678, after 2262) wraps: it is only ever compared for equality.
  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}

extension Errno {
  /// Nothing is at that path, also because one of its parents is a file.
  var meansAbsent: Bool { self == .noSuchFileOrDirectory || self == .notDirectory }
}

/// Repeats a call that a signal interrupted.
func interruptible<Value: SignedInteger>(_ call: () -> Value) -> Value {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}
