import Receipts
import SystemPackage

/// A run of whole lines of a file: the unit of work of row checks.
struct Segment: Sendable, Hashable {
  var offset: Int
  var byteCount: Int
  /// Lines before it.
  var firstLine: Int

  var range: Range<Int> { offset..<offset + byteCount }
}

/// What one pass over a file's bytes tells.
struct FileScan: Sendable {
  var digest: Digest
  /// Bytes that were hashed.
  var byteCount: Int
  /// Of the whole file, which may be longer than what was to be hashed.
  var size: Int
  /// A last line without an end counts.
  var lineCount: Int
  var endsWithLineEnd: Bool
  var segments: [Segment]

  /// - Parameter limit: hash no more than that many bytes.
  /// - Returns: nil: no regular file is there.
  static func scan(
    _ path: FilePath, of fileSystem: any FileSystem, limit: Int = .max
  ) throws(FileSystemError) -> FileScan? {
    try FileView(path, of: fileSystem).map { scan($0, limit: limit) }
  }

  static func scan(_ view: FileView, limit: Int = .max) -> FileScan {
    let scanner = FileScanner()
    scanner.begin(view, limit: limit)
    while !scanner.isAtEnd {
      let start = scanner.position
      scanner.step()
      view.release(start..<scanner.position)
      // Nobody reads them here, and their line ends would add up.
      _ = scanner.takeSegments()
    }
    return scanner.finish()
  }
}
