import JSONTape
import Receipts

/// `score`: every run gets a category.
///
/// Each group of fragments of evidence is scored by itself. Where there are judgements, or extractions, a join over all of them
/// finds what belongs together, and only the groups that it concerns are scored again with what it found.
public struct ScoreStage: Stage {
  public let name: StageName = "score"
  public let upstream: [StageName] = [.buildEvidence]
  public let function = "score/1"
  public let parameters: JSON

  public init(configuration: Configuration) {
    self.init(thresholds: ThresholdTable.parameters(of: configuration.sources))
  }

  /// - Parameter thresholds: as its `parameters` have them.
  init(thresholds: JSON) {
    parameters = ["thresholds": thresholds, "scorer_version": .integer(Rule.version)]
  }

  public func reads(_ path: RelativePath) -> Bool { path.string.hasPrefix(Layout.evidence) }

  public func owns(_ path: RelativePath) -> Bool {
    path.string.hasPrefix(Layout.scored) || path == Layout.quarantine("score")
  }

  public func build(_ run: borrowing StageRun) throws -> StageOutcome {
    let fragments = run.inputs.flatMap { input in input.fragments.map { (path: input.path, fragment: $0) } }
    let groups = FragmentGroups.cut(fragments.map { ($0.path, $0.fragment.byteCount) }, size: run.chunkSize)
    let inputs = groups.map { group in
      Overlaid(inputs: fragments[group].enumerated().map { ActionInput("evidence/\($0)", $1.fragment) })
    }
    let scoring = OverlaidMap(
      function: ScoreMap.function.name, parameters: ["thresholds": parameters["thresholds"] ?? .null])
    let paths = groups.map { group in fragments[group].map { Layout.scoredRuns(forEvidence: $0.path) } }
    let places = FragmentPlaces { group, output in
      if output == "quarantine" { return Layout.quarantine("score") }
      guard output.hasPrefix("scored/"), let fragment = Int(output.dropFirst("scored/".count)) else { return nil }
      return paths[group][fragment]
    }
    var results = try scoring.run(inputs, in: run, places: places)

    var joined: JSON = .object([:])
    var current = inputs
    if results.contains(where: { $0.output("judgements") != nil }) {
      let join = try run.execute([
        Self.join(JudgementJoin.function.name, results, tables: ["runs", "judgements"])
      ])[0]
      joined = join.counts
      (current, results) = try scoring.rerun(current, results, overlays: join, named: "judgements", in: run)
    }
    if results.contains(where: { $0.output("extractions") != nil }) {
      let join = try run.execute([Self.join(ParentJoin.function.name, results, tables: ["runs", "extractions"])])[0]
      (current, results) = try scoring.rerun(current, results, overlays: join, named: "parents", in: run)
    }
    return outcome(run.inputs, zip(groups, results).map { ($0, $1) }, joined)
  }

  private static func join(_ function: String, _ results: [ActionResult], tables: [String]) -> Action {
    var inputs: [ActionInput] = []
    for (index, result) in results.enumerated() {
      for table in tables {
        guard let output = result.output(table), output.byteCount > 0 else { continue }
        inputs.append(ActionInput(name: "\(table)/\(index)", digest: output.digest, byteCount: output.byteCount))
      }
    }
    return Action(
      function: function, parameters: ["fragments": .integer(Int64(results.count))], inputs: inputs)
  }

  private func outcome(
    _ inputs: [StageInput], _ groups: [(range: Range<Int>, result: ActionResult)], _ joined: JSON
  ) -> StageOutcome {
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
    let terms = ["evidence", "scored", "judgements", "comparisons", "quarantined", "stale"]
    let tables = ["by_category", "by_rule", "by_judge", "by_reason", "by_source"]
    for result in results {
      for term in terms { tally.increment(term, by: result.counts[term]?.integer ?? 0) }
      for table in tables { tally.add(table, from: result.counts) }
      stale += result.counts["stale_examples"]?.array ?? []
    }
    let unmatched = joined["unmatched"]?.integer ?? 0
    let counts: JSON = [
      "evidence": .integer(tally.count("evidence")), "scored": .integer(tally.count("scored")),
      "judgements": .integer(tally.count("judgements")), "comparisons": .integer(tally.count("comparisons")),
      "quarantined": .integer(tally.count("quarantined")),
      "judgements_matched": .integer((joined["matched"]?.integer ?? 0) - tally.count("stale")),
      "judgements_unmatched": .integer(unmatched + tally.count("stale")),
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
    return StageOutcome(
      outputs: outputs, recordCounts: counts,
      summary: [
        "unmatched_examples": joined["examples"] ?? .array([]), "stale_examples": .array(Array(stale.prefix(5))),
      ],
      checks: [
        books.check("books-balance"),
        Books("every evidence row was read", upstream, [("evidence", tally.count("evidence"))]).check("all-read"),
        Books.allWritten(outputs, tally.count("scored") + tally.count("quarantined")),
      ])
  }
}
