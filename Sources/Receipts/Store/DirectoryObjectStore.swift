import JSONTape
import SystemPackage

/// Objects as files: `<root>/objects/ab/cdef…` holds the bytes as they are, so that `sha256sum` checks an object.
///
/// Not synced to the disk: a sync for each object costs more than making again what a power cut takes, and `read`
/// checks.
public struct DirectoryObjectStore: ObjectStore {
  private let fileSystem: any FileSystem
  private let layout: DigestDirectory

  /// - Parameter root: the cache folder, `.distill`. Its `objects` and `tmp` are made when they are first needed.
  public init(fileSystem: any FileSystem, root: FilePath) {
    self.fileSystem = fileSystem
    layout = DigestDirectory(root: root, name: "objects")
  }

  /// Where the object is, if it is there.
  public func path(of digest: Digest) -> FilePath { layout.path(of: digest) }

  public func contains(_ digest: Digest) throws -> Bool {
    try fileSystem.status(of: path(of: digest), followingLinks: false)?.kind == .regular
  }

  public func read(_ digest: Digest, into buffer: ByteBuffer) throws -> Bool {
    let start = buffer.count
    guard try fileSystem.appendContents(of: path(of: digest), to: buffer) else { return false }
    if Digest.of(buffer.slice(start..<buffer.count)) == digest { return true }
    buffer.truncate(to: start)
    try remove(digest)
    return false
  }

  public func store(_ parts: [ByteSlice], as digest: Digest) throws {
    let target = path(of: digest)
    if try isSound(target, parts) { return }
    let file = try StagedFile(fileSystem, in: layout.temporaryDirectory)
    for part in parts { try file.write(part.raw) }
    try file.commit(to: target, synchronizing: false)
  }

  /// Whether these bytes are there. Looked at whole: whoever stores an object that is there has made it again, and may
  /// have done so because it is damaged.
  private func isSound(_ path: FilePath, _ parts: [ByteSlice]) throws(FileSystemError) -> Bool {
    let status = try fileSystem.status(of: path, followingLinks: false)
    let byteCount = parts.reduce(0) { $0 + $1.count }
    guard status?.kind == .regular, status?.size == Int64(byteCount) else { return false }
    let file = try fileSystem.open(path)
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: min(byteCount, 256 << 10) + 1, alignment: 64)
    defer { room.deallocate() }
    var position: Int64 = 0
    for part in parts {
      var offset = 0
      while offset < part.count {
        let block = UnsafeMutableRawBufferPointer(rebasing: room[..<min(room.count, part.count - offset)])
        let count = try file.read(into: block, at: position)
        guard count > 0,
          part[offset..<offset + count] == ByteSlice(UnsafeRawBufferPointer(rebasing: block[..<count]))
        else { return false }
        offset += count
        position += Int64(count)
      }
    }
    // It has not grown meanwhile.
    return try file.status().size == Int64(byteCount)
  }

  public func remove(_ digest: Digest) throws {
    try fileSystem.remove(path(of: digest))
  }

  /// All objects, ordered by digest.
  public func digests() throws -> [Digest] { try layout.digests(fileSystem) }
}
