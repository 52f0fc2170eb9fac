import JSONTape
import Receipts

/// A pair as `preference.pair` plans it and `preference.emit` writes it. A row of `plan/<shard>` has 32 bytes: fragment
/// and place of the chosen side (4, 8), of the rejected one (4, 8), reason (4: its place in `PreferenceReason`), self
/// pairing (4: 0 or 1).
struct PlannedPair: Equatable {
  static let rowWidth = 32

  /// Of a row of evidence.
  struct Side: Equatable {
    var fragment: Int
    var place: Int
  }

  var chosen: Side
  var rejected: Side
  var reason: PreferenceReason
  var isSelfPairing: Bool

  init(chosen: Side, rejected: Side, reason: PreferenceReason, isSelfPairing: Bool) {
    self.chosen = chosen
    self.rejected = rejected
    self.reason = reason
    self.isSelfPairing = isSelfPairing
  }

  init(_ pair: Pairing.Pair) {
    self.init(
      chosen: Side(fragment: pair.chosen.fragment, place: pair.chosen.place),
      rejected: Side(fragment: pair.rejected.fragment, place: pair.rejected.place), reason: pair.reason,
      isSelfPairing: pair.isSelfPairing)
  }

  /// - Throws: where the row is none.
  init(_ rows: TableReader, _ row: Int) throws {
    func side(_ offset: Int) -> Side {
      Side(fragment: Int(rows.half(row, offset)), place: Int(truncatingIfNeeded: rows.word(row, offset + 4)))
    }
    let reason = Int(rows.half(row, 24))
    guard reason < PreferenceReason.allCases.count else {
      throw DistillError(.internalFault, "a planned pair has no reason")
    }
    self.init(
      chosen: side(0), rejected: side(12), reason: PreferenceReason.allCases[reason],
      isSelfPairing: rows.half(row, 28) != 0)
  }

  func append(to sink: OutputSink) {
    var table = TableWriter(sink: sink)
    for side in [chosen, rejected] {
      table.half(UInt32(side.fragment))
      table.word(UInt64(side.place))
    }
    table.half(UInt32(PreferenceReason.allCases.firstIndex(of: reason) ?? 0))
    table.half(isSelfPairing ? 1 : 0)
    table.endRow()
  }
}
