import JSONTape
import Receipts

/// `score`: every run gets a category.
///
/// What judgements say is found first (see `JudgementPass`); then each group of fragments of evidence is scored by
/// itself. Only groups with extractions whose parents a join over all groups found are scored again.
public struct ScoreStage: Stage {
  public let name: StageName = .score
  public let upstream: [StageName] = [.buildEvidence]
  public let function = "score/2"
  public let parameters: JSON
  /// Says what need not be looked for. Changes no output, so it is no parameter.
  private let kinds: PartitionKinds
  /// What a bucket of a join may have on average, in bytes.
  var joinLimit = 32 << 20

  public init(configuration: Configuration) {
    self.init(
      sources: configuration.sources, thresholds: ThresholdTable.parameters(of: configuration.sources))
  }

  /// - Parameter thresholds: as its `parameters` have them.
  init(sources: [Source], thresholds: JSON) {
    kinds = PartitionKinds(sources)
    parameters = ["thresholds": thresholds, "scorer_version": .integer(Rule.version)]
  }

  public func reads(_ path: RelativePath) -> Bool { path.string.hasPrefix(Layout.evidence) }

  public func owns(_ path: RelativePath) -> Bool {
    Layout.isPartition(path, below: Layout.scored) || path == Layout.quarantine("score")
  }

  public func build(_ run: borrowing StageRun) throws -> StageOutcome {
    let groups = ScoringGroups(run.inputs, kinds, size: run.chunkSize)
    let judgements = try JudgementPass(groups, kinds, joinLimit: joinLimit, in: run)
    let buckets: HashBuckets? =
      kinds.has(.extraction) || groups.members.contains { $0.kinds.contains(.extraction) }
      ? HashBuckets(size: groups.recordCount { _ in true } * 2 * ScoreMap.runRowWidth, limit: joinLimit) : nil
    let slice: JSON = [
      "thresholds": parameters["thresholds"] ?? .null, "parent_bits": buckets?.parameter ?? .null,
    ]
    let actions = groups.groups.indices.map { group in
      Action(
        function: ScoreMap.function.name, parameters: slice,
        inputs: groups.inputs(of: group).map(\.input) + (judgements.overlays[group] ?? []))
    }
    let paths = groups.groups.map { groups.members[$0].map { Layout.scoredRuns(forEvidence: $0.path) } }
    let places = FragmentPlaces { group, output in
      if output == "quarantine" { return Layout.quarantine("score") }
      guard output.hasPrefix("scored/"), let fragment = Int(output.dropFirst("scored/".count)) else { return nil }
      return paths[group][fragment]
    }
    var results = try run.execute(actions, places: places)
    if let buckets { try applyParents(buckets, actions, &results, run) }
    return try outcome(run.inputs, zip(groups.groups, results).map { ($0, $1) }, judgements)
  }

  /// Scores the groups again that hold extractions with parents.
  private func applyParents(
    _ buckets: HashBuckets, _ actions: [Action], _ results: inout [ActionResult], _ run: borrowing StageRun
  ) throws {
    let numbered = results.enumerated().map { ($0, $1) }
    let joins = try run.execute(
      TableJoin.actions(
        ParentJoin.function.name, buckets,
        asking: TableJoin.Tables("extractions", numbered, count: results.count),
        answering: TableJoin.Tables("runs", numbered, count: results.count)))
    let overlays = TableJoin.overlays(joins, named: "parents").sorted { $0.key < $1.key }
    let again = overlays.map { group, inputs in
      var action = actions[group]
      action.inputs += inputs
      return action
    }
    for (group, result) in zip(overlays.map(\.key), try run.execute(again)) { results[group] = result }
  }

  private func outcome(
    _ inputs: [StageInput], _ groups: [(range: Range<Int>, result: ActionResult)], _ judgements: JudgementPass
  ) throws -> StageOutcome {
    let results = groups.map(\.result)
    // Empty ones too: an exporter takes evidence and scored runs fragment by fragment.
    var scored = groups.flatMap { group in (0..<group.range.count).map { group.result.output("scored/\($0)") } }[...]
    var outputs = inputs.map { input in
      PlannedOutput(
        path: Layout.scoredRuns(forEvidence: input.path),
        fragments: input.fragments.compactMap { evidence in
          scored.popFirst()?.map { Fragment($0, origin: evidence.digest) }
        })
    }
    outputs.append(
      PlannedOutput(
        path: Layout.quarantine("score"), fragments: results.compactMap { $0.output("quarantine").map { Fragment($0) } }
      ))

    var tally = Tally()
    var stale: [JSON] = []
    let terms = ["evidence", "scored", "judgements", "comparisons", "quarantined", "stale", "lost"]
    let tables = ["by_category", "by_rule", "by_judge", "by_reason", "by_source"]
    for result in results {
      for term in terms { tally.increment(term, by: result.counts[term]?.integer ?? 0) }
      for table in tables { tally.add(table, from: result.counts) }
      stale += result.counts["stale_examples"]?.array ?? []
    }
    guard tally.count("judgements") == judgements.count else {
      throw DistillError(.internalFault, "there is a judgement, and no source that has some")
    }
    // A judgement is of no use where its run's text is another one, or its row no run after all.
    let unused = tally.count("stale") + tally.count("lost")
    let counts: JSON = [
      "evidence": .integer(tally.count("evidence")), "scored": .integer(tally.count("scored")),
      "judgements": .integer(tally.count("judgements")), "comparisons": .integer(tally.count("comparisons")),
      "quarantined": .integer(tally.count("quarantined")),
      "judgements_matched": .integer(judgements.matched - unused),
      "judgements_unmatched": .integer(judgements.unmatched + unused),
      "judgements_stale": .integer(tally.count("stale")),
      "by_category": tally.json("by_category"), "by_rule": tally.json("by_rule"), "by_judge": tally.json("by_judge"),
      "by_reason": tally.json("by_reason"), "by_source": tally.nested("by_source"),
    ]
    let books = Books(
      "evidence = scored + judgements + comparisons + quarantined", tally.count("evidence"),
      [
        ("scored", tally.count("scored")), ("judgements", tally.count("judgements")),
        ("comparisons", tally.count("comparisons")), ("quarantined", tally.count("quarantined")),
      ])
    let upstream = inputs.reduce(Int64(0)) { total, input in
      total + input.fragments.reduce(0) { $0 + Int64($1.recordCount) }
    }
    var outcome = StageOutcome(
      outputs: outputs, recordCounts: counts,
      summary: [
        "unmatched_examples": .array(judgements.examples), "stale_examples": .array(Array(stale.prefix(5))),
      ],
      checks: [
        books.check("books-balance"),
        Books("every evidence row was read", upstream, [("evidence", tally.count("evidence"))]).check("all-read"),
        Books.allWritten(outputs, tally.count("scored") + tally.count("quarantined")),
      ])
    let unheard = judgements.unmatched + unused
    if unheard > 0 {
      let example = (judgements.examples.first ?? stale.first).map {
        ", such as \($0["source_file"]?.string ?? ""):\(($0["line"]?.integer ?? 0).addingSaturated(1))"
      }
      outcome.warnings.append(
        "\(unheard) of \(judgements.count) judgements are about no run that is there, or about another text of it"
          + (example ?? ""))
    }
    return outcome
  }
}
