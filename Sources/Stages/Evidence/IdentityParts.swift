import JSONTape
import Receipts

/// `evidence.identities/1`: parts the tables of a group of chunks by the first bits of their identities' hashes, so
/// that the search for duplicates holds one part of a source at a time, however many objects there are.
///
/// Inputs "0", "1", …: `identities` tables of chunks, one behind the other. Parameters: `{"parts": n}`, a power of two.
/// Outputs `part/<i>`: the rows of a part in their order, each with 8 bytes more:
/// ```
///  0  32  the row (see `IdentityTable`)
/// 32   4  number of its chunk in the group, little-endian
/// 36   4  its number in the chunk's table, little-endian
/// ```
/// Counts: `{"chunks": [[n, …], …]}`, for each part the chunks in the group that it has rows of.
enum IdentityParts {
  static let rowSize = IdentityTable.rowSize + 8

  static let function = ActionFunction(name: "evidence.identities/1") { context in
    guard let parts = context.parameters["parts"]?.integer, parts > 1, parts.nonzeroBitCount == 1 else {
      throw DistillError(.internalFault, "evidence.identities was given no number of parts")
    }
    let sinks = (0..<parts).map { context.output("part/\($0)") }
    let shift = 64 - parts.trailingZeroBitCount
    var chunks = [[JSON]](repeating: [], count: sinks.count)
    var chunk: UInt32 = 0
    while let table = context.optionalInput(String(chunk)) {
      let reader = try TableReader(table, rowWidth: IdentityTable.rowSize)
      for row in 0..<reader.rowCount {
        let part = Int(reader.hash(row, 0).high >> shift)
        if chunks[part].last?.integer != Int64(chunk) { chunks[part].append(.integer(Int64(chunk))) }
        var writer = TableWriter(sink: sinks[part])
        writer.copy(table[row * IdentityTable.rowSize..<(row + 1) * IdentityTable.rowSize])
        writer.half(chunk)
        writer.half(UInt32(row))
        writer.endRow()
      }
      chunk += 1
    }
    return ["chunks": .array(chunks.map(JSON.array))]
  }
}

/// Where an object is: its chunk among those of the source, and its number there.
struct ObjectPlace: Equatable {
  var chunk: Int
  var row: Int
}

/// Rows of identities in the order of their places, from tables of chunks or from parts of groups.
struct IdentityRows: Sequence {
  private let tables: [TableReader]
  /// The number of each table's first row, and of all rows.
  private let starts: [Int]
  /// The first chunk of each table.
  private let firstChunks: [Int]
  private let isParted: Bool

  /// - Parameters:
  ///   - firstChunks: of each table; without parts it is of no other.
  ///   - isParted: the tables are of `IdentityParts`.
  init(_ bytes: [ByteSlice], firstChunks: [Int], isParted: Bool) throws(DistillError) {
    var tables: [TableReader] = []
    for table in bytes {
      tables.append(try TableReader(table, rowWidth: isParted ? IdentityParts.rowSize : IdentityTable.rowSize))
    }
    self.tables = tables
    self.firstChunks = firstChunks
    self.isParted = isParted
    starts = tables.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.rowCount) }
  }

  var count: Int { starts[starts.count - 1] }

  func identity(_ number: Int) -> Hash128 {
    let table = table(of: number)
    return tables[table].hash(number - starts[table], 0)
  }

  subscript(number: Int) -> (row: IdentityTable.Row, place: ObjectPlace) {
    let table = table(of: number)
    return read(table, number - starts[table])
  }

  private func table(of number: Int) -> Int {
    var (low, high) = (0, tables.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= number { low = middle } else { high = middle }
    }
    return low
  }

  private func read(_ table: Int, _ index: Int) -> (row: IdentityTable.Row, place: ObjectPlace) {
    let reader = tables[table]
    var place = ObjectPlace(chunk: firstChunks[table], row: index)
    if isParted {
      place.chunk += Int(reader.half(index, 32))
      place.row = Int(reader.half(index, 36))
    }
    return (IdentityTable.row(index, of: reader), place)
  }

  func makeIterator() -> AnyIterator<(row: IdentityTable.Row, place: ObjectPlace)> {
    var (table, index) = (0, 0)
    return AnyIterator {
      while table < tables.count, index == tables[table].rowCount { (table, index) = (table + 1, 0) }
      guard table < tables.count else { return nil }
      defer { index += 1 }
      return read(table, index)
    }
  }
}

extension Array {
  /// nil: there is no such element.
  subscript(safely index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
