import Glibc
import JSONTape

/// A compressed log of lines that is to be cut by what it holds.
public struct PackedLog: Sendable {
  public var input: StageInput
  /// Names how it is compressed, in keys.
  public var format: String
  /// Bytes of the longest line that is part of a piece.
  public var longest: Int
  var open: @Sendable (CompressedInput) throws -> any Decompressor

  public init(
    _ input: StageInput, format: String, longest: Int,
    open: @escaping @Sendable (CompressedInput) throws -> any Decompressor
  ) {
    self.input = input
    self.format = format
    self.longest = longest
    self.open = open
  }
}

/// Cuts what a compressed log holds as `LineCuts` would cut it. Nobody can begin in the middle of a compressed file, so
/// the pieces are objects of the store; neither the file nor what it holds is ever in memory as a whole.
extension LogCutter {
  func cut(_ log: PackedLog) throws -> LogCut {
    guard let slice = build.catalog.slice(log.input.digest) else {
      throw DistillError(.internalFault, "no place is known for \(log.input.path)")
    }
    let key = try KeyManifest(
      function: "log.unpack/1",
      inputs: [ActionInput(name: "log", digest: log.input.digest, byteCount: log.input.byteCount)],
      parameters: [
        "size": .integer(Int64(build.options.chunkSize)), "longest": .integer(Int64(log.longest)),
        "format": .string(log.format),
      ],
      tool: build.environment.tool.digest
    ).key
    if let known = try build.cache.record(for: key).flatMap(LogCut.init(record:)),
      try known.pieces.allSatisfy({ try $0.byteCount == 0 || build.store.contains($0.digest) }),
      try known.pieces.allSatisfy({ try $0.longLine.map { try build.store.contains($0.start) } ?? true })
    {
      return known
    }
    let cut = try LogFile(build: build, slice: slice, log: log.input).whileItStays { file in
      var position = 0
      var failure: (any Error)?
      let input = CompressedInput { buffer in
        guard failure == nil, position < file.count else { return }
        let range = position..<min(position + Self.block, file.count)
        do {
          try file.read(range) { buffer.append($0) }
          position = range.upperBound
        } catch {
          failure = error
        }
      }
      let cut = try pieces(of: try log.open(input), longest: log.longest)
      // What could not be read looks like an early end.
      if let failure { throw failure }
      return cut
    }
    try build.cache.save(cut.record, for: key)
    return cut
  }

  private func pieces(of text: any Decompressor, longest: Int) throws -> LogCut {
    var cutting = UnpackedCutting(text, store: build.store, size: build.options.chunkSize, longest: longest)
    try cutting.run()
    return cutting.cut
  }
}

/// Cuts what a compressed log holds while it is unpacked.
private struct UnpackedCutting {
  private(set) var cut = LogCut(pieces: [], isUnpacked: true)
  private let text: any Decompressor
  private let store: any ObjectStore
  private let size: Int
  private let longLines: LongLines
  /// What is in no piece yet.
  private var buffer: ByteBuffer
  private var other = ByteBuffer(capacity: LogCutter.block)
  private var isAtEnd = false
  /// Bytes and lines before the buffer.
  private var (offset, lines) = (0, 0)
  /// Of the buffer, without a line end behind the boundary.
  private var searched = 0

  init(_ text: any Decompressor, store: any ObjectStore, size: Int, longest: Int) {
    self.text = text
    self.store = store
    self.size = size
    longLines = LongLines(chunkSize: size, longest: longest)
    buffer = ByteBuffer(capacity: min(size, 16 << 20) + LogCutter.block)
  }

  mutating func run() throws {
    while !isAtEnd {
      try read(into: buffer)
      // A piece that ends where the log does is the last one.
      while let end = lineEnd, end < buffer.count || longLines.areIn(pieceOf: buffer.count) { try take(end) }
      if longLines.areIn(pieceOf: buffer.count) { try takeLongLine() }
    }
    if buffer.count > 0 || cut.pieces.isEmpty { try take(buffer.count) }
    cut.pieces[cut.pieces.count - 1].isFinal = true
  }

  private mutating func read(into buffer: ByteBuffer) throws {
    guard !isAtEnd else { return }
    let before = buffer.count
    do {
      try buffer.append(count: LogCutter.block) { try text.read(into: $0) }
      isAtEnd = buffer.count == before
    } catch let damage as CompressionDamage {
      cut.damage = damage.message
      isAtEnd = true
    }
  }

  /// Where in the buffer the last byte before the next boundary is.
  private var boundary: Int { (offset / size + 1) * size - offset - 1 }

  /// Behind the first line end at or after the last byte before the boundary; nil: there is none.
  private var lineEnd: Int? {
    mutating get {
      let start = max(boundary, searched)
      guard start < buffer.count else { return nil }
      let end = buffer.bytes.firstIndex(of: 0x0A, from: start).map { $0 + 1 }
      searched = end.map { $0 - 1 } ?? buffer.count
      return end
    }
  }

  private mutating func take(_ count: Int) throws {
    if longLines.areIn(pieceOf: count) { return try takeLongLine() }
    let bytes = buffer.slice(0..<count)
    try add(bytes)
    offset += count
    lines += bytes.occurrences(of: 0x0A)
    keep(buffer.slice(count..<buffer.count))
  }

  /// Takes the line that crosses the boundary, and the ones before it, while the rest of it is unpacked.
  private mutating func takeLongLine() throws {
    let start = LongLines.start(in: buffer.slice(0..<boundary), isFirst: offset == 0)
    try add(buffer.slice(0..<start))
    lines += buffer.slice(0..<start).occurrences(of: 0x0A)
    var line = LongLineHashing(byteOffset: offset + start)
    offset += start
    let window = ByteBuffer(capacity: 0)
    var block = buffer.slice(start..<buffer.count)
    var end = block.firstIndex(of: 0x0A)
    while end == nil, block.count > 0 {
      line.take(block)
      offset += block.count
      window.removeAll()
      try read(into: window)
      block = window.bytes
      end = block.firstIndex(of: 0x0A)
    }
    if let end {
      line.take(block[0..<end])
      offset += end + 1
      lines += 1
      keep(block[end + 1..<block.count])
    } else {
      keep(.empty)
    }
    let (found, first) = line.end(isTerminated: end != nil)
    _ = try store.store(first)
    cut.pieces[cut.pieces.count - 1].longLine = found
  }

  private mutating func add(_ bytes: ByteSlice) throws {
    cut.pieces.append(
      LogPiece(
        digest: try store.store(bytes), byteCount: bytes.count, byteOffset: offset, lineOffset: lines, isFinal: false))
  }

  private mutating func keep(_ rest: ByteSlice) {
    other.removeAll()
    other.append(rest)
    (buffer, other) = (other, buffer)
    searched = 0
  }
}
