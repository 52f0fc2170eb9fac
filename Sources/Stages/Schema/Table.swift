import JSONTape
import Receipts

/// Rows of fixed width, for what a reduce joins. Numbers are little-endian, hashes are bytes in their order.
struct TableWriter {
  private let sink: OutputSink
  private let buffer: ByteBuffer

  init(sink: OutputSink) {
    self.sink = sink
    buffer = sink.buffer
  }

  /// As it stands in another table.
  mutating func copy(_ bytes: ByteSlice) { buffer.append(bytes) }

  mutating func hash(_ hash: Hash128) {
    word(hash.high.byteSwapped)
    word(hash.low.byteSwapped)
  }

  mutating func word(_ value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { buffer.append($0) }
  }

  mutating func half(_ value: UInt32) {
    withUnsafeBytes(of: value.littleEndian) { buffer.append($0) }
  }

  mutating func endRow() { sink.recordCount += 1 }
}

/// Reads what `TableWriter` wrote. Every read is checked against the table's end.
struct TableReader {
  private let bytes: UnsafeRawBufferPointer
  let rowCount: Int
  private let width: Int

  init(_ table: ByteSlice, rowWidth: Int) throws(DistillError) {
    guard table.count % rowWidth == 0 else {
      throw DistillError(.internalFault, "a table of \(table.count) bytes has no whole rows of \(rowWidth) bytes")
    }
    bytes = table.raw
    width = rowWidth
    rowCount = table.count / rowWidth
  }

  func word(_ row: Int, _ offset: Int) -> UInt64 {
    precondition(row < rowCount && offset + 8 <= width)
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: row * width + offset, as: UInt64.self))
  }

  func half(_ row: Int, _ offset: Int) -> UInt32 {
    precondition(row < rowCount && offset + 4 <= width)
    return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: row * width + offset, as: UInt32.self))
  }

  func hash(_ row: Int, _ offset: Int) -> Hash128 {
    Hash128(high: word(row, offset).byteSwapped, low: word(row, offset + 8).byteSwapped)
  }
}
