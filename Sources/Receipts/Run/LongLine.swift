import JSONTape

/// A line that is longer than any that is mapped. Nobody has all of it in memory: it is hashed as it passes.
public struct LongLine: Sendable, Hashable {
  /// The digest and number of its first bytes, which an action gets in its place.
  public var start: Digest
  public var startCount: Int
  /// Of the line without its line end, which a CR before LF belongs to.
  public var digest: Digest
  public var byteCount: Int
  /// Place of its first byte in the log.
  public var byteOffset: Int
  /// Did a line end follow?
  public var isTerminated: Bool
}

/// Which lines of a log are long. A piece begins less than a chunk before the boundary that it ends behind, so all that
/// it has more than a chunk is of its last line.
struct LongLines {
  let chunkSize: Int
  /// Bytes of the longest line that is mapped.
  let longest: Int

  /// Room for the line end and a byte order mark.
  private static let slack = 8

  /// Does a piece of so many bytes end with a line that is too long?
  func areIn(pieceOf byteCount: Int) -> Bool { byteCount > chunkSize + longest + Self.slack }

  /// Takes the lines out of the pieces of an uncompressed log.
  func takeOut(of pieces: [LogPiece], in file: LogFile) throws -> [LogPiece] {
    try pieces.map { areIn(pieceOf: $0.byteCount) ? try takeOut(of: $0, in: file) : $0 }
  }

  private func takeOut(of piece: LogPiece, in file: LogFile) throws -> LogPiece {
    let end = piece.byteOffset + piece.byteCount
    let before = ByteBuffer(capacity: chunkSize)
    try file.read(piece.byteOffset..<(piece.byteOffset / chunkSize + 1) * chunkSize - 1) { before.append($0) }
    before.truncate(to: Self.start(in: before.bytes, isFirst: piece.byteOffset == 0))
    var line = LongLineHashing(byteOffset: piece.byteOffset + before.count)
    var isTerminated = false
    try file.read(line.byteOffset..<end) { block in
      isTerminated = block.buffer.last == 0x0A
      line.take(isTerminated ? block[0..<block.count - 1] : block)
    }
    var rest = piece
    rest.byteCount = before.count
    rest.digest = Digest.of(before.bytes)
    rest.longLine = line.end(isTerminated: isTerminated).line
    return rest
  }

  /// Where in the bytes before a boundary the line begins that crosses it.
  /// - Parameter isFirst: the log begins with them.
  static func start(in bytes: ByteSlice, isFirst: Bool) -> Int {
    bytes.lastIndex(of: 0x0A).map { $0 + 1 } ?? (isFirst ? bytes.byteOrderMark : 0)
  }
}

/// Hashes a long line block by block.
struct LongLineHashing {
  let byteOffset: Int
  /// What is shown of it is less.
  private static let startCount = 256

  private let sha256 = SHA256()
  private let first = ByteBuffer(capacity: startCount)
  private var count = 0
  /// The last byte was a CR, which is not of the line if its end follows.
  private var holdsReturn = false

  init(byteOffset: Int) { self.byteOffset = byteOffset }

  /// - Parameter block: the next bytes, without a line end.
  mutating func take(_ block: ByteSlice) {
    guard block.count > 0 else { return }
    if holdsReturn { addReturn() }
    holdsReturn = block[block.count - 1] == 0x0D
    add(holdsReturn ? block[0..<block.count - 1] : block)
  }

  /// - Returns: the line, and its first bytes.
  mutating func end(isTerminated: Bool) -> (line: LongLine, start: ByteSlice) {
    if holdsReturn, !isTerminated { addReturn() }
    let line = LongLine(
      start: Digest.of(first.bytes), startCount: first.count, digest: sha256.finish(), byteCount: count,
      byteOffset: byteOffset, isTerminated: isTerminated)
    return (line, first.bytes)
  }

  private mutating func addReturn() { withUnsafeBytes(of: UInt8(0x0D)) { add(ByteSlice($0)) } }

  private mutating func add(_ bytes: ByteSlice) {
    sha256.update(bytes)
    first.append(bytes[0..<min(bytes.count, Self.startCount - first.count)])
    count += bytes.count
  }
}
