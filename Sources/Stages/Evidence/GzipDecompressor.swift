import CZlib
import JSONTape
import Receipts

/// RFC 1952, one or more members one behind the other; zeros after the last are padding, as gzip takes them.
final class GzipDecompressor: Decompressor {
  private let stream: UnsafeMutablePointer<z_stream>
  private let input: CompressedInput
  private var isWithinMember = true
  private var isAtEnd = false
  private var damage: CompressionDamage?

  init(_ input: CompressedInput) throws {
    self.input = input
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 16: a gzip wrapper and no other.
    let status = inflateInit2_(stream, MAX_WBITS + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      stream.deallocate()
      throw DistillError(.internalFault, "zlib does not start (\(status))")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(CompressionDamage) -> Int {
    if let damage { throw damage }
    if isAtEnd || target.count == 0 { return 0 }
    let room = min(target.count, Int(UInt32.max >> 1))
    var written = 0
    while written < room && !isAtEnd && damage == nil {
      guard isWithinMember || beginMember() else { break }
      written += step(into: UnsafeMutableRawBufferPointer(rebasing: target[written..<room]))
    }
    if written == 0, let damage { throw damage }
    return written
  }

  /// Decides what follows a member; false: nothing that can be read.
  private func beginMember() -> Bool {
    var isPadded = false
    while input.fill(1), input.bytes[0] == 0 {
      input.skip(1)
      isPadded = true
    }
    if input.bytes.isEmpty {
      isAtEnd = true
      return false
    }
    guard !isPadded, input.bytes[0] == 0x1F, !input.fill(2) || input.bytes[1] == 0x8B else {
      damage = CompressionDamage(message: "the compressed file is damaged: garbage follows its end")
      return false
    }
    inflateReset(stream)
    isWithinMember = true
    return true
  }

  private func step(into target: UnsafeMutableRawBufferPointer) -> Int {
    _ = input.fill(1)
    let given = min(input.bytes.count, Int(UInt32.max >> 1))
    // zlib reads from the pointer only; it is not const for historical reasons.
    stream.pointee.next_in = input.bytes.buffer.baseAddress.map { UnsafeMutablePointer(mutating: $0) }
    stream.pointee.avail_in = UInt32(given)
    stream.pointee.next_out = target.bindMemory(to: UInt8.self).baseAddress
    stream.pointee.avail_out = UInt32(target.count)
    let status = inflate(stream, Z_NO_FLUSH)
    input.skip(given - Int(stream.pointee.avail_in))
    let written = target.count - Int(stream.pointee.avail_out)
    switch status {
    case Z_STREAM_END: isWithinMember = false
    case Z_OK: if written < target.count && !input.fill(1) { damage = .endsEarly }
    case Z_BUF_ERROR: damage = .endsEarly
    default:
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "error \(status)"
      damage = CompressionDamage(message: "the compressed file is damaged: \(reason)")
    }
    return written
  }
}
