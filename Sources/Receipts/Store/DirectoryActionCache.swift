import JSONTape
import SystemPackage

/// Records as files, `<root>/actions/ab/cdef…`:
///
///     64 hex digits: SHA-256 of what follows the line end
///     \n
///     the record as canonical JSON
///
/// so that `tail -c +66 FILE | sha256sum` checks one. Not synced, for the reason that objects are not.
public struct DirectoryActionCache: ActionCache {
  private let fileSystem: any FileSystem
  private let layout: DigestDirectory

  /// - Parameter root: the cache folder, `.distill`. Its `actions` and `tmp` are made when they are first needed.
  public init(fileSystem: any FileSystem, root: FilePath) {
    self.fileSystem = fileSystem
    layout = DigestDirectory(root: root, name: "actions")
  }

  /// Where the record is, if it is there.
  func path(of key: Digest) -> FilePath { layout.path(of: key) }

  public func record(for key: Digest) throws -> JSON? {
    let buffer = ByteBuffer()
    guard try fileSystem.appendContents(of: layout.path(of: key), to: buffer) else { return nil }
    let bytes = buffer.bytes
    guard bytes.count > Self.headerLength, bytes[Self.headerLength - 1] == UInt8(ascii: "\n"),
      let digest = Digest(hex: bytes[0..<Self.headerLength - 1].string())
    else { return nil }
    let record = bytes[Self.headerLength..<bytes.count]
    guard Digest.of(record) == digest else { return nil }
    return try? JSON.parse(Array(record.buffer))
  }

  public func save(_ record: JSON, for key: Digest) throws {
    let bytes = record.canonical
    let header = Array("\(Digest.of(bytes).hex)\n".utf8)
    let file = try StagedFile(fileSystem, in: layout.temporaryDirectory)
    try header.withUnsafeBytes { try file.write($0) }
    try bytes.withUnsafeBytes { try file.write($0) }
    try file.commit(to: layout.path(of: key), synchronizing: false)
  }

  public func remove(_ key: Digest) throws {
    try fileSystem.remove(layout.path(of: key))
  }

  /// The keys of all records, in order.
  public func keys() throws -> [Digest] { try layout.digests(fileSystem) }

  private static let headerLength = 65
}
