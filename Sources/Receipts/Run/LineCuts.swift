import JSONTape

/// Where a log of lines is cut: at the first line end at or past each multiple of the size. Only a little is read at
/// each.
enum LineCuts {
  static func spans(of file: LogFile, size: Int) throws -> [LogCutter.Span] {
    var spans: [LogCutter.Span] = []
    var start = 0
    var boundary = size
    while boundary < file.count, let end = try lineEnd(from: boundary - 1, in: file), end < file.count {
      spans.append(LogCutter.Span(bytes: start..<end, unitsBefore: nil))
      start = end
      boundary = (end / size + 1) * size
    }
    spans.append(LogCutter.Span(bytes: start..<file.count, unitsBefore: nil))
    return spans
  }

  /// Behind the first line end at or after `place`; nil: there is none.
  private static func lineEnd(from place: Int, in file: LogFile) throws -> Int? {
    var position = place
    var found: Int?
    var length = 16 << 10
    while found == nil, position < file.count {
      let range = position..<min(position + length, file.count)
      try file.read(range) { bytes in
        guard found == nil else { return }
        found = bytes.firstIndex(of: 0x0A).map { position + $0 + 1 }
        position += bytes.count
      }
      length = LogCutter.block
    }
    return found
  }
}

/// Cuts a log of lines while it is hashed, where `LineCuts` would: the digest of a piece is made beside that of the
/// whole, by the same reading.
final class LineCutHashing: HashingCompanion {
  private let size: Int
  private let count: Int
  private let onEnd: (Digest, [LogPiece]) -> Void
  private let sha256 = SHA256()
  private var pieces: [LogPiece] = []
  /// Of the bytes and lines before the open piece.
  private var start = 0
  private var linesBefore = 0
  /// Of all that were taken.
  private var position = 0
  private var lines = 0
  private var boundary: Int

  /// - Parameters:
  ///   - count: the log's size in bytes.
  ///   - onEnd: gets the log's digest and its pieces.
  init(size: Int, count: Int, onEnd: @escaping (Digest, [LogPiece]) -> Void) {
    self.size = size
    self.count = count
    self.onEnd = onEnd
    boundary = size
  }

  func take(_ block: ByteSlice, for digest: SHA256) {
    var rest = block
    while let end = cut(in: rest) {
      add(rest[0..<end], digest)
      close(isFinal: false)
      rest = rest[end..<rest.count]
    }
    add(rest, digest)
  }

  func end(_ digest: Digest) {
    close(isFinal: true)
    onEnd(digest, pieces)
  }

  /// Behind the line end in `bytes`, the next ones, where the open piece ends; nil: it goes on.
  private func cut(in bytes: ByteSlice) -> Int? {
    let from = max(0, boundary - 1 - position)
    guard from < bytes.count, let end = bytes.firstIndex(of: 0x0A, from: from).map({ $0 + 1 }), position + end < count
    else { return nil }
    return end
  }

  private func add(_ bytes: ByteSlice, _ digest: SHA256) {
    SHA256.update(digest, bytes, and: sha256, bytes)
    lines += bytes.occurrences(of: 0x0A)
    position += bytes.count
  }

  private func close(isFinal: Bool) {
    pieces.append(
      LogPiece(
        digest: sha256.finish(), byteCount: position - start, byteOffset: start, lineOffset: linesBefore,
        isFinal: isFinal))
    (start, linesBefore) = (position, lines)
    boundary = (position / size + 1) * size
  }
}
