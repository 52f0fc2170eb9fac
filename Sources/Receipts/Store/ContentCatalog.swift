import Synchronization
import SystemPackage

/// A run of bytes in a file of the workspace.
struct FileSlice: Sendable {
  var path: FilePath
  /// Where the file is until it is renamed to `path`.
  var staged: FilePath?
  /// For messages.
  var name: String
  var offset: Int64
  var byteCount: Int
  var trust: Trust
  /// What an action gave, and can give again; else a source, without which there is no build.
  var isCopy: Bool
  /// An output of a stage that runs before: nobody but this program should write into it.
  var isPublished: Bool
  /// The file is an object of the store, which is removed where it is damaged.
  var isObject: Bool

  /// Why these should be the bytes of the digest.
  enum Trust: Sendable, Equatable {
    /// The file looks as it did when it was hashed; where it does not, the bytes are hashed.
    case unchanged(FileStatus)
    /// For no reason: the bytes are hashed.
    case none
    /// This process wrote them.
    case written
    /// This process wrote the file, and publishes it or has done so.
    case published(PublishedStatus)

    /// nil: only the bytes can tell.
    func holds(for file: any ReadableFile) throws(FileSystemError) -> Bool? {
      switch self {
      case .unchanged(let status): try file.status() == status
      case .none: nil
      case .written: true
      case .published(let status): status.holds(for: try file.status())
      }
    }
  }

  init(
    path: FilePath, staged: FilePath? = nil, name: String, offset: Int64, byteCount: Int, trust: Trust,
    isCopy: Bool = false, isPublished: Bool = false, isObject: Bool = false
  ) {
    self.path = path
    self.staged = staged
    self.name = name
    self.offset = offset
    self.byteCount = byteCount
    self.trust = trust
    self.isCopy = isCopy
    self.isPublished = isPublished
    self.isObject = isObject
  }
}

extension FileSlice {
  /// Opens its file, wherever that is by now.
  func open(in fileSystem: any FileSystem) throws(FileSystemError) -> any ReadableFile {
    if let staged {
      do {
        return try fileSystem.open(staged)
      } catch {
        guard error.errno == .noSuchFileOrDirectory else { throw error }
      }
    }
    return try fileSystem.open(path)
  }
}

/// Where the bytes behind a digest are, when they are not an object: logs and fragments of outputs are never copied
/// into the store.
final class ContentCatalog: Sendable {
  private let slices = Mutex<[Digest: FileSlice]>([:])

  init() {}

  func add(_ digest: Digest, _ slice: FileSlice) {
    slices.withLock { $0[digest] = slice }
  }

  func add(_ places: [(Digest, FileSlice)]) {
    slices.withLock { slices in
      for (digest, slice) in places { slices[digest] = slice }
    }
  }

  /// Adds a copy where nothing is known. Returns whether it did.
  func addCopy(_ slice: FileSlice, of digest: Digest) -> Bool {
    slices.withLock { slices in
      if slices[digest] != nil { return false }
      slices[digest] = slice
      return true
    }
  }

  /// Adds what an object of the store holds: where nothing is known, or a copy for which nobody vouches.
  func addObject(_ slice: FileSlice, of digest: Digest) {
    slices.withLock { slices in
      if let known = slices[digest], !known.isCopy || known.trust != .none { return }
      slices[digest] = slice
    }
  }

  /// Forgets all that an object of the store holds, which is gone.
  func removeObject(at path: FilePath) {
    slices.withLock { slices in slices = slices.filter { !$1.isObject || $1.path != path } }
  }

  /// Forgets copies.
  func remove(_ digests: [Digest]) {
    slices.withLock { slices in
      for digest in digests where slices[digest]?.isCopy ?? false { slices[digest] = nil }
    }
  }

  func slice(_ digest: Digest) -> FileSlice? {
    slices.withLock { $0[digest] }
  }
}
