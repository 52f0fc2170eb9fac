import Synchronization
import SystemPackage

/// A run of bytes in a file of the workspace, and the state of the file when it was hashed.
public struct FileSlice: Sendable {
  public var path: FilePath
  /// For messages.
  public var name: String
  public var offset: Int64
  public var byteCount: Int
  public var status: FileStatus

  public init(path: FilePath, name: String, offset: Int64, byteCount: Int, status: FileStatus) {
    self.path = path
    self.name = name
    self.offset = offset
    self.byteCount = byteCount
    self.status = status
  }
}

/// Where the bytes behind a digest are, when they are not an object: logs are never copied into the store.
public final class ContentCatalog: Sendable {
  private let slices = Mutex<[Digest: FileSlice]>([:])

  public init() {}

  public func add(_ digest: Digest, _ slice: FileSlice) {
    slices.withLock { $0[digest] = slice }
  }

  public func slice(_ digest: Digest) -> FileSlice? {
    slices.withLock { $0[digest] }
  }
}
