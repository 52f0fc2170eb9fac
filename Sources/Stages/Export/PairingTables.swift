import JSONTape
import Receipts

/// Rows of the tables `candidates/<bucket>`: half SHA-256 of the task id, of the folded prompt (zero: no prompt), of
/// the folded text, the order key (half the SHA-256 of the canonical JSON of `[source, kind, run_id]`): 16 bytes each;
/// category (4: its place in `Category`), bytes of text and prompt (4), places of the evidence and of the scored run (8
/// each).
extension PairingCandidate {
  static let rowWidth = 88

  /// - Parameter fragment: of the table.
  init(_ rows: TableReader, _ row: Int, fragment: Int) {
    self.init(
      task: rows.hash(row, 0), prompt: rows.hash(row, 16), text: rows.hash(row, 32), order: rows.hash(row, 48),
      category: Category.allCases[Int(rows.half(row, 64)) % Category.allCases.count], fragment: fragment,
      place: Int(truncatingIfNeeded: rows.word(row, 72)), scoredPlace: Int(truncatingIfNeeded: rows.word(row, 80)),
      byteCount: Int(rows.half(row, 68)))
  }

  func append(to sink: OutputSink) {
    var table = TableWriter(sink: sink)
    for hash in [task, prompt, text, order] { table.hash(hash) }
    table.half(UInt32(category.place))
    table.half(UInt32(clamping: byteCount))
    table.word(UInt64(place))
    table.word(UInt64(scoredPlace))
    table.endRow()
  }
}

/// Rows of the tables `comparisons/<bucket>`: half SHA-256 of the task id, of the folded prompt (zero: none), of the
/// folded winning and losing text, the order key: 16 bytes each; bytes of both texts and twice the prompt (4), zero
/// (4), place of the evidence (8).
extension PairingComparison {
  static let rowWidth = 96

  /// - Parameter fragment: of the table.
  init(_ rows: TableReader, _ row: Int, fragment: Int) {
    self.init(
      task: rows.hash(row, 0), prompt: rows.hash(row, 16), chosen: rows.hash(row, 32), rejected: rows.hash(row, 48),
      order: rows.hash(row, 64), fragment: fragment, place: Int(truncatingIfNeeded: rows.word(row, 88)),
      byteCount: Int(rows.half(row, 80)))
  }

  func append(to sink: OutputSink) {
    var table = TableWriter(sink: sink)
    for hash in [task, prompt, chosen, rejected, order] { table.hash(hash) }
    table.half(UInt32(clamping: byteCount))
    table.half(0)
    table.word(UInt64(place))
    table.endRow()
  }
}

extension Category {
  /// In the order of the cases.
  var place: Int {
    switch self {
    case .accepted: 0
    case .partiallyAccepted: 1
    case .rejected: 2
    case .needsHumanReview: 3
    }
  }
}
