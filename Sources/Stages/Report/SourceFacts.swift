import JSONTape
import Receipts

/// What became of each source, from its raw records to its categories.
enum SourceFacts {
  private static let terms = [
    "read", "mapped_to_nothing", "quarantined", "pending", "duplicates", "written",
  ]

  /// By name. A source without scored runs has zeros.
  static func sources(_ records: [StageRecord]) -> JSON {
    let evidence = records.core(.buildEvidence)?.recordCounts.members("by_source") ?? [:]
    let scored = records.core(.score)?.recordCounts.members("by_source") ?? [:]
    let lookups = records.core(.buildEvidence)?.summary.members("lookups_missing") ?? [:]
    let names = Set(evidence.keys).union(scored.keys).sorted()
    return .array(
      names.map { name in
        var source: JSONObject = ["source": .string(name)]
        for term in terms { source[term] = .integer(evidence[name]?.figure(term) ?? 0) }
        if let missing = lookups[name] { source["lookups_missing"] = missing }
        source["categories"] = .object(
          JSONObject(Category.allCases.map { ($0.rawValue, .integer(scored[name]?.figure($0.rawValue) ?? 0)) }))
        return .object(source)
      })
  }

  /// In how many of a source's evidence records each field that it maps holds something.
  static func fields(_ records: [StageRecord]) -> JSON {
    guard let core = records.core(.buildEvidence) else { return [] }
    return .array(
      core.summary.members("fields").sorted { $0.key < $1.key }.map { name, counts in
        [
          "source": .string(name), "written": .integer(core.recordCounts.figure("by_source", name, "written")),
          "found": counts,
        ]
      })
  }
}
