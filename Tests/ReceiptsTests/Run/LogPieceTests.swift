import JSONTape
import ReceiptsTesting
import Synchronization
import SystemPackage
import Testing

@testable import Receipts

@Suite("Pieces of logs")
struct LogPieceTests {
  private static let size = 16 << 20

  /// Cuts its one log, while it is hashed or later, and tells how.
  private final class Cutter: Stage {
    let name: StageName = "cut"
    let upstream: [StageName] = []
    let function = "cut/1"
    let parameters: JSON = [:]
    let pieces = Mutex<[LogPiece]>([])
    private let isCutEarly: Bool

    init(isCutEarly: Bool) { self.isCutEarly = isCutEarly }

    func isCutByLines(_ path: RelativePath) -> Bool { isCutEarly }

    func sourceFiles() throws -> [RelativePath] { [RelativePath(unchecked: "log.jsonl")] }

    func build(_ run: borrowing StageRun) throws -> StageOutcome {
      let cut = try run.cut([(log: run.inputs[0], rule: .lines(longest: 64 << 20))])[0]
      pieces.withLock { $0 = cut.pieces }
      return StageOutcome(outputs: [], recordCounts: [:], summary: [:], checks: [])
    }
  }

  private func cut(
    _ log: [UInt8], in space: EngineSpace = EngineSpace(), isCutEarly: Bool = false
  ) throws -> [LogPiece] {
    space.fileSystem.write(log, to: space.path("log.jsonl"))
    let stage = Cutter(isCutEarly: isCutEarly)
    let reports = try space.build(["cut"], stages: [stage])
    #expect(reports.areGood)
    return stage.pieces.withLock { $0 }
  }

  /// The rule, said another way: line by line.
  private func expected(_ log: [UInt8]) -> [(range: Range<Int>, lines: Int)] {
    var pieces: [(Range<Int>, Int)] = []
    var start = 0
    var lines = 0
    var linesBefore = 0
    var multiple = Self.size
    var position = 0
    while position < log.count {
      guard let newline = log[position...].firstIndex(of: UInt8(ascii: "\n")) else { break }
      let end = newline + 1
      lines += 1
      if end >= multiple && end < log.count && log.count > Self.size {
        pieces.append((start..<end, linesBefore))
        start = end
        linesBefore = lines
        while multiple <= end { multiple += Self.size }
      }
      position = end
    }
    pieces.append((start..<log.count, linesBefore))
    return pieces
  }

  private func expectCut(_ log: [UInt8], _ count: Int) throws {
    for isCutEarly in [false, true] { try expectCut(try cut(log, isCutEarly: isCutEarly), of: log, count) }
  }

  private func expectCut(_ pieces: [LogPiece], of log: [UInt8], _ count: Int) throws {
    let wanted = expected(log)
    #expect(pieces.count == count && wanted.count == count)
    guard pieces.count == wanted.count else { return }
    for (index, (piece, want)) in zip(pieces, wanted).enumerated() {
      #expect(piece.byteOffset == want.range.lowerBound && piece.byteCount == want.range.count)
      #expect(piece.lineOffset == want.lines && piece.isFinal == (index == count - 1))
      #expect(piece.digest == Digest.of(Array(log[want.range])))
    }
    #expect(pieces.reduce(0) { $0 + $1.byteCount } == log.count)
  }

  /// `count` bytes in lines of `length` bytes, the last one without its end if it does not fit.
  private func lines(_ count: Int, of length: Int) -> [UInt8] {
    var log = [UInt8](repeating: UInt8(ascii: "x"), count: count)
    for end in stride(from: length - 1, to: count, by: length) { log[end] = UInt8(ascii: "\n") }
    return log
  }

  @Test("a log is cut at the first line end at or past each multiple of 16 MiB")
  func rule() throws {
    // Lines end at the multiple itself, just before it, and well behind it.
    try expectCut(lines(Self.size * 2 + 1000, of: 1024), 3)
    try expectCut(lines(Self.size + 5000, of: 999), 2)
  }

  @Test("a log of 16 MiB or less is one piece, as is one that ends with its first line end past that")
  func whole() throws {
    try expectCut(lines(Self.size, of: 1024), 1)
    try expectCut([], 1)
    try expectCut(lines(Self.size + 512, of: Self.size + 512), 1)
    try expectCut(lines(Self.size + 512, of: Self.size * 2), 1)
  }

  @Test("a line longer than several multiples is cut once behind it")
  func longLine() throws {
    var log = lines(Self.size * 2 + 100, of: Self.size * 2 + 100)
    log += Array("a\nb\n".utf8)
    try expectCut(log, 2)
  }

  @Test("a log is cut alike whatever blocks it is hashed in", arguments: [1, 7, 16, 100])
  func blocks(blockSize: Int) {
    for size in [1, 2, 8, 50] {
      let log = (0..<400).map { UInt8(ascii: ($0 * $0 + 3 * $0) % 11 < 3 ? "\n" : "x") }
      var found: [LogPiece] = []
      var whole: Digest?
      let hashing = LineCutHashing(size: size, count: log.count) { (whole, found) = ($0, $1) }
      let sha256 = SHA256()
      log.withUnsafeBytes { bytes in
        for start in stride(from: 0, to: log.count, by: blockSize) {
          hashing.take(ByteSlice(.init(rebasing: bytes[start..<min(start + blockSize, log.count)])), for: sha256)
        }
      }
      hashing.end(sha256.finish())
      #expect(whole == Digest.of(log) && found.last?.isFinal == true)
      #expect(found.reduce(0) { $0 + $1.byteCount } == log.count)
      for (number, piece) in found.enumerated() {
        let range = piece.byteOffset..<piece.byteOffset + piece.byteCount
        #expect(piece.digest == Digest.of(Array(log[range])))
        #expect(piece.lineOffset == log[..<range.lowerBound].count { $0 == UInt8(ascii: "\n") })
        guard !piece.isFinal else { continue }
        // The first line end at or past the multiple behind the piece's start.
        let boundary = (range.lowerBound / size + 1) * size
        let end = log[(boundary - 1)...].firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 }
        #expect(range.upperBound == end && number < found.count - 1)
      }
    }
  }

  @Test("a line added at the end changes the last piece alone", arguments: [false, true])
  func appended(isCutEarly: Bool) throws {
    let space = EngineSpace()
    let log = lines(Self.size + 3000, of: 1000)
    let before = try cut(log, in: space, isCutEarly: isCutEarly)
    let after = try cut(log + Array("added\n".utf8), in: space, isCutEarly: isCutEarly)
    #expect(before.count == 2 && after.count == 2)
    #expect(after[0] == before[0] && after[1].digest != before[1].digest)
    #expect(after[1].byteOffset == before[1].byteOffset && after[1].lineOffset == before[1].lineOffset)
    // Known bytes are cut from the cache, and the same.
    #expect(try cut(log, in: space) == before)
  }
}
