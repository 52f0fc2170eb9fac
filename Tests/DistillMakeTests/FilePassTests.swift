import JSONTape
import Receipts
import StagesTesting
import SystemPackage
import Testing

@testable import Audit

/// Hashing files and reading their rows on the way.
@Suite("Files that are read while they are hashed")
struct FilePassTests {
  private struct Oops: Error {}

  /// Lines of some hundred bytes; the last one may lack its end.
  private static func text(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { _ in Int.random(in: 0..<200, using: &random) == 0 ? 0x0A : UInt8(ascii: "x") }
  }

  private static func space(_ texts: [[UInt8]]) throws -> TestSpace {
    let space = try TestSpace()
    for (file, text) in texts.enumerated() { try space.write("\(file)", text) }
    return space
  }

  private static let sizes = [
    0, 1, 63, 64, 65, 1000, 64 << 10, (64 << 10) + 1, 256 << 10, (300 << 10) + 7, 1 << 20, (3 << 20) + 5,
  ]

  @Test("each file has its digest and its lines, and its segments are all of it, in order", arguments: [1, 2, 5])
  func whole(jobs: Int) throws {
    var random = SeededGenerator(seed: UInt64(jobs))
    var texts = Self.sizes.map { Self.text($0, &random) }
    texts.append(Array(repeating: UInt8(ascii: "x"), count: 700_000))
    let space = try Self.space(texts)
    let found = try FilePass<[UInt8]>.run(files: texts.count + 1, jobs: jobs) { file in
      try FileView(FilePath(space.path("\(file)")), of: LocalFileSystem()).map { ($0, .max) }
    } read: { _, segment in
      var lines: [UInt8] = []
      segment.forEach { lines += Array($0.bytes.buffer) + [0x0A] }
      return lines
    }
    for (text, found) in zip(texts, found) {
      let scan = try #require(found.scan)
      #expect(scan.digest == Digest.of(text))
      #expect(scan.byteCount == text.count)
      #expect(scan.endsWithLineEnd == (text.isEmpty || text.last == 0x0A))
      let ended = scan.endsWithLineEnd ? text : text + [0x0A]
      #expect(scan.lineCount == ended.count { $0 == 0x0A })
      #expect(Array(found.rows.joined()) == ended)
      #expect(found.rows.count == scan.segments.count)
      var lines = 0
      for (segment, rows) in zip(scan.segments, found.rows) {
        #expect(segment.firstLine == lines)
        lines += rows.count { $0 == 0x0A }
      }
    }
    #expect(found.last?.scan == nil, "a file that is not there")
  }

  @Test("no more is hashed than what is asked for")
  func limit() throws {
    var random = SeededGenerator(seed: 3)
    let text = Self.text(500_000, &random)
    let space = try Self.space([text])
    let found = try FilePass<Int>.run(files: 1, jobs: 2) { file in
      try FileView(FilePath(space.path("\(file)")), of: LocalFileSystem()).map { ($0, 123_456) }
    } read: { _, lines in
      lines.segment.byteCount
    }
    #expect(found[0].scan?.digest == Digest.of(Array(text[..<123_456])))
    #expect(found[0].scan?.size == 500_000)
    #expect(found[0].rows.reduce(0, +) == 123_456)
  }

  @Test("an error while reading ends the work of all threads", arguments: [1, 2, 5])
  func failure(jobs: Int) throws {
    var random = SeededGenerator(seed: 4)
    let space = try Self.space((0..<4).map { _ in Self.text(1 << 20, &random) })
    #expect(throws: Oops.self) {
      try FilePass<Int>.run(files: 4, jobs: jobs) { file in
        try FileView(FilePath(space.path("\(file)")), of: LocalFileSystem()).map { ($0, .max) }
      } read: { file, lines in
        if file == 2, lines.segment.offset > 0 { throw Oops() }
        return 0
      }
    }
  }
}
