import Glibc
import JSONTape
import Receipts
import SystemPackage

/// The memory of one thread that reads rows: a parser for each row in use at a time, and buffers.
final class RowScratch {
  let parser = JSONParser()
  /// For the rows that the first one is compared with.
  let others = [JSONParser(), JSONParser()]
  let sha256 = SHA256()
  let text = ByteBuffer()
  let folded = ByteBuffer()
  let members = RowMembers()
  let otherMembers = [RowMembers(), RowMembers()]
  /// The evidence that rows lead back to.
  let evidence: EvidenceRowReader

  init(evidence: EvidenceRowReader) { self.evidence = evidence }
}

/// The values of a record's members by their place, once its schema has said which stands where.
final class RowMembers {
  private var values: [JSONValue] = []

  func read(_ row: JSONValue) {
    values.removeAll(keepingCapacity: true)
    for (_, value) in row.members { values.append(value) }
  }

  subscript(place: Int) -> JSONValue { values[place] }
}

/// A line of a file.
struct Line {
  /// Without its end; `JSONParser.padding` readable bytes follow.
  var bytes: ByteSlice
  var offset: Int
  /// 1-based.
  var number: Int
}

extension FileSystem {
  /// Calls `body` for each line of a segment.
  /// - Throws: the file has become shorter than it was when it was hashed.
  func lines(
    of segment: Segment, in path: RelativePath, _ layout: WorkspaceLayout, _ body: (Line) throws -> Void
  ) throws {
    guard let view = try FileView(layout.path(path), of: self), view.bytes.count >= segment.offset + segment.byteCount
    else { throw DistillError(.inputOutput, "it changed while it was audited", place: path.string) }
    defer { withExtendedLifetime(view) {} }
    let bytes = view.bytes[segment.offset..<segment.offset + segment.byteCount]
    guard let base = bytes.buffer.baseAddress else { return }
    var start = 0
    var number = segment.firstLine
    while start < bytes.count {
      let end = memchr(base + start, 0x0A, bytes.count - start).map { UnsafeRawPointer(base).distance(to: $0) }
      number += 1
      try body(Line(bytes: bytes[start..<(end ?? bytes.count)], offset: segment.offset + start, number: number))
      start = (end ?? bytes.count) + 1
    }
  }
}
