import Glibc
import JSONTape
import Receipts

/// Hashes a file part by part and finds its lines. Each part is small enough to be in a core's cache still when it is looked
/// through, and so is a segment, of two files at a time, when its rows are read.
final class FileScanner {
  private let sha256 = SHA256()
  private(set) var view: FileView?
  private var bytes = ByteSlice.empty
  private var scan = FileScan(
    digest: .of([]), byteCount: 0, size: 0, lineCount: 0, endsWithLineEnd: true, segments: [])
  /// Bytes that are hashed.
  private(set) var position = 0
  /// Of the segment that is not at its end.
  private var start = 0
  private var linesBefore = 0
  /// Behind the last line end.
  private var end = 0
  private var segmentsTaken = 0

  /// Bytes after which a segment ends, at the next line end.
  private static let segmentSize = 256 << 10
  private static let partSize = 64 << 10

  /// - Parameter limit: hash no more than that many bytes.
  func begin(_ view: FileView, limit: Int) {
    self.view = view
    bytes = view.bytes[0..<min(view.bytes.count, limit)]
    scan.byteCount = bytes.count
    scan.size = view.bytes.count
    scan.lineCount = 0
    scan.segments = []
    (position, start, linesBefore, end, segmentsTaken) = (0, 0, 0, 0, 0)
  }

  var isAtEnd: Bool { position == bytes.count }

  /// What is hashed next.
  private var part: ByteSlice { bytes[position..<min(position + Self.partSize, bytes.count)] }

  /// Hashes the next part.
  func step() {
    let part = part
    sha256.update(part)
    advance(over: part)
  }

  /// Hashes the next part of two files at once.
  static func step(_ one: FileScanner, _ other: FileScanner) {
    let (part, otherPart) = (one.part, other.part)
    SHA256.update(one.sha256, part, and: other.sha256, otherPart)
    one.advance(over: part)
    other.advance(over: otherPart)
  }

  /// A segment that has been hashed; nil: none that has not been taken already.
  func takeSegment() -> Segment? {
    guard segmentsTaken < scan.segments.count else { return nil }
    segmentsTaken += 1
    return scan.segments[segmentsTaken - 1]
  }

  /// Of a file that is at its end.
  func finish() -> FileScan {
    scan.endsWithLineEnd = end == bytes.count
    if !scan.endsWithLineEnd { scan.lineCount += 1 }
    scan.digest = sha256.finish()
    view = nil
    return scan
  }

  private func advance(over part: ByteSlice) {
    var place = 0
    while let found = part.firstIndex(of: UInt8(ascii: "\n"), from: place) {
      place = found + 1
      scan.lineCount += 1
      end = position + place
      if end - start >= Self.segmentSize { endSegment(at: end) }
    }
    position += part.count
    if isAtEnd, start < position { endSegment(at: position) }
  }

  private func endSegment(at end: Int) {
    scan.segments.append(Segment(offset: start, byteCount: end - start, firstLine: linesBefore))
    start = end
    linesBefore = scan.lineCount
  }
}
