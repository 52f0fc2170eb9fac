import JSONTape
import Receipts

/// Finds what judgements say of runs, before any is scored: so each group of fragments is scored once.
///
/// Judgements are taken out of the fragments that may hold some; of the sources that they are about, the identities of
/// runs are listed, from the ends of their rows; and both meet by identity. Nothing of this runs where no source has
/// judgements.
struct JudgementPass {
  /// Judgements that were read.
  private(set) var count: Int64 = 0
  private(set) var matched: Int64 = 0
  private(set) var unmatched: Int64 = 0
  /// Up to five of the latter.
  private(set) var examples: [JSON] = []
  /// What `score.map` is given beside the fragments of a group.
  private(set) var overlays: [Int: [ActionInput]] = [:]

  /// A row of `KeyedRows`, about.
  private static let judgementSize = 512

  init(_ groups: ScoringGroups, _ kinds: PartitionKinds, joinLimit: Int, in run: borrowing StageRun) throws {
    let judging = groups.judging
    if judging.isEmpty { return }
    func mayBeJudged(_ member: ScoringGroups.Member) -> Bool {
      !member.kinds.isDisjoint(with: [.run, .extraction]) && member.fragment.byteCount > 0
    }
    let buckets = HashBuckets(
      size: groups.recordCount { $0.kinds.contains(.verdict) } * Self.judgementSize
        + groups.recordCount(where: mayBeJudged) * IdentityMap.rowWidth, limit: joinLimit)

    let sources = Set(groups.members.filter(mayBeJudged).map(\.source))
    let collected = try run.execute(
      judging.map {
        Action(
          function: JudgementMap.function.name,
          parameters: ["bits": buckets.parameter, "sources": .array(sources.sorted().map(JSON.string))], inputs: $0)
      })
    var about = Tally()
    for result in collected {
      count += result.counts["judgements"]?.integer ?? 0
      unmatched += result.counts["unaddressed"]?.integer ?? 0
      examples += result.counts["examples"]?.array ?? []
      about.add("about", from: result.counts)
    }

    let judged = Set(about.names("about"))
    var identities: [Int: ActionResult] = [:]
    let listed = groups.groups.indices.compactMap { group -> (group: Int, action: Action)? in
      let inputs = groups.inputs(of: group) {
        mayBeJudged($0) && (judged.contains($0.source) || !kinds.isKnown($0.source))
      }
      guard count > 0, !inputs.isEmpty else { return nil }
      return (
        group,
        Action(
          function: IdentityMap.function.name,
          parameters: [
            "bits": buckets.parameter, "fragments": .array(inputs.map { .integer(Int64($0.fragment)) }),
          ], inputs: inputs.map(\.input))
      )
    }
    for (item, result) in zip(listed, try run.execute(listed.map(\.action))) { identities[item.group] = result }

    let joins = try run.execute(
      TableJoin.actions(
        JudgementJoin.function.name, buckets,
        asking: TableJoin.Tables("judgements", collected.enumerated().map { ($0, $1) }, count: collected.count),
        answering: TableJoin.Tables("runs", identities.map { ($0, $1) }, count: groups.groups.count)))
    for join in joins {
      matched += join.counts["matched"]?.integer ?? 0
      unmatched += join.counts["unmatched"]?.integer ?? 0
      examples += join.counts["examples"]?.array ?? []
    }
    examples = Array(examples.prefix(5))
    overlays = TableJoin.overlays(joins, named: "judgements")
  }
}
