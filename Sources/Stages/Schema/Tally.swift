import JSONTape
import Receipts

/// Named counts, kept apart by table: `by_reason`, `by_category`, … Names come from logs, so they are compared by their
/// bytes.
struct Tally {
  private var tables: [String: [ExactString: Int64]] = [:]

  mutating func add(_ table: String, _ name: String, _ count: Int64 = 1) {
    tables[table, default: [:]][ExactString(name), default: 0] += count
  }

  /// Adds every number of `counts[table]`.
  mutating func add(_ table: String, from counts: JSON) {
    guard let object = counts[table]?.object else { return }
    for (name, value) in object { add(table, name, value.integer ?? 0) }
  }

  subscript(table: String, name: String) -> Int64 { tables[table]?[ExactString(name)] ?? 0 }

  /// The names of a table that something was counted under, in their order.
  func names(_ table: String) -> [String] { sorted(table).filter { $0.count > 0 }.map(\.name) }

  private func sorted(_ table: String) -> [(name: String, count: Int64)] {
    (tables[table] ?? [:]).sorted { $0.key < $1.key }.map { ($0.key.string, $0.value) }
  }

  /// The counts of a table in the order of their names; empty where nothing was counted.
  func json(_ table: String) -> JSON {
    .object(JSONObject(sorted(table).map { ($0.name, .integer($0.count)) }))
  }

  /// A table whose names are `outer/inner`, as an object of objects.
  func nested(_ table: String) -> JSON {
    var outer = JSONObject([])
    for (name, count) in sorted(table) {
      guard let slash = name.lastIndex(of: "/") else { continue }
      let key = String(name[..<slash])
      var inner = outer[key]?.object ?? [:]
      inner[String(name[name.index(after: slash)...])] = .integer(count)
      outer[key] = .object(inner)
    }
    return .object(outer)
  }

  func count(_ name: String) -> Int64 { self["", name] }
  mutating func increment(_ name: String, by more: Int64 = 1) { add("", name, more) }
}
