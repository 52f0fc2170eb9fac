import Glibc
import JSONTape
import Receipts
import SystemPackage

/// All bytes of a file, followed by the parser's padding: mapped where the file system can, else read.
final class FileView: @unchecked Sendable {
  // The bytes are only ever read.
  let bytes: ByteSlice
  private let mapping: FileMapping?
  private let buffer: ByteBuffer?

  /// Below that a copy costs less than a mapping, of which a process has a limited number.
  private static let threshold = 256 << 10

  /// nil: no regular file is there.
  init?(_ path: FilePath, of fileSystem: any FileSystem) throws(FileSystemError) {
    guard let status = try fileSystem.status(of: path, followingLinks: true), status.kind == .regular else {
      return nil
    }
    if status.size >= Self.threshold, let mapping = try (fileSystem as? any MappingFileSystem)?.map(path) {
      self.mapping = mapping
      buffer = nil
      bytes = mapping.bytes
      return
    }
    let buffer = ByteBuffer(capacity: Int(status.size) + 1)
    guard try fileSystem.appendContents(of: path, to: buffer) else { return nil }
    self.buffer = buffer
    mapping = nil
    bytes = buffer.bytes
  }

  var isMapped: Bool { mapping != nil }

  /// Gives pages back that were read, when enough of them have come together: other threads stop for a moment each
  /// time. Whoever reads them again finds the file's bytes there.
  /// - Parameter range: what has been read now. What is before it has been, too, or else is only slower.
  func release(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "bytes that the file has not")
    let (first, last) = (range.lowerBound / Self.releasedSize, range.upperBound / Self.releasedSize)
    // Its neighbour is still being read, maybe.
    let start = max(0, first - 1) * Self.releasedSize
    let end = range.upperBound == bytes.count ? range.upperBound : max(0, last - 1) * Self.releasedSize
    guard isMapped, start < end, let base = bytes.buffer.baseAddress else { return }
    madvise(UnsafeMutableRawPointer(mutating: base) + start, end - start, Int32(MADV_DONTNEED))
  }

  /// Bytes; a multiple of a page's.
  private static let releasedSize = 4 << 20
}
