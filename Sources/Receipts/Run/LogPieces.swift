import JSONTape
import SystemPackage

/// A piece of a log between two line ends.
public struct LogPiece: Sendable, Hashable {
  public var digest: Digest
  public var byteCount: Int
  public var byteOffset: Int
  /// Lines before it.
  public var lineOffset: Int
  /// The log ends with it.
  public var isFinal: Bool

  public static func whole(_ log: StageInput) -> LogPiece {
    LogPiece(digest: log.digest, byteCount: log.byteCount, byteOffset: 0, lineOffset: 0, isFinal: true)
  }
}

/// Cuts logs of lines at the first line end at or past each multiple of 16 MiB. Where a log is cut depends on its bytes
/// alone, and a line added at its end changes only the last piece.
enum LogPieces {
  static let size = 16 << 20
  private static let block = 1 << 20

  /// One piece for a log that is not larger than `size`; else the pieces, from the cache where the log's bytes are known.
  static func cut(_ log: StageInput, build: Build) throws -> [LogPiece] {
    if log.byteCount <= size {
      return [.whole(log)]
    }
    guard let slice = build.catalog.slice(log.digest) else {
      throw DistillError(.internalFault, "no place is known for \(log.path)")
    }
    let key = KeyManifest(
      function: "cut.lines/1",
      inputs: [ActionInput(name: "log", digest: log.digest, byteCount: log.byteCount)],
      parameters: ["size": .integer(Int64(size))], tool: build.environment.tool.digest
    ).key
    let pieces: [LogPiece]
    if let known = try build.cache.record(for: key).flatMap(pieces(record:)) {
      pieces = known
    } else {
      pieces = try scan(slice, log, build: build)
      try build.cache.save(record(pieces), for: key)
    }
    for piece in pieces {
      var part = slice
      part.offset = Int64(piece.byteOffset)
      part.byteCount = piece.byteCount
      build.catalog.add(piece.digest, part)
    }
    return pieces
  }

  private static func scan(_ slice: FileSlice, _ log: StageInput, build: Build) throws -> [LogPiece] {
    let file = try build.fileSystem.open(slice.path)
    let whole = SHA256()
    let part = SHA256()
    let buffer = ByteBuffer()
    var pieces: [LogPiece] = []
    var start = 0
    var lines = 0
    var linesBefore = 0
    var position = 0
    var boundary = size
    while position < log.byteCount {
      buffer.removeAll()
      let wanted = min(block, log.byteCount - position)
      try buffer.append(count: wanted) { try file.read(into: $0, at: Int64(position)) }
      let bytes = buffer.bytes
      guard bytes.count == wanted else { throw InputMoved(name: slice.name) }
      whole.update(bytes)
      var from = 0
      for index in 0..<bytes.count where bytes.buffer[index] == UInt8(ascii: "\n") {
        lines += 1
        let end = position + index + 1
        guard end >= boundary, end < log.byteCount else { continue }
        boundary = (end / size + 1) * size
        part.update(bytes[from..<index + 1])
        from = index + 1
        pieces.append(
          LogPiece(
            digest: part.finish(), byteCount: end - start, byteOffset: start, lineOffset: linesBefore, isFinal: false))
        start = end
        linesBefore = lines
      }
      part.update(bytes[from..<bytes.count])
      position += bytes.count
    }
    guard whole.finish() == log.digest else { throw InputMoved(name: slice.name) }
    pieces.append(
      LogPiece(
        digest: part.finish(), byteCount: log.byteCount - start, byteOffset: start, lineOffset: linesBefore,
        isFinal: true))
    return pieces
  }

  private static func record(_ pieces: [LogPiece]) -> JSON {
    .array(
      pieces.map {
        [
          .string($0.digest.hex), .integer(Int64($0.byteCount)), .integer(Int64($0.byteOffset)),
          .integer(Int64($0.lineOffset)),
        ]
      })
  }

  private static func pieces(record: JSON) -> [LogPiece]? {
    guard let rows = record.array else { return nil }
    var pieces: [LogPiece] = []
    for (index, row) in rows.enumerated() {
      guard let cells = row.array, cells.count == 4, let digest = cells[0].string.flatMap(Digest.init(hex:)),
        let bytes = cells[1].integer, let offset = cells[2].integer, let lines = cells[3].integer
      else { return nil }
      pieces.append(
        LogPiece(
          digest: digest, byteCount: Int(bytes), byteOffset: Int(offset), lineOffset: Int(lines),
          isFinal: index == rows.count - 1))
    }
    return pieces
  }
}
