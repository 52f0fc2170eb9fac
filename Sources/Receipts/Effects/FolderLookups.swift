import Glibc
import SystemPackage

/// Looks up paths below a folder. The system walks to a subfolder once for all paths in it that follow each other.
struct FolderLookups: ~Copyable {
  private let root: FilePath
  /// The subfolder that `descriptor` is of, as the bytes of its paths begin: with a `/` at its end, or empty.
  private var prefix: [CChar] = []
  /// Negative: no subfolder is open.
  private var descriptor: Int32 = -1

  /// `O_PATH`, which the C module lacks: a place to start from, so that a folder that can't be listed is one as well. The same
  /// number on all 64-bit processors that Swift knows.
  private static let placeOnly: Int32 = 0o10_000_000

  init(below root: FilePath) { self.root = root }

  deinit { close() }

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
    let length = strrchr(path, 0x2F).map { UnsafePointer($0) - path + 1 } ?? 0
    if descriptor < 0 || length != prefix.count || memcmp(path, prefix, length) != 0 {
      if let code = enter(UnsafeBufferPointer(start: path, count: length)) { return code }
    }
    return fstatat(descriptor, path + length, &buffer, 0) == 0 ? nil : Errno(rawValue: errno)
  }

  private mutating func enter(_ prefix: UnsafeBufferPointer<CChar>) -> Errno? {
    close()
    self.prefix = Array(prefix)
    var folder = root.withPlatformString { Array(UnsafeBufferPointer(start: $0, count: strlen($0))) }
    folder.append(0x2F)
    folder += prefix
    // In the place of the last `/`.
    folder[folder.count - 1] = 0
    descriptor = openat(AT_FDCWD, folder, Self.placeOnly | O_DIRECTORY | O_CLOEXEC)
    return descriptor < 0 ? Errno(rawValue: errno) : nil
  }

  private func close() {
    if descriptor >= 0 { _ = Glibc.close(descriptor) }
  }
}
