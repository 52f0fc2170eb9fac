/// An open-addressed table of row numbers, in which equal rows are found: 4 bytes a slot, at most half of them in use.
///
/// Rows are numbered in the order in which they come in; what stands in the rows is the caller's business.
struct FirstRows {
  private var slots: [UInt32]
  private var mask: Int
  private var count = 0

  init(capacity: Int = 0) {
    precondition(capacity < Int(UInt32.max), "more rows than a table can number")
    var size = 16
    while size < capacity * 2 { size *= 2 }
    slots = [UInt32](repeating: 0, count: size)
    mask = size - 1
  }

  /// The number that stands for an equal row, which is `number` if it is the first.
  /// - Parameters:
  ///   - number: greater than those of the rows before.
  ///   - hash: its low bits choose the slot.
  mutating func insert(_ number: Int, hash: UInt64, isEqual: (Int) -> Bool) -> Int {
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != 0 {
      let candidate = Int(slots[slot]) - 1
      if isEqual(candidate) { return candidate }
      slot = (slot + 1) & mask
    }
    slots[slot] = UInt32(number + 1)
    count += 1
    return number
  }

  /// Makes room for one row more.
  /// - Parameter hash: of a row; there must be those from 0 on, without a gap.
  mutating func reserve(_ hash: (Int) -> UInt64) {
    guard count * 2 >= slots.count else { return }
    slots = [UInt32](repeating: 0, count: slots.count * 2)
    mask = slots.count - 1
    // In their order, so that the last one can be removed again.
    for number in 0..<count {
      var slot = Int(truncatingIfNeeded: hash(number)) & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = UInt32(number + 1)
    }
  }

  /// Takes out the row that came in last: no other one was put behind it.
  mutating func removeLast(_ number: Int, hash: UInt64) {
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] != UInt32(number + 1) {
      precondition(slots[slot] != 0, "the row is not in the table")
      slot = (slot + 1) & mask
    }
    slots[slot] = 0
    count -= 1
  }
}
