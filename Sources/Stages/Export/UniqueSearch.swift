import JSONTape
import Receipts

/// What can only be decided and counted over all samples of an export: which of them an earlier one is the same as, and
/// the numbers of the report.
///
/// The tables of all fragments are parted into buckets, and each bucket is looked at by itself, so that no step holds
/// more than some megabytes. Samples of one id are in one bucket, as are samples of the same texts where those are
/// looked for: a bucket by texts holds all of an id because the same record gives the same texts. Where sources make
/// different texts of the same record that is not so; then all samples are looked at together.
struct UniqueSearch {
  let dedupe: JSON
  /// Are samples looked for that say the same?
  let comparesTexts: Bool
  /// Of rows in a bucket on average, in bytes. Sets of what was seen take about as much again, twice.
  static let defaultLimit = 8 << 20
  let limit: Int

  /// Groups and buckets that there are at least, so that all threads have some, unless these would be smaller than a
  /// piece should be, in bytes.
  private static let pieces = 4
  private static let leastPiece = 512 << 10

  struct Found {
    /// `overlay/<i>` of fragments in which there is something to stop.
    var overlays: NumberedOutputs
    var repeated: Int64
    var tasks: Int64
    var lengths: JSON
  }

  /// - Parameter results: of the fragments; each may have an output `samples`.
  func search(_ results: [ActionResult], in run: borrowing StageRun) throws -> Found {
    let tables = results.map { $0.output("samples") }
    let byteCounts = tables.map { $0?.byteCount ?? 0 }
    let size = byteCounts.reduce(0, +)
    let piece = max(Self.leastPiece, size / Self.pieces)
    let groups = TableGroups.cut(byteCounts, size: min(run.chunkSize, piece))
    var buckets = HashBuckets(size: size, limit: min(limit, piece))
    var parts = try part(tables, groups, buckets, run)
    if comparesTexts, buckets.count > 1, try straddle(parts, buckets, run) {
      buckets = HashBuckets(bits: 0)
      parts = try part(tables, groups, buckets, run)
    }
    let unique = try run.execute(
      (0..<buckets.count).map { parts.named("samples/\($0)") }.filter { !$0.isEmpty }.map { samples in
        Action(
          function: UniqueReduce.function.name,
          parameters: [
            "bits": buckets.parameter, "dedupe": dedupe,
            "firsts": .array(samples.map { .integer(Int64(groups[$0.number].lowerBound)) }),
          ], inputs: samples.map(\.output).numbered)
      })
    let found = NumberedOutputs(unique)
    let lengths = Action(
      function: LengthTotals.function.name, parameters: [:], inputs: found.named("lengths").map(\.output).numbered)
    let tasks = (0..<buckets.count).map { found.named("tasks/\($0)") }.filter { !$0.isEmpty }.map {
      Action(function: TaskTotals.function.name, parameters: [:], inputs: $0.map(\.output).numbered)
    }
    let totals = try run.execute([lengths] + tasks)
    return Found(
      overlays: found, repeated: unique.total("repeated"), tasks: totals.total("tasks"),
      lengths: totals[0].counts["lengths"] ?? .null)
  }

  private func part(
    _ tables: [ActionOutput?], _ groups: [Range<Int>], _ buckets: HashBuckets, _ run: borrowing StageRun
  ) throws -> NumberedOutputs {
    NumberedOutputs(
      try run.execute(
        groups.map { group in
          Action(
            function: SampleParts.function.name,
            parameters: [
              "bits": buckets.parameter, "by": comparesTexts ? "texts" : "id",
              "fragments": .integer(Int64(group.count)),
            ],
            inputs: zip(0..., tables[group]).compactMap { number, table in
              guard let table, table.byteCount > 0 else { return nil }
              return ActionInput(name: String(number), digest: table.digest, byteCount: table.byteCount)
            })
        }))
  }

  private func straddle(_ parts: NumberedOutputs, _ buckets: HashBuckets, _ run: borrowing StageRun) throws -> Bool {
    try run.execute(
      (0..<buckets.count).map {
        Action(
          function: StraddlingIDs.function.name, parameters: [:],
          inputs: parts.named("ids/\($0)").map(\.output).numbered)
      }
    ).total("straddling") > 0
  }
}

extension [ActionOutput] {
  /// As the inputs "0", "1", … of an action.
  var numbered: [ActionInput] {
    enumerated().map { ActionInput(name: String($0), digest: $1.digest, byteCount: $1.byteCount) }
  }
}

extension [ActionResult] {
  fileprivate func total(_ name: String) -> Int64 { reduce(0) { $0 + ($1.counts[name]?.integer ?? 0) } }
}
