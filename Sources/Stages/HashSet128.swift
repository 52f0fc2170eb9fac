/// Which halves of SHA-256 were seen. They spread well enough to be their own places; the set of the standard library
/// would hash them once more.
struct HashSet128 {
  /// Zero: the slot is free. At most three of four are taken.
  private var slots: [Hash128]
  private var holdsZero = false
  private(set) var count = 0

  /// - Parameter capacity: keys that fit before the first growth.
  init(capacity: Int = 0) {
    var size = 16
    while 3 * size < 4 * capacity { size *= 2 }
    slots = Array(repeating: .zero, count: size)
  }

  func contains(_ key: Hash128) -> Bool { key == .zero ? holdsZero : slots[slot(of: key)] == key }

  /// Returns whether it was not there.
  @discardableResult
  mutating func insert(_ key: Hash128) -> Bool {
    if key == .zero {
      guard !holdsZero else { return false }
      holdsZero = true
    } else {
      var slot = slot(of: key)
      guard slots[slot] != key else { return false }
      if 4 * count >= 3 * slots.count {
        grow()
        slot = self.slot(of: key)
      }
      slots[slot] = key
    }
    count += 1
    return true
  }

  private mutating func grow() {
    let old = slots
    slots = Array(repeating: .zero, count: 2 * old.count)
    for key in old where key != .zero { slots[slot(of: key)] = key }
  }

  /// That of the key, or the free one where it belongs. All keys of a bucket begin alike, so the place comes from the
  /// other end.
  private func slot(of key: Hash128) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: key.high) & mask
    while slots[slot] != .zero, slots[slot] != key { slot = (slot + 1) & mask }
    return slot
  }
}
