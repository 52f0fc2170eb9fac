import Glibc
import JSONTape
import SystemPackage

/// A file's bytes, or some of them, in memory, by way of the page cache: nothing is copied. Unmapped when released.
///
/// ``JSONParser/padding`` readable bytes follow: zeros, or what follows in the file. Whoever shortens the file
/// meanwhile takes the pages away: reading them raises `SIGBUS`, which ``ShrunkFiles`` survives.
public final class FileMapping: @unchecked Sendable {
  // The bytes are only ever read.
  public let bytes: ByteSlice
  private let region: UnsafeMutableRawPointer
  private let regionSize: Int

  /// - Parameters:
  ///   - descriptor: open for reading; it may be closed afterwards.
  ///   - offset: of the first byte.
  ///   - count: bytes of the file, at least 1.
  init?(descriptor: Int32, offset: Int64 = 0, count: Int) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    // A mapping begins with a page.
    let lead = Int(offset) % page
    // Pages of zeros, over which the file's are laid: what follows its end can be read, wherever in a page that is.
    regionSize = (lead + count + JSONParser.padding + page - 1) / page * page
    let zeros = mmap(nil, regionSize, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let zeros, zeros != MAP_FAILED else { return nil }
    let start = off_t(offset) - off_t(lead)
    guard mmap(zeros, lead + count, PROT_READ, MAP_PRIVATE | MAP_FIXED, descriptor, start) != MAP_FAILED else {
      munmap(zeros, regionSize)
      return nil
    }
    region = zeros
    bytes = ByteSlice(UnsafeRawBufferPointer(start: zeros + lead, count: count))
  }

  deinit { munmap(region, regionSize) }
}

/// An open file some of whose bytes can be mapped into memory.
protocol MappableFile: ReadableFile {
  /// nil: the file does not have all of these bytes, there are none, or the system does not map them.
  func map(_ range: Range<Int64>) throws(FileSystemError) -> FileMapping?
}

/// A file system whose files can be mapped into memory.
public protocol MappingFileSystem: FileSystem {
  /// nil: no regular file is there, it is empty, or the system does not map it.
  func map(_ path: FilePath) throws(FileSystemError) -> FileMapping?
}

extension LocalFileSystem: MappingFileSystem {
  public func map(_ path: FilePath) throws(FileSystemError) -> FileMapping? {
    let descriptor = path.withPlatformString { Glibc.open($0, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) }
    guard descriptor >= 0 else {
      let code = Errno(rawValue: errno)
      if code == .noSuchFileOrDirectory || code == .notDirectory { return nil }
      throw FileSystemError("open", path, code)
    }
    defer { _ = Glibc.close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileSystemError("stat", path, Errno(rawValue: errno)) }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else { return nil }
    return FileMapping(descriptor: descriptor, count: Int(status.st_size))
  }
}
