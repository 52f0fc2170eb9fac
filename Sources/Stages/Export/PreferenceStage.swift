import JSONTape
import Receipts

/// `export-preference`: pairs of runs of one task.
///
/// The map hashes texts; the pairing sees hashes only, a bucket of tasks at a time, and parts its plan into shards; the
/// texts of runs that pair are gathered for each shard. No step holds all hashes, nor the texts of all runs or pairs.
public struct PreferenceStage: Stage {
  public let name: StageName = .exportPreference
  public let upstream: [StageName] = [.buildEvidence, .score]
  public let function = "export-preference/1"
  public let parameters: JSON
  private let context: ExportContext
  /// See `UniqueSearch`.
  var uniqueLimit = UniqueSearch.defaultLimit

  public init(_ options: ExportOptions, _ context: ExportContext) {
    self.context = context
    parameters = [
      "max_pairs_per_task": .integer(Int64(options.maxPairsPerTask)), "holdout": options.holdout?.json ?? .null,
    ]
  }

  /// Records of evidence in a bucket of tasks on average: with rows of 80 bytes some 10 MB of one pairing.
  private static let bucketLimit = 1 << 17
  /// Some 15 ms of pairing.
  private static let worthThreads = 1 << 14

  public var derivedInput: DerivedInput? { context.facts }

  public func sourceFiles() throws -> [RelativePath] { context.sourceFiles }

  public func reads(_ path: RelativePath) -> Bool { ExportInputs.reads(path) }

  public func owns(_ path: RelativePath) -> Bool {
    path == Layout.preference || path == Layout.quarantine("preference")
  }

  public func build(_ run: borrowing StageRun) throws -> StageOutcome {
    let holdout = try ExportInputs.holdout(context.holdout, run)
    // A step that writes little may read two chunks; and the fewer groups there are, the fewer files are gathered for a
    // shard.
    let groups = ExportInputs.groups(
      run.inputs, common: holdout.common, size: 2 * run.chunkSize, least: run.chunkSize)
    let actions = PreferenceActions(
      groups: groups,
      buckets: HashBuckets(
        size: Int(ExportInputs.evidenceCount(run.inputs)), limit: Self.bucketLimit, worthThreads: Self.worthThreads),
      maximum: parameters["max_pairs_per_task"] ?? .integer(1))
    let maps = actions.maps
    var results = try run.execute(
      maps, places: FragmentPlaces { $1 == "quarantine" ? Layout.quarantine("preference") : nil })
    let pairings = actions.pairings(results)
    let paired = try run.execute(pairings.map(\.action))
    let found = NumberedOutputs(paired, numbers: pairings.map(\.bucket))
    results = try Overlays.rerun(maps, results, in: run) { found.inputs("contested/\($0)", as: "contested").inputs }
    let gathers = actions.gathers(found)
    let gathered = NumberedOutputs(try run.execute(gathers.map(\.action)), numbers: gathers.map(\.group))
    let emissions = actions.emissions(zip(pairings, paired).map { ($0.bucket, $1) }, gathered)
    var emitted = try run.execute(
      emissions, places: FragmentPlaces(areReadAlone: false) { $1 == "preference" ? Layout.preference : nil })
    let unique = try UniqueSearch(dedupe: .null, comparesTexts: false, limit: uniqueLimit).search(emitted, in: run)
    emitted = try Overlays.rerun(emissions, emitted, in: run) {
      unique.overlays.inputs("overlay/\($0)", as: "overlay").inputs
    }
    var pairs = Tally()
    for result in paired {
      for name in PreferencePair.counts { pairs.increment(name, by: result.counts[name]?.integer ?? 0) }
    }
    var stageOutcome = outcome(run.inputs, results, pairs, emitted, lengths: unique.lengths)
    stageOutcome.inputRecords = holdout.records
    return stageOutcome
  }

