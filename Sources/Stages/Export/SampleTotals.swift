import JSONTape
import Receipts

/// `export.tasks/1`: counts tasks. Inputs "0", "1", …: tables of half the SHA-256 of task ids, 16 bytes each, all of
/// one bucket. Counts: `{"tasks": n}`, those that differ.
enum TaskTotals {
  static let rowWidth = 16

  static let function = ActionFunction(name: "export.tasks/1") { context in
    var tasks = HashSet128()
    for table in context.numberedInputs {
      let reader = try TableReader(table, rowWidth: rowWidth)
      for row in 0..<reader.rowCount { tasks.insert(reader.hash(row, 0)) }
    }
    return ["tasks": .integer(Int64(tasks.count))]
  }
}

/// `export.lengths/1`: percentiles of lengths of texts. Inputs "0", "1", …: tables of 8 bytes a row: a length (4,
/// little-endian) and how many texts have it (4). Counts: `{"lengths": {"p10", "p50", "p90"}}`.
enum LengthTotals {
  static let rowWidth = 8

  static let function = ActionFunction(name: "export.lengths/1") { context in
    var counts: [UInt32: Int] = [:]
    for table in context.numberedInputs {
      let reader = try TableReader(table, rowWidth: rowWidth)
      for row in 0..<reader.rowCount { counts[reader.half(row, 0), default: 0] += Int(reader.half(row, 4)) }
    }
    return ["lengths": Percentiles.json(counts.sorted { $0.key < $1.key }.map { (value: $0.key, count: $0.value) })]
  }

  /// - Parameter lengths: ascending.
  static func append(_ lengths: [UInt32], to sink: OutputSink) {
    var writer = TableWriter(sink: sink)
    var start = 0
    while start < lengths.count {
      var end = start + 1
      while end < lengths.count, lengths[end] == lengths[start] { end += 1 }
      writer.half(lengths[start])
      writer.half(UInt32(end - start))
      writer.endRow()
      start = end
    }
  }
}

/// 10th, 50th and 90th percentile, by nearest rank.
enum Percentiles {
  /// - Parameter counts: how often each value occurs, by ascending value.
  /// - Returns: null where there is nothing.
  static func json(_ counts: [(value: UInt32, count: Int)]) -> JSON {
    let total = counts.reduce(0) { $0 + $1.count }
    func at(_ percent: Int) -> JSON {
      var rank = max(1, (total * percent + 99) / 100)
      for (value, count) in counts {
        if rank <= count { return .integer(Int64(value)) }
        rank -= count
      }
      return .null
    }
    return ["p10": at(10), "p50": at(50), "p90": at(90)]
  }
}
