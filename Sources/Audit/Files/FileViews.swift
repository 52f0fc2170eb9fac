import JSONTape
import Receipts
import Synchronization

/// The files of the workspace that an audit reads. One that is mapped stays so until the audit's end: it is read
/// several times. Its pages are given back after each time, but for those of the evidence, to which most other rows
/// lead back.
final class FileViews: Sendable {
  private let fileSystem: any FileSystem
  private let layout: WorkspaceLayout
  private let kept = Mutex<[RelativePath: FileView]>([:])

  /// Each takes two of the 65,530 mappings that a process may have.
  private static let limit = 16 << 10

  init(fileSystem: any FileSystem, layout: WorkspaceLayout) {
    self.fileSystem = fileSystem
    self.layout = layout
  }

  /// Is the file itself there, and no link to one?
  func isRegular(_ path: RelativePath) throws(FileSystemError) -> Bool {
    try fileSystem.status(of: layout.path(path), followingLinks: false)?.kind == .regular
  }

  /// nil: no regular file is there.
  func view(_ path: RelativePath) throws(FileSystemError) -> FileView? {
    if let view = kept.withLock({ $0[path] }) { return view }
    guard let view = try FileView(layout.path(path), of: fileSystem) else { return nil }
    guard view.isMapped else { return view }
    return kept.withLock { kept in
      if let first = kept[path] { return first }
      if kept.count < Self.limit { kept[path] = view }
      return view
    }
  }

  /// The view of a file that holds at least `count` bytes.
  /// - Throws: the file has become shorter than it was when it was hashed.
  func view(_ path: RelativePath, holding count: Int) throws -> FileView {
    guard let view = try view(path), view.bytes.count >= count else {
      throw Self.changed(path)
    }
    return view
  }

  /// Lends a segment's lines.
  /// - Throws: the file has become shorter than it was when it was hashed.
  func reading<Result>(
    _ segment: Segment, of path: RelativePath, _ body: (SegmentLines) throws -> Result
  ) throws -> Result {
    let view = try view(path, holding: segment.offset + segment.byteCount)
    defer { if !StageRoles.isEvidence(path) { view.release(segment.range) } }
    return try body(SegmentLines(segment, of: view))
  }

  /// - Throws: a file that is mapped has become shorter than it was.
  func checkSizes() throws {
    for (path, view) in kept.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
      let size = try fileSystem.status(of: layout.path(path), followingLinks: true)?.size ?? 0
      if size < view.bytes.count { throw Self.changed(path) }
    }
  }

  static func changed(_ path: RelativePath) -> DistillError {
    DistillError(.inputOutput, "it changed while it was audited", place: path.string)
  }
}
