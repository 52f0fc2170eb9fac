import JSONTape
import Receipts

/// Counts texts, with a String for each that is new and none for one that was seen.
struct NameCounter {
  private struct Entry {
    var name: Range<Int>
    var count: Int64
  }

  private let names = ByteBuffer(capacity: 256)
  private var entries: [Entry] = []
  /// Of the name that was counted last: rows of a kind stand together.
  private var last = 0
  /// Beyond a few names looking at each takes longer than hashing.
  private var places: [ExactString: Int] = [:]

  private static let lookedAt = 16

  mutating func add(_ name: ByteSlice) {
    if last < entries.count, names.slice(entries[last].name) == name {
      entries[last].count += 1
      return
    }
    last = place(of: name)
    entries[last].count += 1
  }

  private mutating func place(of name: ByteSlice) -> Int {
    for index in 0..<min(entries.count, Self.lookedAt) where names.slice(entries[index].name) == name { return index }
    if entries.count > Self.lookedAt, let known = places[ExactString(name.string())] { return known }
    let start = names.count
    names.append(name)
    if entries.count >= Self.lookedAt { places[ExactString(name.string())] = entries.count }
    entries.append(Entry(name: start..<names.count, count: 0))
    return entries.count - 1
  }

  /// Adds the counts to a table of a tally.
  func add(to tally: inout Tally, _ table: String) {
    for entry in entries { tally.add(table, names.slice(entry.name).string(), entry.count) }
  }
}
