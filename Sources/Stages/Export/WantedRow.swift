import JSONTape
import Receipts

/// A run that a pair of a shard shows, for `preference.gather`. A row of `wanted/<fragment>` has 28 bytes: place of the
/// evidence (8), of the scored run (8; all bits set: a side of a comparison has none), shard (4, 4), on which side of
/// pairs it stands (4: 0 chosen, 1 rejected). In the order of the places.
struct WantedRow: Hashable {
  static let rowWidth = 28

  var place: Int
  var scoredPlace: Int?
  var shard: PreferenceShards.Shard
  var isChosen: Bool

  init(_ side: Pairing.Side, shard: PreferenceShards.Shard, isChosen: Bool) {
    place = side.place
    scoredPlace = side.scoredPlace
    self.shard = shard
    self.isChosen = isChosen
  }

  init(_ rows: TableReader, _ row: Int) {
    place = Int(truncatingIfNeeded: rows.word(row, 0))
    let scored = rows.word(row, 8)
    scoredPlace = scored == .max ? nil : Int(truncatingIfNeeded: scored)
    shard = PreferenceShards.Shard(group: rows.half(row, 16), part: rows.half(row, 20))
    isChosen = rows.half(row, 24) == 0
  }

  func append(to sink: OutputSink) {
    var table = TableWriter(sink: sink)
    table.word(UInt64(place))
    table.word(scoredPlace.map { UInt64($0) } ?? .max)
    table.half(shard.group)
    table.half(shard.part)
    table.half(isChosen ? 0 : 1)
    table.endRow()
  }

  /// Is what is gathered for them the same?
  func showsSame(as other: WantedRow) -> Bool {
    place == other.place && isChosen == other.isChosen && shard == other.shard
  }
}

extension WantedRow: Comparable {
  static func < (left: WantedRow, right: WantedRow) -> Bool {
    if left.place != right.place { return left.place < right.place }
    if left.isChosen != right.isChosen { return left.isChosen }
    return (left.shard.group, left.shard.part, left.scoredPlace ?? -1)
      < (right.shard.group, right.shard.part, right.scoredPlace ?? -1)
  }
}
