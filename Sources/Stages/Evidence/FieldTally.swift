import JSONTape

/// In how many written records each mapped field holds something: neither null, nor empty, nor blank.
final class FieldTally {
  private var names: [String] = []
  private var counts: [Int] = []

  /// The place of a field, made when it is first asked for; parts share it.
  func slot(_ name: String) -> Int {
    if let slot = names.firstIndex(of: name) { return slot }
    names.append(name)
    counts.append(0)
    return names.count - 1
  }

  func add(_ slot: Int) { counts[slot] += 1 }

  var json: JSON { .object(JSONObject(zip(names, counts).map { ($0, .integer(Int64($1))) })) }
}
