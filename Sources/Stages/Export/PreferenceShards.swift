import Receipts

/// Parts the pairs of a bucket, so that no step holds the texts of all of them.
///
/// Tasks are grouped by the bits of their hash behind those of the bucket, as many bits as leave at most `limit` bytes
/// a group on average. Groups of 2 MiB are made as long as there are fewer than 16 in all buckets, so that what one
/// thread makes another can hash; no more of them, because each chunk is gathered from for each shard. Within a group a
/// shard ends behind the pair that reaches the limit. So the shards of the other groups stay as they are when a task
/// changes, unless the sum of all passes a power of two. A shard never holds more than `limit` bytes and one pair.
struct PreferenceShards {
  struct Shard: Hashable {
    var group: UInt32
    var part: UInt32

    /// `<group>.<part>`
    var name: String { "\(group).\(part)" }
  }

  /// Of texts and prompts, in UTF-8, counted for each pair.
  static let defaultLimit = 16 << 20
  private static let leastBits = 4
  private static let leastSize = 2 << 20

  private let bits: Int
  private let bucketBits: Int
  private let limit: Int
  private var shard = Shard(group: 0, part: 0)
  private var filled = 0

  /// - Parameters:
  ///   - total: bytes of all pairs.
  ///   - limit: at least 1.
  ///   - buckets: these are the pairs of one of them.
  init(total: Int, limit: Int, buckets: HashBuckets = HashBuckets(bits: 0)) {
    self.limit = max(1, limit)
    var bits = 0
    while bits < 32,
      total >> bits > (bits + buckets.bits < Self.leastBits ? min(self.limit, Self.leastSize) : self.limit)
    {
      bits += 1
    }
    self.bits = bits
    bucketBits = buckets.bits
  }

  /// The shard of the next pair. Tasks must come in their order, so that the shards, one behind the other, are the
  /// plan.
  mutating func place(_ task: Hash128, byteCount: Int) -> Shard {
    let group = bits == 0 ? 0 : UInt32((task.high << UInt64(bucketBits)) >> UInt64(64 - bits))
    if group != shard.group {
      shard = Shard(group: group, part: 0)
      filled = 0
    } else if filled >= limit {
      shard.part += 1
      filled = 0
    }
    filled += byteCount
    return shard
  }
}
