import Receipts

/// Parts the pairs of a plan, so that no step holds the texts of all of them.
///
/// Tasks are grouped by the first bits of their hash, as many bits as leave at most `limit` bytes a group on average; within a
/// group a shard ends behind the pair that reaches the limit. So the shards of the other groups stay as they are when a task
/// changes, unless the sum of all passes a power of two. A shard never holds more than `limit` bytes and one pair.
struct PreferenceShards {
  /// Of texts and prompts, in UTF-8, counted for each pair.
  static let defaultLimit = 16 << 20

  private let bits: Int
  private let limit: Int
  private var group: UInt64 = 0
  private var part = 0
  private var filled = 0

  /// - Parameters:
  ///   - total: bytes of all pairs.
  ///   - limit: at least 1.
  init(total: Int, limit: Int) {
    self.limit = max(1, limit)
    var bits = 0
    while bits < 32 && total >> bits > self.limit { bits += 1 }
    self.bits = bits
  }

  /// The shard of the next pair. Tasks must come in their order, so that the shards, one behind the other, are the plan.
  mutating func place(_ task: Hash128, byteCount: Int) -> String {
    let own = bits == 0 ? 0 : task.high >> UInt64(64 - bits)
    if own != group {
      (group, part, filled) = (own, 0, 0)
    } else if filled >= limit {
      part += 1
      filled = 0
    }
    filled += byteCount
    return "\(group).\(part)"
  }
}
