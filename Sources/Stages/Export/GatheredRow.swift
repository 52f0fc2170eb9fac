import JSONTape
import Receipts

/// What a pair shows of one of its sides: values as they are written in the evidence. A row of `gathered/…` is its
/// place (8), its side (4: 0 chosen, 1 rejected), its category (4: its place in `Category`; all bits set: a side of a
/// comparison has none), the lengths of the values (4 each), where in the provenance the value of `sig_hash` stands (4)
/// and its length (4), and the values one behind the other. Rows are in the order of place and side.
struct GatheredRow {
  enum Value: Int, CaseIterable {
    case runID, modelName, text, timestamp, provenance
    /// Of the chosen side alone: the other one's say the same.
    case taskID, prompt
  }

  /// Where the lengths start.
  private static let lengths = 16
  private static let headerLength = lengths + 4 * Value.allCases.count + 8

  let place: Int
  let isChosen: Bool
  /// Header and values.
  private let bytes: ByteSlice

  /// Bytes of the row.
  var byteCount: Int { bytes.count }

  /// The row that starts at `offset`.
  init(_ table: ByteSlice, at offset: Int) throws {
    let damage = DistillError(.internalFault, "a row of gathered values is cut")
    guard offset + Self.headerLength <= table.count else { throw damage }
    let header = table[offset..<offset + Self.headerLength].raw
    var end = offset + Self.headerLength
    for value in Value.allCases {
      end += Int(header.loadUnaligned(fromByteOffset: Self.lengths + 4 * value.rawValue, as: UInt32.self).littleEndian)
    }
    guard end <= table.count else { throw damage }
    bytes = table[offset..<end]
    place = Int(truncatingIfNeeded: header.loadUnaligned(fromByteOffset: 0, as: UInt64.self).littleEndian)
    isChosen = header.loadUnaligned(fromByteOffset: 8, as: UInt32.self) == 0
  }

  private func number(_ offset: Int) -> Int {
    precondition(offset + 4 <= Self.headerLength)
    return Int(bytes.raw.loadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian)
  }

  /// As its scored run says.
  var category: Category? {
    let place = number(12)
    return place < Category.allCases.count ? Category.allCases[place] : nil
  }

  /// nil: the evidence has none.
  func token(_ value: Value) -> ByteSlice? {
    var start = Self.headerLength
    for earlier in 0..<value.rawValue { start += number(Self.lengths + 4 * earlier) }
    let length = number(Self.lengths + 4 * value.rawValue)
    return length == 0 ? nil : bytes[start..<start + length]
  }

  /// nil: it is no string.
  func text(_ value: Value) -> EscapedText? { token(value).flatMap { EscapedText(quoted: $0) } }

  /// Of the provenance.
  var sigHash: EscapedText? {
    let place = Self.lengths + 4 * Value.allCases.count
    let (start, length) = (number(place), number(place + 4))
    guard length > 0, let provenance = token(.provenance), start + length <= provenance.count else { return nil }
    return EscapedText(quoted: provenance[start..<start + length])
  }

  /// - Parameters:
  ///   - sigHash: a slice of the provenance.
  ///   - value: as it is written; nil: there is none.
  static func append(
    place: Int, isChosen: Bool, category: Category?, sigHash: ByteSlice?, to sink: OutputSink,
    _ value: (Value) -> ByteSlice?
  ) {
    var table = TableWriter(sink: sink)
    table.word(UInt64(place))
    table.half(isChosen ? 0 : 1)
    table.half(category.map { UInt32($0.place) } ?? .max)
    for name in Value.allCases { table.half(UInt32(value(name)?.count ?? 0)) }
    if let sigHash, let whole = value(.provenance), let start = whole.offset(of: sigHash) {
      table.half(UInt32(start))
      table.half(UInt32(sigHash.count))
    } else {
      table.word(0)
    }
    for name in Value.allCases {
      if let token = value(name) { sink.buffer.append(token) }
    }
    table.endRow()
  }
}
