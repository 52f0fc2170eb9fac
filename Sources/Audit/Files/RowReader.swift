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
  let segment = ByteBuffer()
  let members = RowMembers()
  let otherMembers = [RowMembers(), RowMembers()]
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
    of segment: Segment, in path: RelativePath, _ layout: WorkspaceLayout, _ scratch: RowScratch,
    _ body: (Line) throws -> Void
  ) throws {
    let file = try open(layout.path(path))
    let buffer = scratch.segment
    buffer.removeAll()
    try buffer.append(count: segment.byteCount) { try file.read(into: $0, at: Int64(segment.offset)) }
    guard buffer.count == segment.byteCount else {
      throw DistillError(.inputOutput, "it changed while it was audited", place: path.string)
    }
    let bytes = buffer.bytes
    let base = bytes.buffer.baseAddress!
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

/// Rows of a file at known places. Where one is asked for after the other, they are read in runs.
final class RowWindow {
  private let file: any ReadableFile
  private let path: RelativePath
  private let buffer = ByteBuffer()
  private var start = 0

  private static let size = 512 << 10

  init(_ path: RelativePath, _ layout: WorkspaceLayout, of fileSystem: any FileSystem) throws {
    self.path = path
    file = try fileSystem.open(layout.path(path))
  }

  /// Valid until the next call.
  func row(at offset: Int, count: Int) throws -> ByteSlice {
    let end = start + buffer.count
    if offset < start || offset + count > end {
      let isNext = offset >= start && offset < end + Self.size / 8
      buffer.removeAll()
      start = offset
      try buffer.append(count: isNext ? max(count, Self.size) : count) { try file.read(into: $0, at: Int64(offset)) }
      guard buffer.count >= count else {
        throw DistillError(.inputOutput, "it changed while it was audited", place: path.string)
      }
    }
    return buffer.slice(offset - start..<offset - start + count)
  }
}
