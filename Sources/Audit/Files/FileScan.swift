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
  static let segmentSize = 2 << 20

  /// - Parameter limit: hash no more than that many bytes.
  /// - Returns: nil: no regular file is there.
  static func scan(
    _ path: FilePath, of fileSystem: any FileSystem, limit: Int = .max
  ) throws(FileSystemError) -> FileScan? {
    guard try fileSystem.status(of: path, followingLinks: true)?.kind == .regular else { return nil }
    let file = try fileSystem.open(path)
    let size = Int(try file.status().size)
    let wanted = min(size, limit)
    // Small enough to stay in a core's cache between reading, hashing and counting.
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: min(max(wanted, 1), 256 << 10), alignment: 64)
    defer { room.deallocate() }
    let sha256 = SHA256()
    var scan = FileScan(
      digest: .of([]), byteCount: 0, size: size, lineCount: 0, endsWithLineEnd: true, segments: [])
    var start = 0
    var linesBefore = 0
    while scan.byteCount < wanted {
      let part = UnsafeMutableRawBufferPointer(rebasing: room[..<min(room.count, wanted - scan.byteCount)])
      let count = try file.read(into: part, at: Int64(scan.byteCount))
      // The file has become shorter: it is hashed as far as it goes.
      if count == 0 { break }
      let bytes = UnsafeRawBufferPointer(rebasing: part[..<count])
      sha256.update(bytes)
      var position = 0
      while let found = memchr(bytes.baseAddress! + position, 0x0A, count - position) {
        position = bytes.baseAddress!.distance(to: UnsafeRawPointer(found)) + 1
        scan.lineCount += 1
        let end = scan.byteCount + position
        if end - start >= segmentSize {
          scan.segments.append(Segment(offset: start, byteCount: end - start, firstLine: linesBefore))
          start = end
          linesBefore = scan.lineCount
        }
        if position == count { break }
      }
      scan.endsWithLineEnd = position == count
      scan.byteCount += count
    }
    if !scan.endsWithLineEnd { scan.lineCount += 1 }
    if scan.byteCount > start {
      scan.segments.append(Segment(offset: start, byteCount: scan.byteCount - start, firstLine: linesBefore))
    }
    scan.digest = sha256.finish()
    return scan
  }
}
