import JSONTape

/// Named counts, kept apart by table: `by_reason`, `by_category`, …
struct Tally {
  private var tables: [String: [String: Int64]] = [:]

  mutating func add(_ table: String, _ name: String, _ count: Int64 = 1) {
    tables[table, default: [:]][name, default: 0] += count
  }

  /// Adds every number of `counts[table]`.
  mutating func add(_ table: String, from counts: JSON) {
    guard let object = counts[table]?.object else { return }
    for (name, value) in object { add(table, name, value.integer ?? 0) }
  }

  subscript(table: String, name: String) -> Int64 { tables[table]?[name] ?? 0 }

  /// The names of a table that something was counted under, in their order.
  func names(_ table: String) -> [String] { (tables[table] ?? [:]).filter { $0.value > 0 }.keys.sorted() }

  /// The counts of a table in the order of their names; empty where nothing was counted.
  func json(_ table: String) -> JSON {
    .object(JSONObject((tables[table] ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) }))
  }

  /// A table whose names are `outer/inner`, as an object of objects.
  func nested(_ table: String) -> JSON {
    var outer = JSONObject([])
    for (name, count) in (tables[table] ?? [:]).sorted(by: { $0.key < $1.key }) {
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
