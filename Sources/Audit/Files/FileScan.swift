import Glibc
import JSONTape
import Receipts
import SystemPackage

/// A run of whole lines of a file: the unit of work of row checks.
struct Segment: Sendable, Hashable {
  var offset: Int
  var byteCount: Int
  /// Lines before it.
  var firstLine: Int
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

  /// Bytes after which a segment ends, at the next line end.
  static let segmentSize = 1 << 20

  /// Bytes whose pages are asked for at once; a multiple of what is hashed at once.
  private static let populatedSize = 2 << 20

  /// - Parameter limit: hash no more than that many bytes.
  /// - Returns: nil: no regular file is there.
  static func scan(
    _ path: FilePath, of fileSystem: any FileSystem, limit: Int = .max
  ) throws(FileSystemError) -> FileScan? {
    try FileView(path, of: fileSystem).map { scan($0, limit: limit) }
  }

  /// - Parameters:
  ///   - limit: hash no more than that many bytes.
  ///   - keepsPages: they are soon read again.
  static func scan(_ view: FileView, limit: Int = .max, keepsPages: Bool = false) -> FileScan {
    defer { withExtendedLifetime(view) {} }
    let size = view.bytes.count
    let bytes = view.bytes[0..<min(size, limit)]
    var scan = FileScan(
      digest: .of([]), byteCount: bytes.count, size: size, lineCount: 0, endsWithLineEnd: true, segments: [])
    let sha256 = SHA256()
    var start = 0
    var linesBefore = 0
    var end = 0
    var partStart = 0
    while partStart < bytes.count {
      if partStart % Self.populatedSize == 0 {
        view.populate(partStart..<min(partStart + Self.populatedSize, bytes.count))
      }
      // Small enough to stay in a core's cache between hashing and counting.
      let part = bytes[partStart..<min(partStart + (64 << 10), bytes.count)]
      sha256.update(part)
      let base = part.buffer.baseAddress!
      var position = 0
      while position < part.count, let found = memchr(base + position, 0x0A, part.count - position) {
        position = UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found)) + 1
        scan.lineCount += 1
        end = partStart + position
        if end - start >= segmentSize {
          scan.segments.append(Segment(offset: start, byteCount: end - start, firstLine: linesBefore))
          start = end
          linesBefore = scan.lineCount
        }
      }
      partStart += part.count
      if !keepsPages, partStart % Self.populatedSize == 0 || partStart == bytes.count {
        view.release((partStart - 1) / Self.populatedSize * Self.populatedSize..<partStart)
      }
    }
    scan.endsWithLineEnd = end == bytes.count
    if !scan.endsWithLineEnd { scan.lineCount += 1 }
    if scan.byteCount > start {
      scan.segments.append(Segment(offset: start, byteCount: scan.byteCount - start, firstLine: linesBefore))
    }
    scan.digest = sha256.finish()
    return scan
  }
}