  private func outcome(
    _ inputs: [StageInput], _ results: [ActionResult], _ pairs: Tally, _ emitted: [ActionResult], lengths: JSON
  ) -> StageOutcome {
    var tally = Tally()
    for result in results {
      for term in ["scored", "quarantined", "not_candidate"] {
        tally.increment(term, by: result.counts[term]?.integer ?? 0)
      }
      tally.add("by_reason", from: result.counts)
      for term in ["comparisons", "comparisons_quarantined", "comparisons_without_winner"] {
        tally.increment(term, by: result.counts[term]?.integer ?? 0)
      }
      tally.add("by_reason", from: ["by_reason": result.counts["comparisons_by_reason"] ?? .object([:])])
    }
    for shard in emitted {
      for term in ["exported", "pairs_quarantined"] {
        tally.increment(term, by: shard.counts[term]?.integer ?? 0)
      }
      for table in ["by_reason", "by_preference", "by_sides", "by_model"] { tally.add(table, from: shard.counts) }
    }
    func fate(_ name: String) -> Int64 { pairs.count(name) }
    let notCandidate = tally.count("not_candidate") + fate("not_candidate")
    let exported = tally.count("exported")
    let books = Books(
      "scored = quarantined + not a candidate + without partner + used + over the cap", tally.count("scored"),
      [
        ("quarantined", tally.count("quarantined")), ("not a candidate", notCandidate),
        ("without partner", fate("without_partner")), ("used", fate("used")), ("over the cap", fate("over_cap")),
      ])
    let quarantined = tally.count("pairs_quarantined")
    let comparisons = Books(
      "comparisons = without winner + quarantined + over the cap + planned", tally.count("comparisons"),
      [
        ("without winner", tally.count("comparisons_without_winner")),
        ("quarantined", tally.count("comparisons_quarantined")), ("over the cap", fate("comparisons_over_cap")),
        ("planned", fate("comparisons_planned")),
      ])
    let planned = Books(
      "planned pairs = exported + quarantined pairs", fate("pairs") + fate("self_pairs"),
      [("exported", exported), ("quarantined pairs", quarantined)])
    return StageOutcome(
      outputs: [
        PlannedOutput(path: Layout.preference, fragments: SampleStage.fragments(emitted, "preference")),
        PlannedOutput(
          path: Layout.quarantine("preference"),
          fragments: SampleStage.fragments(results, "quarantine")
            + SampleStage.fragments(results, "comparison-quarantine") + SampleStage.fragments(emitted, "quarantine")),
      ],
      recordCounts: [
        "scored": .integer(tally.count("scored")), "quarantined": .integer(tally.count("quarantined")),
        "not_candidate": .integer(notCandidate), "without_partner": .integer(fate("without_partner")),
        "used": .integer(fate("used")), "over_cap": .integer(fate("over_cap")), "exported": .integer(exported),
        "pairs_quarantined": .integer(quarantined), "comparisons": .integer(tally.count("comparisons")),
        "comparisons_without_winner": .integer(tally.count("comparisons_without_winner")),
        "comparisons_quarantined": .integer(tally.count("comparisons_quarantined")),
        "comparisons_over_cap": .integer(fate("comparisons_over_cap")), "by_reason": tally.json("by_reason"),
        "by_preference": tally.json("by_preference"),
      ],
      summary: [
        "tasks": .integer(fate("tasks_with_pairs")), "models": tally.json("by_model"),
        "lengths": lengths, "contested_texts": .integer(fate("contested_texts")),
        "contested_runs": .integer(fate("contested")),
      ],
      checks: [
        books.check("books-balance"), comparisons.check("comparisons-balance"), planned.check("pairs-balance"),
        Books(
          "every scored run was read", ExportInputs.scoredCount(inputs), [("scored", tally.count("scored"))]
        ).check("all-read"),
        Self.categories(tally),
      ])
  }

  /// What a pair of each reason may be made of. Comparisons have no category.
  private static let sides: [PreferenceReason: String] = [
    .acceptedOverRejected: "accepted over rejected",
    .acceptedOverPartiallyAccepted: "accepted over partially_accepted", .preferred: "unjudged over unjudged",
  ]

  /// A pair with a side of a category that it may not have fails the stage, whatever let it through.
  private static func categories(_ tally: Tally) -> Receipt.Check {
    let allowed = Set(sides.map { "\($0.key.rawValue): \($0.value)" })
    let found = tally.names("by_sides")
    return Receipt.Check(
      "categories-allowed", pass: found.allSatisfy(allowed.contains),
      facts: found.map { "\($0): \(tally["by_sides", $0])" })
  }
}
