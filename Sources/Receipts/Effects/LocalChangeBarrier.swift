import CWriteback
import Glibc
import SystemPackage

extension LocalFileSystem {
  public func barrier(at directory: FilePath) throws(FileSystemError) -> (any ChangeBarrier)? {
    let descriptor = try Self.openDirectory(directory, for: "synchronize")
    let barrier = LocalChangeBarrier(path: directory, descriptor: descriptor)
    return cwriteback_all_is_enough(descriptor) == 1 ? barrier : nil
  }
}

/// `syncfs` (Linux). Of failed writes it tells those since its descriptor was opened.
private final class LocalChangeBarrier: ChangeBarrier {
  private let path: FilePath
  private let descriptor: Int32

  init(path: FilePath, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { _ = Glibc.close(descriptor) }

  func synchronize() throws(FileSystemError) {
    guard interruptible({ cwriteback_all(descriptor) }) != 0 else { return }
    throw FileSystemError("synchronize", path, Errno(rawValue: errno))
  }
}
