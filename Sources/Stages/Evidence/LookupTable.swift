import JSONTape
import Receipts

/// The output of `evidence.lookup/1`, ready to be asked: JSON Lines `[key, {value pointer: value, …}]`, sorted by the
/// keys' bytes.
final class LookupTable {
  let name: String
  /// Its place among the look-ups of the source.
  let slot: Int
  private var rows: [(key: Range<Int>, line: ByteSlice)] = []
  /// Owns the bytes of the keys.
  private let keys = ByteBuffer(capacity: 1 << 12)

  /// - Parameter bytes: followed by the parser's padding, alive as long as the table.
  init(_ name: String, slot: Int, bytes: ByteSlice, parser: JSONParser) throws {
    self.name = name
    self.slot = slot
    for line in Lines(bytes) {
      guard let key = try parser.parse(line).element(0)?.string else {
        throw DistillError(.internalFault, "a row of the look-up \(name) has no key")
      }
      let start = keys.count
      keys.append(key)
      rows.append((start..<keys.count, line))
    }
  }

  /// nil: it does not have the key.
  func row(of key: ByteSlice) -> ByteSlice? {
    var (low, high) = (0, rows.count)
    while low < high {
      let middle = (low + high) / 2
      if keys.slice(rows[middle].key).buffer.lexicographicallyPrecedes(key.buffer) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low < rows.count && keys.slice(rows[low].key) == key ? rows[low].line : nil
  }
}

/// What compiled expressions share: the captures' numbers and the look-ups' tables.
final class CompileContext {
  let captures = CaptureSlots()
  let lookups: [LookupTable]

  /// - Parameter lookups: in the order of the source's.
  init(lookups: [LookupTable] = []) { self.lookups = lookups }

  func lookup(_ name: String) throws(DistillError) -> LookupTable {
    guard let table = lookups.first(where: { $0.name == name }) else {
      throw DistillError(.internalFault, "a mapping names the look-up \(name), which its source does not have")
    }
    return table
  }
}
