import JSONTape

/// Cuts logs at the first unit end at or past each multiple of the chunk size. Where a log is cut depends on its bytes
/// alone, and a line added at its end changes only the last piece.
struct LogCutter {
  let build: Build

  static let block = 1 << 20

  /// A stretch of a log, before it is hashed.
  struct Span: Sendable {
    var bytes: Range<Int>
    /// Lines or elements before it; nil: they are counted while it is hashed.
    var unitsBefore: Int?
  }

  /// One piece for a log that is not larger than a chunk; else the pieces, from the cache where the log's bytes are
  /// known.
  func cut(_ log: StageInput, by rule: CutRule) throws -> LogCut {
    let size = build.options.chunkSize
    if log.byteCount <= size { return .whole(log) }
    guard let slice = build.catalog.slice(log.digest) else {
      throw DistillError(.internalFault, "no place is known for \(log.path)")
    }
    let key = try KeyManifest(
      function: "log.cut/1",
      inputs: [ActionInput(name: "log", digest: log.digest, byteCount: log.byteCount)],
      parameters: ["size": .integer(Int64(size)), "rule": rule.json], tool: build.environment.tool.digest
    ).key
    var cut: LogCut
    if let known = try build.cache.record(for: key).flatMap(LogCut.init(record:)),
      try known.frame.map({ try build.store.contains($0.digest) }) ?? true
    {
      cut = known
    } else if case .lines = rule, let made = build.lineCuts.withLock({ $0[log.digest] }) {
      cut = made
      try build.cache.save(cut.record, for: key)
    } else {
      cut = try LogFile(build: build, slice: slice, log: log).whileItStays { file in
        switch rule {
        case .lines: try LogCut(pieces: pieces(try LineCuts.spans(of: file, size: size), of: file))
        case .elements(let path): try elements(path, of: file, log, size: size)
        }
      }
      try build.cache.save(cut.record, for: key)
    }
    if case .lines(let longest) = rule {
      let longLines = LongLines(chunkSize: size, longest: longest)
      if cut.pieces.contains(where: { longLines.areIn(pieceOf: $0.byteCount) }) {
        cut.pieces = try LogFile(build: build, slice: slice, log: log).whileItStays { [pieces = cut.pieces] in
          try longLines.takeOut(of: pieces, in: $0)
        }
      }
    }
    locate(cut, in: slice)
    return cut
  }

  private func locate(_ cut: LogCut, in log: FileSlice) {
    for piece in cut.pieces {
      var part = log
      part.offset = log.offset + Int64(piece.byteOffset)
      part.byteCount = piece.byteCount
      build.catalog.add(piece.digest, part)
      guard let line = piece.longLine else { continue }
      part.offset = log.offset + Int64(line.byteOffset)
      part.byteCount = line.startCount
      build.catalog.add(line.start, part)
    }
  }

  private func elements(_ path: [ElementStep], of file: LogFile, _ log: StageInput, size: Int) throws -> LogCut {
    switch try ElementCuts(path: path, size: size).cut(file) {
    case .uncut:
      // Its parser says what is wrong with it, if it can take as much.
      if log.byteCount <= JSONParser.maximumCount { return .whole(log) }
      return try beginning(of: file, "longer than 4 GiB, and it can't be cut between its records")
    case .astray(let fault): return try beginning(of: file, fault)
    case .spans(let spans, let frame):
      let digest = try build.store.store(frame.bytes)
      return LogCut(
        pieces: try pieces(spans, of: file),
        frame: ActionInput(name: "frame", digest: digest, byteCount: frame.count))
    }
  }

  func faulty(_ log: StageInput, _ fault: String) throws -> LogCut {
    guard let slice = build.catalog.slice(log.digest) else {
      throw DistillError(.internalFault, "no place is known for \(log.path)")
    }
    let cut = try beginning(of: LogFile(build: build, slice: slice, log: log), fault)
    locate(cut, in: slice)
    return cut
  }

  private func beginning(of file: LogFile, _ fault: String) throws -> LogCut {
    LogCut(pieces: try pieces([Span(bytes: 0..<min(256, file.count), unitsBefore: 0)], of: file), fault: fault)
  }

  /// Hashes the spans on all threads.
  private func pieces(_ spans: [Span], of file: LogFile) throws -> [LogPiece] {
    let hashed = try parallelMap(spans, jobs: build.options.jobs) { _, span in
      let sha256 = SHA256()
      var lines = 0
      try file.read(span.bytes) { bytes in
        sha256.update(bytes)
        if span.unitsBefore == nil { lines += bytes.occurrences(of: 0x0A) }
      }
      return (digest: sha256.finish(), lines: lines)
    }
    var lines = 0
    return zip(spans, hashed).enumerated().map { index, pair in
      let (span, result) = pair
      defer { lines += result.lines }
      return LogPiece(
        digest: result.digest, byteCount: span.bytes.count, byteOffset: span.bytes.lowerBound,
        lineOffset: span.unitsBefore ?? lines, isFinal: index == spans.count - 1)
    }
  }
}

extension CutRule {
  fileprivate var json: JSON {
    switch self {
    case .lines: "lines"
    case .elements(let path):
      .array(path.map { [.string($0.name), $0.index.map { .integer(Int64($0)) } ?? .null] })
    }
  }
}

/// The bytes of a log up to the length that its digest is of.
struct LogFile: Sendable {
  let build: Build
  let slice: FileSlice
  let log: StageInput

  var count: Int { log.byteCount }

  /// Runs `body`, whose result holds only for the bytes that were hashed: if the file was touched since, they are
  /// hashed again.
  func whileItStays<Result>(_ body: (LogFile) throws -> Result) throws -> Result {
    let result = try body(self)
    if let status = try build.fileSystem.status(of: slice.path, followingLinks: true), slice.trust == .unchanged(status)
    {
      return result
    }
    // A log that only grew is fine. What was read before may be of another state, so it is read again between two
    // looks.
    try check()
    let again = try body(self)
    try check()
    return again
  }

  private func check() throws {
    let sha256 = SHA256()
    try read(0..<count) { sha256.update($0) }
    guard sha256.finish() == log.digest else { throw InputMoved(name: slice.name) }
  }

  /// Gives the bytes of `range` in blocks.
  func read(_ range: Range<Int>, _ body: (ByteSlice) throws -> Void) throws {
    let file = try build.fileSystem.open(slice.path)
    let buffer = ByteBuffer(capacity: min(LogCutter.block, range.count))
    var position = range.lowerBound
    while position < range.upperBound {
      buffer.removeAll()
      let wanted = min(LogCutter.block, range.upperBound - position)
      try buffer.append(count: wanted) { try file.read(into: $0, at: Int64(position)) }
      guard buffer.count == wanted else { throw InputMoved(name: slice.name) }
      try body(buffer.bytes)
      position += wanted
    }
  }
}
