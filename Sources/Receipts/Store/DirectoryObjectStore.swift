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

  public func store(_ bytes: ByteSlice) throws -> Digest {
    let digest = Digest.of(bytes)
    let target = path(of: digest)
    if try isSound(target, bytes) { return digest }
    let file = try StagedFile(fileSystem, in: layout.temporaryDirectory)
    try file.write(bytes.raw)
    try file.commit(to: target, synchronizing: false)
    return digest
  }

  /// Whether these bytes are there. Looked at whole: whoever stores an object that is there has made it again, and may have done so
  /// because it is damaged.
  private func isSound(_ path: FilePath, _ bytes: ByteSlice) throws(FileSystemError) -> Bool {
    let status = try fileSystem.status(of: path, followingLinks: false)
    guard status?.kind == .regular, status?.size == Int64(bytes.count) else { return false }
    let file = try fileSystem.open(path)
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: min(bytes.count, 256 << 10) + 1, alignment: 64)
    defer { room.deallocate() }
    var offset = 0
    while offset < bytes.count {
      let count = try file.read(into: room, at: Int64(offset))
      guard count > 0, offset + count <= bytes.count,
        bytes[offset..<offset + count] == ByteSlice(UnsafeRawBufferPointer(rebasing: room[..<count]))
      else { return false }
      offset += count
    }
    return true
  }

  public func remove(_ digest: Digest) throws {
    try fileSystem.remove(path(of: digest))
  }

  /// All objects, ordered by digest.
  public func digests() throws -> [Digest] { try layout.digests(fileSystem) }
}
