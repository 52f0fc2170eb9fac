import JSONTape
import Receipts

/// Hashes a file part by part and finds its lines. Each part is small enough to be in a core's cache still when it is
/// looked through, and a segment to be in the processor's when its rows are read.
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
  /// Of its lines.
  private var ends: [Int] = []
  private var finished: [SegmentLines] = []

  /// Bytes after which a segment ends, at the next line end.
  private static let segmentSize = 768 << 10
  private static let partSize = 64 << 10

  /// - Parameter limit: hash no more than that many bytes.
  func begin(_ view: FileView, limit: Int) {
    self.view = view
    bytes = view.bytes[0..<min(view.bytes.count, limit)]
    scan.byteCount = bytes.count
    scan.size = view.bytes.count
    scan.lineCount = 0
    scan.segments = []
    (position, start, linesBefore, end) = (0, 0, 0, 0)
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

  /// Segments that have been hashed, and not been taken already.
  func takeSegments() -> [SegmentLines] {
    if finished.isEmpty { return [] }
    defer { finished = [] }
    return finished
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
      ends.append(position + found)
      place = found + 1
      scan.lineCount += 1
      end = position + place
      if end - start >= Self.segmentSize { endSegment(at: end) }
    }
    position += part.count
    if isAtEnd, start < position { endSegment(at: position) }
  }

  private func endSegment(at end: Int) {
    let segment = Segment(offset: start, byteCount: end - start, firstLine: linesBefore)
    scan.segments.append(segment)
    if let view { finished.append(SegmentLines(segment, of: view, ends: ends)) }
    ends = []
    start = end
    linesBefore = scan.lineCount
  }
}
