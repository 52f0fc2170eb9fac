import JSONTape
import Receipts
import StagesTesting
import Testing

@testable import Stages

/// The plan of `export-preference` is written in parts, each of which holds the texts of its own pairs only.
@Suite struct PreferenceShardTests {
  private let actions = FirewallActions(table: Pipeline.functions)

  /// Tasks of every size, comparisons, contested texts and pairs that fail, in three partitions.
  private var partitions: [FirewallActions.Partition] {
    var random = SeededGenerator(seed: 5)
    var partitions = [(scored: [JSON], evidence: [JSON])](repeating: ([], []), count: 3)
    let categories: [Stages.Category] = [.accepted, .rejected, .partiallyAccepted, .needsHumanReview]
    for number in 0..<400 {
      let place = Int.random(in: 0..<3, using: &random)
      let task = "task-\(min(Int.random(in: 0..<60, using: &random), Int.random(in: 0..<60, using: &random)))"
      let answer = Int.random(in: 0..<150, using: &random)
      let text = "Answer \(answer)." + String(repeating: " na", count: answer % 40)
      if number.isMultiple(of: 9) {
        let row = FirewallPlant.comparison(a: .string(text), b: .string(number % 2 == 0 ? "Worse." : text))
        partitions[place].evidence.append(identified(row, "c\(number)", task: task))
        continue
      }
      let evidence = FirewallPlant.evidence("r\(number)", task: task, text: .string(text))
      partitions[place].evidence.append(evidence)
      partitions[place].scored.append(
        FirewallPlant.scored("r\(number)", categories[Int.random(in: 0..<categories.count, using: &random)]))
    }
    return partitions.map { FirewallPlant.partition($0.scored, $0.evidence) }
  }

  private func identified(_ row: JSON, _ id: String, task: String) -> JSON {
    let named = FirewallPlant.with(FirewallPlant.with(row, "run_id", .string(id)), "task_id", .string(task))
    return FirewallPlant.with(named, "provenance", FirewallPlant.evidence(id)["provenance"] ?? .null)
  }

  @Test func `the rows and their order are the same whatever a part may hold`() throws {
    let partitions = partitions
    for maximum in [2, 1000] as [Int64] {
      let whole = try actions.preference(partitions, maximum: maximum)
      #expect(whole.shards == 1 && whole.rows.count > 60)
      #expect(Set(whole.reasons) == ["invalid_preference_pairing", "self_pairing"])
      var most = 0
      for bytes in [1, 50, 300, 2_000, 20_000] as [Int64] {
        let parted = try actions.preference(partitions, maximum: maximum, shardBytes: bytes)
        #expect(parted.rows == whole.rows && parted.quarantine == whole.quarantine, "\(bytes) bytes")
        most = max(most, parted.shards)
        if bytes == 1 {
          // A part for each pair.
          #expect(parted.shards == whole.rows.count + whole.reasons.filter { $0 == "self_pairing" }.count)
        }
      }
      #expect(most > 60)
    }
  }

