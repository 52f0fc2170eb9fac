import SystemPackage

/// What the file system says of one path. Times are nanoseconds since 1970.
public struct FileStatus: Sendable, Hashable {
  public enum Kind: UInt8, Sendable { case regular, directory, symbolicLink, other }
  public var kind: Kind
  public var size: Int64
  public var modified: Int64
  public var changed: Int64
  public var inode: UInt64

  public init(kind: Kind, size: Int64, modified: Int64, changed: Int64, inode: UInt64) {
    self.kind = kind
    self.size = size
    self.modified = modified
    self.changed = changed
    self.inode = inode
  }
}

extension FileStatus {
  /// But for its change time, which a rename alters.
  func isSameFile(as other: FileStatus) -> Bool {
    kind == other.kind && size == other.size && modified == other.modified && inode == other.inode
  }
}

public struct DirectoryEntry: Sendable, Hashable {
  public var name: String
  /// The entry itself: a symbolic link is not followed.
  public var kind: FileStatus.Kind
  /// false: the name is not UTF-8; `name` has U+FFFD in it, and nothing is found under it.
  public var isUTF8: Bool

  public init(name: String, kind: FileStatus.Kind, isUTF8: Bool = true) {
    self.name = name
    self.kind = kind
    self.isUTF8 = isUTF8
  }
}

/// A call that the file system refused.
public struct FileSystemError: Error, Sendable, Equatable {
  /// The call in the words of an error text: "open", "read", "write", "rename", …
  public var operation: String
  public var path: String
  public var errno: Errno

  public init(_ operation: String, _ path: FilePath, _ errno: Errno) {
    self.operation = operation
    self.path = path.string
    self.errno = errno
  }

  /// Calls that change something end with 73, calls that look with 74.
  public var exitCode: ExitCode {
    switch operation {
    case "open", "read", "stat", "list": .inputOutput
    default: .cannotWrite
    }
  }
}

/// A file that is open for reading. Closed when released.
public protocol ReadableFile: AnyObject {
  func status() throws(FileSystemError) -> FileStatus
  /// Fills `buffer` from `offset`; fewer bytes only at the end of the file. Returns how many.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileSystemError) -> Int
}

/// A file that is being written, on from its end. A file that is released without `close` stays as it is.
public protocol WritableFile: AnyObject {
  /// Writes all of `bytes`, or throws.
  func write(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError)
  /// Lets the disk begin with what is written, and does not wait: a `synchronize` that follows finds less to do.
  func beginSynchronizing()
  /// Nobody reads soon what is written from now on, so it need not stay in memory. A hint: it holds for as long as each
  /// write begins in memory and in the file at a multiple of ``FileAlignment/byteCount``, and has such a length.
  func bypassCache()
  /// Returns when the bytes are on the disk.
  func synchronize() throws(FileSystemError)
  func status() throws(FileSystemError) -> FileStatus
  func close() throws(FileSystemError)
}

extension WritableFile {
  public func beginSynchronizing() {}
  public func bypassCache() {}
}

/// What disks and kernels ask of transfers without a copy.
public enum FileAlignment {
  /// Bytes: a page, and the largest block of today's disks.
  public static let byteCount = 4096
}

/// All changes of a file system at once, where they are too many to be synced one by one.
public protocol ChangeBarrier: AnyObject, Sendable {
  /// Returns when everything that was written, renamed, made and removed before is on the disk. Throws where a write
  /// since the barrier was made has failed.
  func synchronize() throws(FileSystemError)
}

/// A lock that its holder gives back by releasing it, or by dying.
public protocol FileLock: AnyObject {}

/// The smallest set of calls that the program makes. What wraps it (faults, memory, counting) overrides one of them.
public protocol FileSystem: Sendable {
  /// nil: nothing is there. A link that leads nowhere is nil when followed.
  func status(of path: FilePath, followingLinks: Bool) throws(FileSystemError) -> FileStatus?
  /// Of each path below `root`, in their order; links are followed. Its own call because many paths share a folder,
  /// which a system need look up once.
  func statuses(of paths: ArraySlice<RelativePath>, below root: FilePath) throws(FileSystemError) -> [FileStatus?]
  /// In the order of the names' bytes, without `.` and `..`; empty where there is no such directory.
  func entries(of directory: FilePath) throws(FileSystemError) -> [DirectoryEntry]
  func open(_ path: FilePath) throws(FileSystemError) -> any ReadableFile
  /// A new file, mode 0666 less the umask. Replaces a file that is there.
  func create(_ path: FilePath) throws(FileSystemError) -> any WritableFile
  /// A file that is there, to be written on at its end.
  func append(to path: FilePath) throws(FileSystemError) -> any WritableFile
  /// Atomic; replaces what is at `target`.
  func rename(_ source: FilePath, to target: FilePath) throws(FileSystemError)
  /// A file or an empty directory. Returns false where nothing was there.
  @discardableResult func remove(_ path: FilePath) throws(FileSystemError) -> Bool
  /// With its parents; fine when it is there.
  func createDirectory(_ path: FilePath) throws(FileSystemError)
  /// Returns when renames and removals inside are on the disk.
  func synchronizeDirectory(_ path: FilePath) throws(FileSystemError)
  /// Of the file system that holds the folder. nil: there is none that could promise as much as a sync of each file and
  /// folder.
  func barrier(at directory: FilePath) throws(FileSystemError) -> (any ChangeBarrier)?
  /// The text of a symbolic link.
  func linkTarget(of path: FilePath) throws(FileSystemError) -> String
  /// Bytes that may still be written at `path`.
  func freeSpace(at path: FilePath) throws(FileSystemError) -> Int64
  /// `flock`, exclusive, on a directory. nil: held by another process and `waiting` is false.
  func lock(_ directory: FilePath, waiting: Bool) throws(FileSystemError) -> (any FileLock)?
}

extension FileSystem {
  public func barrier(at directory: FilePath) throws(FileSystemError) -> (any ChangeBarrier)? { nil }

  public func statuses(
    of paths: ArraySlice<RelativePath>, below root: FilePath
  ) throws(FileSystemError) -> [FileStatus?] {
    var statuses: [FileStatus?] = []
    statuses.reserveCapacity(paths.count)
    for path in paths { statuses.append(try status(of: root.appending(path.string), followingLinks: true)) }
    return statuses
  }
}
