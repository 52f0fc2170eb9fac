import JSONTape
import Receipts

/// Rows of a key (16 bytes), a length (4, little-endian) and JSON of that length.
struct KeyedRows: Sequence, IteratorProtocol {
  private let bytes: ByteSlice
  private var position = 0

  private static let headSize = 20

  init(_ bytes: ByteSlice) { self.bytes = bytes }

  mutating func next() -> (key: Hash128, json: ByteSlice)? {
    guard bytes.count - position >= Self.headSize else { return nil }
    func load<Word: FixedWidthInteger>(_ offset: Int, as: Word.Type) -> Word {
      bytes.raw.loadUnaligned(fromByteOffset: position + offset, as: Word.self)
    }
    let key = Hash128(high: load(0, as: UInt64.self).bigEndian, low: load(8, as: UInt64.self).bigEndian)
    let start = position + Self.headSize
    let end = start + Int(load(16, as: UInt32.self).littleEndian)
    guard end <= bytes.count else { return nil }
    position = end
    return (key, bytes[start..<end])
  }

  static func append(_ key: Hash128, _ json: ByteSlice, to sink: OutputSink) {
    var table = TableWriter(sink: sink)
    table.hash(key)
    table.half(UInt32(json.count))
    sink.buffer.append(json)
    table.endRow()
  }
}