  @Test func `the rows and their order are the same into however many buckets the tasks are parted`() throws {
    let partitions = partitions
    let whole = try actions.preference(partitions, maximum: 2)
    for bits in [1, 3, 6, 16] {
      for bytes in [300, 16 << 20] as [Int64] {
        let parted = try actions.preference(
          partitions, maximum: 2, shardBytes: bytes, buckets: HashBuckets(bits: bits))
        #expect(parted.rows == whole.rows && parted.quarantine == whole.quarantine, "\(bits) bits, \(bytes) bytes")
        // A bucket for each task, nearly; without rows there is none.
        if bits == 16 { #expect(parted.shards > 30) }
      }
    }
  }

  @Test func `one more run changes the candidates of one bucket`() throws {
    func candidates(_ count: Int) throws -> [String: [UInt8]] {
      let rows = (0..<count).map { ("r\($0)", task: "task-\($0)") }
      let partition = FirewallPlant.partition(
        rows.map { FirewallPlant.scored($0.0, .accepted) },
        rows.map { FirewallPlant.evidence($0.0, task: $0.task, text: .string("Answer of \($0.0).")) })
      let inputs = ["scored/0": partition.scored, "evidence/0": partition.evidence]
      return try actions.run("preference.map/2", ["bucket_bits": 4], inputs).outputs
        .filter { $0.key.hasPrefix("candidates/") }
    }
    let (before, after) = (try candidates(200), try candidates(201))
    #expect(before.count == 16)
    #expect(after.filter { before[$0.key] != $0.value }.count == 1)
  }

  @Test func `what is small has one bucket, then there are four times as many, and hashes stay in order`() {
    #expect([0, 10, 1 << 17].map { HashBuckets(size: $0, limit: 1 << 17).count } == [1, 1, 1])
    #expect([(1 << 17) + 1, 1 << 19, 638_600].map { HashBuckets(size: $0, limit: 1 << 17).count } == [4, 4, 16])
    #expect(HashBuckets(size: .max, limit: 1 << 17).count == 1 << 16)
    #expect(
      [1 << 14, 1 << 14 + 1, 1 << 19, 638_600].map {
        HashBuckets(size: $0, limit: 1 << 17, worthThreads: 1 << 14).count
      }
        == [1, 4, 4, 16])
    var random = SeededGenerator(seed: 8)
    let tasks = (0..<500).map { _ in Hash128(high: random.next(), low: random.next()) }.sorted()
    for bits in 0...16 {
      let buckets = HashBuckets(bits: bits)
      let places = tasks.map(buckets.bucket)
      #expect(places == places.sorted() && places.allSatisfy { (0..<buckets.count).contains($0) })
    }
  }

  @Test func `a part holds no more than it may, and one pair`() {
    var random = SeededGenerator(seed: 6)
    let pairs = (0..<5_000).map { _ in
      (task: Hash128(high: random.next(), low: 0), bytes: Int.random(in: 0..<2_000, using: &random))
    }
    .sorted { $0.task < $1.task }
    let total = pairs.reduce(0) { $0 + $1.bytes }
    for limit in [1, 10_000, 300_000, total] {
      var shards = PreferenceShards(total: total, limit: limit)
      var sums: [String: Int] = [:]
      var names: [String] = []
      for (task, bytes) in pairs {
        let name = shards.place(task, byteCount: bytes).name
        if names.last != name { names.append(name) }
        sums[name, default: 0] += bytes
      }
      // Each part is in one piece.
      #expect(Set(names).count == names.count)
      #expect(sums.values.allSatisfy { $0 < limit + 2_000 })
      // Almost 5 MB: groups of at most 2 MiB on average.
      if limit == total { #expect(names == (0..<4).map { "\($0).0" }) }
    }
  }

  @Test func `few pairs are one part, and more are parted among threads before a part is full`() {
    func count(_ total: Int) -> Int {
      var shards = PreferenceShards(total: total, limit: PreferenceShards.defaultLimit)
      let tasks = (0..<64).map { Hash128(high: UInt64($0) << 58, low: 0) }
      return Set(tasks.map { shards.place($0, byteCount: total / 64).name }).count
    }
    #expect([2 << 20, 3 << 20, 20 << 20, 100 << 20, 256 << 20, 300 << 20].map(count) == [1, 2, 16, 16, 16, 32])
  }

  @Test func `the parts of other tasks stay when a task grows`() {
    var random = SeededGenerator(seed: 7)
    let tasks = (0..<2_000).map { _ in Hash128(high: random.next(), low: 0) }.sorted()
    func places(_ grown: Int, by bytes: Int) -> [String] {
      let sizes = tasks.indices.map { $0 == grown ? 1_000 + bytes : 1_000 }
      var shards = PreferenceShards(total: 1_500_000, limit: 100_000)
      return tasks.indices.map { shards.place(tasks[$0], byteCount: sizes[$0]).name }
    }
    let (before, after) = (places(700, by: 0), places(700, by: 90_000))
    let moved = before.indices.filter { before[$0] != after[$0] }
    #expect(!moved.isEmpty && moved.count < 200)
  }
}
