import JSONTape
import Receipts

/// `export-rag` and `export-sft`: one sample a scored run that passes.
public struct SampleStage: Stage {
  public let name: StageName
  public let upstream: [StageName] = [.buildEvidence, .score]
  public let function: String
  public let parameters: JSON
  private let context: ExportContext
  private let mapFunction: String
  private let output: RelativePath
  private let outputName: String
  private let quarantine: RelativePath
  private let comparesTexts: Bool
  /// See `UniqueSearch`.
  var uniqueLimit = UniqueSearch.defaultLimit

  public static func rag(_ options: ExportOptions, _ context: ExportContext) -> SampleStage {
    SampleStage(
      name: .exportRAG, function: "export-rag/1",
      parameters: [
        "include_review": .bool(options.includeReview), "holdout": options.holdout?.json ?? .null,
      ],
      context: context, mapFunction: RagMap.function.name, output: Layout.rag, outputName: "rag",
      quarantine: Layout.quarantine("rag"), comparesTexts: false)
  }

  public static func sft(_ options: ExportOptions, _ context: ExportContext) -> SampleStage {
    SampleStage(
      name: .exportSFT, function: "export-sft/1",
      parameters: [
        "include_partial": .bool(options.includePartial), "dedupe": .string(options.dedupe.rawValue),
        "require_judge": .array(options.requireJudge.sorted().map(JSON.string)),
        "holdout": options.holdout?.json ?? .null,
      ],
      context: context, mapFunction: SftMap.function.name, output: Layout.sft, outputName: "sft",
      quarantine: Layout.quarantine("sft"), comparesTexts: true)
  }

  public var derivedInput: DerivedInput? { context.facts }

  public func sourceFiles() throws -> [RelativePath] { context.sourceFiles }

  public func reads(_ path: RelativePath) -> Bool { ExportInputs.reads(path) }

  public func owns(_ path: RelativePath) -> Bool { path == output || path == quarantine }

  public func build(_ run: borrowing StageRun) throws -> StageOutcome {
    let holdout = try ExportInputs.holdout(context.holdout, run)
    // Small ones: what an action reads and writes stays in the processor's caches until it is hashed and written. No
    // smaller than that asks for, or thousands of partitions make as many actions.
    let groups = ExportInputs.groups(
      run.inputs, common: holdout.common, size: run.chunkSize / 4, least: run.chunkSize / 8)
    var mapParameters = parameters.object ?? [:]
    // What a reduce decides over all samples, and where the held-out prompts come from, is no parameter of the map.
    mapParameters["dedupe"] = nil
    mapParameters["holdout"] = nil
    let actions = groups.map { Action(function: mapFunction, parameters: .object(mapParameters), inputs: $0) }
    let paths = [outputName: output, "quarantine": quarantine]
    var results = try run.execute(actions, places: FragmentPlaces(areReadAlone: false) { paths[$1] })
    let unique = try UniqueSearch(
      dedupe: parameters["dedupe"] ?? .null, comparesTexts: comparesTexts, limit: uniqueLimit
    ).search(results, in: run)
    results = try Overlays.rerun(actions, results, in: run) {
      unique.overlays.inputs("overlay/\($0)", as: "overlay").inputs
    }

    var tally = Tally()
    for result in results {
      for term in ExportCounts.terms { tally.increment(term, by: result.counts[term]?.integer ?? 0) }
      for table in ExportCounts.tables { tally.add(table, from: result.counts) }
    }
    let books = Books(
      "scored = exported + quarantined", tally.count("scored"),
      [("exported", tally.count("exported")), ("quarantined", tally.count("quarantined"))])
    let outputs = [
      PlannedOutput(path: output, fragments: Self.fragments(results, outputName)),
      PlannedOutput(path: quarantine, fragments: Self.fragments(results, "quarantine")),
    ]
    var summary: JSONObject = [
      "tasks": .integer(unique.tasks), "models": tally.json("by_model"), "lengths": unique.lengths,
      "repeated": .integer(unique.repeated),
    ]
    if name == .exportSFT { summary["without_messages"] = .integer(tally.count("without_messages")) }
    var outcome = StageOutcome(
      outputs: outputs,
      recordCounts: [
        "scored": .integer(tally.count("scored")), "exported": .integer(tally.count("exported")),
        "quarantined": .integer(tally.count("quarantined")), "by_reason": tally.json("by_reason"),
        "by_category": tally.json("by_category"), "by_source": tally.json("by_source"),
      ],
      summary: .object(summary),
      checks: [
        books.check("books-balance"),
        Books(
          "every scored run was read", ExportInputs.scoredCount(run.inputs), [("scored", tally.count("scored"))]
        ).check("all-read"),
        Books.allWritten(outputs, tally.count("exported") + tally.count("quarantined")),
        Self.categories(tally, allowed: allowed),
      ])
    outcome.inputRecords = holdout.records
    return outcome
  }

  private var allowed: Set<Category> {
    if name == .exportRAG {
      let review: Set<Category> = parameters["include_review"]?.bool ?? false ? [.needsHumanReview] : []
      return review.union([.accepted, .partiallyAccepted])
    }
    return parameters["include_partial"]?.bool ?? false ? [.accepted, .partiallyAccepted] : [.accepted]
  }

  /// A row of a category that this exporter may not take fails the stage, whatever let it through.
  private static func categories(_ tally: Tally, allowed: Set<Category>) -> Receipt.Check {
    let found = Category.allCases.filter { tally["by_category", $0.rawValue] > 0 }
    return Receipt.Check(
      "categories-allowed", pass: found.allSatisfy(allowed.contains),
      facts: found.map { "\($0.rawValue): \(tally["by_category", $0.rawValue])" })
  }

  static func fragments(_ results: [ActionResult], _ name: String) -> [Fragment] {
    results.compactMap { $0.output(name).map { Fragment($0) } }.filter { $0.byteCount > 0 }
  }
}
