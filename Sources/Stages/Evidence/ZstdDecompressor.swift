import CZstd
import JSONTape
import Receipts

/// RFC 8878, one or more frames one behind the other.
final class ZstdDecompressor: Decompressor {
  private let stream: OpaquePointer
  private let input: ByteSlice
  private var place = 0
  /// Bytes that the next step wants to be given. Never more: a step that fails gives nothing of what it decoded, and a
  /// step of one block loses nothing before the damage.
  private var wanted: Int
  private var isWithinFrame = true
  private var mayHoldOutput = false
  private var damage: CompressionDamage?

  /// - Parameter input: must outlive the decompressor.
  init(_ input: ByteSlice) throws {
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
      if place == input.count && !mayHoldOutput {
        if isWithinFrame { damage = .endsEarly }
        break
      }
      let piece = input[place..<min(place + wanted, input.count)]
      var source = ZSTD_inBuffer(src: piece.buffer.baseAddress, size: piece.count, pos: 0)
      let before = output.pos
      let status = ZSTD_decompressStream(stream, &output, &source)
      if ZSTD_isError(status) != 0 {
        let reason = String(cString: ZSTD_getErrorName(status))
        damage = CompressionDamage(message: "the compressed file is damaged: \(reason)")
        break
      }
      place += source.pos
      isWithinFrame = status != 0
      wanted = max(status, 1)
      mayHoldOutput = output.pos == target.count
      if source.pos == 0 && output.pos == before && place == input.count { mayHoldOutput = false }
    }
    if output.pos == 0, let damage { throw damage }
    return output.pos
  }
}
