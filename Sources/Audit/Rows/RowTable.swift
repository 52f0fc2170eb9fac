import Stages

/// Numbers by halves of SHA-256, which spread well enough to be their own places.
struct RowTable: Sendable {
  private var keys: [Hash128]
  /// -1: the slot is free.
  private var values: [Int32]
  private let mask: Int
  private(set) var count = 0

  /// - Parameter capacity: keys that will be in it at most.
  init(capacity: Int) {
    var slots = 16
    while slots < 2 * capacity { slots *= 2 }
    keys = Array(repeating: .zero, count: slots)
    values = Array(repeating: -1, count: slots)
    mask = slots - 1
  }

  subscript(key: Hash128) -> Int? {
    let slot = slot(of: key)
    return values[slot] < 0 ? nil : Int(values[slot])
  }

  /// - Returns: the number that the key has already, and keeps; nil: it had none.
  mutating func insert(_ key: Hash128, _ number: Int) -> Int? {
    let slot = slot(of: key)
    if values[slot] >= 0 { return Int(values[slot]) }
    precondition(2 * count < keys.count, "more keys than there is room for")
    keys[slot] = key
    values[slot] = Int32(number)
    count += 1
    return nil
  }

  /// That of the key, or the free one where it belongs.
  private func slot(of key: Hash128) -> Int {
    var slot = Int(truncatingIfNeeded: key.high) & mask
    while values[slot] >= 0, keys[slot] != key { slot = (slot + 1) & mask }
    return slot
  }
}
