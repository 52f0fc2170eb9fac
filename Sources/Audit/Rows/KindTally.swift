import JSONTape
import Stages

/// Counts records by kind and source: few, so that a record costs no look-up of a text.
struct KindTally {
  private(set) var entries: [(kind: RecordKind, source: String, number: Int32, count: Int64)] = []
  let names: NameTable

  init(_ names: NameTable) { self.names = names }

  /// - Returns: the source's number.
  mutating func add(_ kind: RecordKind, _ source: ByteSlice) -> Int32 {
    for place in entries.indices where entries[place].kind == kind && source == entries[place].source {
      entries[place].count += 1
      return entries[place].number
    }
    entries.append((kind, source.string(), names.number(of: source), 1))
    return entries[entries.count - 1].number
  }
}
