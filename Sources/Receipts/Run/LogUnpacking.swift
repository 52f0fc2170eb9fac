import Glibc
import JSONTape

/// A compressed log of lines that is to be cut by what it holds.
public struct PackedLog: Sendable {
  public var input: StageInput
  /// Names how it is compressed, in keys.
  public var format: String
  var open: @Sendable (CompressedInput) throws -> any Decompressor

  public init(
    _ input: StageInput, format: String, open: @escaping @Sendable (CompressedInput) throws -> any Decompressor
  ) {
    self.input = input
    self.format = format
    self.open = open
  }
}

/// Cuts what a compressed log holds as `LineCuts` would cut it. Nobody can begin in the middle of a compressed file, so the pieces
/// are objects of the store; neither the file nor what it holds is ever in memory as a whole.
extension LogCutter {
  func cut(_ log: PackedLog) throws -> LogCut {
    guard let slice = build.catalog.slice(log.input.digest) else {
      throw DistillError(.internalFault, "no place is known for \(log.input.path)")
    }
    let key = try KeyManifest(
      function: "log.unpack/1",
      inputs: [ActionInput(name: "log", digest: log.input.digest, byteCount: log.input.byteCount)],
      parameters: ["size": .integer(Int64(build.options.chunkSize)), "format": .string(log.format)],
      tool: build.environment.tool.digest
    ).key
    if let known = try build.cache.record(for: key).flatMap(LogCut.init(record:)),
      try known.pieces.allSatisfy({ try $0.byteCount == 0 || build.store.contains($0.digest) })
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
      let cut = try pieces(of: try log.open(input))
      // What could not be read looks like an early end.
      if let failure { throw failure }
      return cut
    }
    try build.cache.save(cut.record, for: key)
    return cut
  }

  private func pieces(of text: any Decompressor) throws -> LogCut {
    let size = build.options.chunkSize
    var cut = LogCut(pieces: [], isUnpacked: true)
    var (buffer, other) = (ByteBuffer(capacity: min(size, 16 << 20) + Self.block), ByteBuffer(capacity: Self.block))
    var (offset, lines, searched) = (0, 0, 0)
    func take(_ count: Int) throws {
      let bytes = buffer.slice(0..<count)
      cut.pieces.append(
        LogPiece(
          digest: try build.store.store(bytes), byteCount: count, byteOffset: offset, lineOffset: lines,
          isFinal: false))
      offset += count
      lines += bytes.occurrences(of: 0x0A)
      other.removeAll()
      other.append(buffer.slice(count..<buffer.count))
      (buffer, other) = (other, buffer)
      searched = 0
    }
    var isAtEnd = false
    while !isAtEnd {
      let before = buffer.count
      do {
        try buffer.append(count: Self.block) { try text.read(into: $0) }
        isAtEnd = buffer.count == before
      } catch let damage as CompressionDamage {
        cut.damage = damage.message
        isAtEnd = true
      }
      // A piece that ends where the log does is the last one.
      while let end = lineEnd(in: buffer, from: max((offset / size + 1) * size - offset - 1, searched)),
        end < buffer.count
      {
        try take(end)
      }
      searched = max(buffer.count - 1, 0)
    }
    if buffer.count > 0 || cut.pieces.isEmpty { try take(buffer.count) }
    cut.pieces[cut.pieces.count - 1].isFinal = true
    return cut
  }

  /// Behind the first line end at or after `place`; nil: there is none.
  private func lineEnd(in buffer: ByteBuffer, from place: Int) -> Int? {
    guard place < buffer.count else { return nil }
    return buffer.bytes.firstIndex(of: 0x0A, from: place).map { $0 + 1 }
  }
}
