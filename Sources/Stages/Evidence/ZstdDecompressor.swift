import CZstd
import JSONTape
import Receipts

/// RFC 8878, one or more frames one behind the other.
final class ZstdDecompressor: Decompressor {
  private let stream: OpaquePointer
  private let input: CompressedInput
  /// Bytes that the next step wants to be given. Never more: a step that fails gives nothing of what it decoded, and a
  /// step of one block loses nothing before the damage.
  private var wanted: Int
  private var isWithinFrame = true
  private var mayHoldOutput = false
  private var damage: CompressionDamage?

  init(_ input: CompressedInput) throws {
    guard let stream = ZSTD_createDStream() else { throw DistillError(.internalFault, "zstd does not start") }
    self.stream = stream
    self.input = input
    wanted = max(ZSTD_initDStream(stream), 1)
  }

  deinit { ZSTD_freeDStream(stream) }

  func read(into target: UnsafeMutableRawBufferPointer) throws(CompressionDamage) -> Int {
    if let damage { throw damage }
    var output = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
    while output.pos < target.count {
      if !input.fill(1) && !mayHoldOutput {
        if isWithinFrame { damage = .endsEarly }
        break
      }
      let piece = input.bytes[0..<min(wanted, input.bytes.count)]
      var source = ZSTD_inBuffer(src: piece.buffer.baseAddress, size: piece.count, pos: 0)
      let before = output.pos
      let status = ZSTD_decompressStream(stream, &output, &source)
      if ZSTD_isError(status) != 0 {
        let reason = String(cString: ZSTD_getErrorName(status))
        damage = CompressionDamage(message: "the compressed file is damaged: \(reason)")
        break
      }
      input.skip(source.pos)
      isWithinFrame = status != 0
      wanted = max(status, 1)
      mayHoldOutput = output.pos == target.count
      if source.pos == 0 && output.pos == before && !input.fill(1) { mayHoldOutput = false }
    }
    if output.pos == 0, let damage { throw damage }
    return output.pos
  }
}
