import JSONTape
import Stages

/// Counts records by kind and source: few, so that a record costs no look-up of a text.
struct KindTally {
  private(set) var entries: [(kind: RecordKind, source: String, count: Int64)] = []

  /// - Returns: the source's name as text.
  mutating func add(_ kind: RecordKind, _ source: ByteSlice) -> String {
    for place in entries.indices where entries[place].kind == kind && source == entries[place].source {
      entries[place].count += 1
      return entries[place].source
    }
    entries.append((kind, source.string(), 1))
    return entries[entries.count - 1].source
  }
}
