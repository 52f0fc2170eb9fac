import Glibc
import SystemPackage

/// Looks up paths below a folder. Where paths in the same subfolder follow each other, the system walks to it once for
/// all but the first.
struct FolderLookups: ~Copyable {
  private let root: FilePath
  /// Negative: it can't be opened, for `rootFailure`.
  private let rootDescriptor: Int32
  private let rootFailure: Errno
  /// The subfolder of the last path, as its bytes begin: with a `/` at its end, or empty.
  private var prefix: [CChar] = []
  /// Of that subfolder. Negative: it was not opened.
  private var descriptor: Int32 = -1

  /// `O_PATH`, which the C module lacks: a place to start from, so that a folder that can't be listed is one as well.
  /// The same number on all 64-bit processors that Swift knows.
  private static let placeOnly: Int32 = 0o10_000_000

  init(below root: FilePath) {
    self.root = root
    rootDescriptor = root.withPlatformString { Self.open($0, in: AT_FDCWD) }
    rootFailure = Errno(rawValue: errno)
  }

  deinit {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
    if rootDescriptor >= 0 { _ = Glibc.close(rootDescriptor) }
  }

  /// As `FileSystem.status`, following links.
  mutating func status(of path: RelativePath) throws(FileSystemError) -> FileStatus? {
    var buffer = stat()
    let code = path.string.withCString { look(at: $0, &buffer) }
    guard let code else { return FileStatus(buffer) }
    guard code.meansAbsent else { throw FileSystemError("stat", root.appending(path.string), code) }
    return nil
  }

  /// nil: `buffer` holds what is at `path`.
  private mutating func look(at path: UnsafePointer<CChar>, _ buffer: inout stat) -> Errno? {
    guard rootDescriptor >= 0 else { return rootFailure }
    let length = strrchr(path, 0x2F).map { UnsafePointer($0) - path + 1 } ?? 0
    guard length > 0 else { return Self.look(at: path, in: rootDescriptor, &buffer) }
    guard length == prefix.count, memcmp(path, prefix, length) == 0 else {
      if descriptor >= 0 { _ = Glibc.close(descriptor) }
      descriptor = -1
      prefix.removeAll(keepingCapacity: true)
      prefix.append(contentsOf: UnsafeBufferPointer(start: path, count: length))
      return Self.look(at: path, in: rootDescriptor, &buffer)
    }
    if descriptor < 0 {
      // With a zero in the place of the last `/`.
      prefix[length - 1] = 0
      descriptor = Self.open(prefix, in: rootDescriptor)
      let code = Errno(rawValue: errno)
      prefix[length - 1] = 0x2F
      if descriptor < 0 { return code }
    }
    return Self.look(at: path + length, in: descriptor, &buffer)
  }

  private static func look(at path: UnsafePointer<CChar>, in folder: Int32, _ buffer: inout stat) -> Errno? {
    fstatat(folder, path, &buffer, 0) == 0 ? nil : Errno(rawValue: errno)
  }

  private static func open(_ path: UnsafePointer<CChar>, in folder: Int32) -> Int32 {
    openat(folder, path, placeOnly | O_DIRECTORY | O_CLOEXEC)
  }
}
