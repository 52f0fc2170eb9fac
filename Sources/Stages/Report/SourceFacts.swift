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

  /// In how many of a source's evidence records each field that it maps holds something, and which fields are
  /// constants: the records have no say in those.
  static func fields(_ records: [StageRecord]) -> JSON {
    guard let core = records.core(.buildEvidence) else { return [] }
    let constants = constants(of: core)
    return .array(
      core.summary.members("fields").sorted { $0.key < $1.key }.map { name, counts in
        [
          "source": .string(name), "written": .integer(core.recordCounts.figure("by_source", name, "written")),
          "found": counts, "constants": .object(constants[name] ?? [:]),
        ]
      })
  }

  /// By source and field: the value, where every part of the source that maps the field gives it that one.
  private static func constants(of core: Receipt.Core) -> [String: JSONObject] {
    var sources: [String: JSONObject] = [:]
    for source in core.parameters.list("sources") {
      var values: [String: JSON?] = [:]
      for part in source.list("parts") {
        for (field, expression) in fields(of: part.members("map")) {
          let value = expression["const"]
          values[field] = .some(values[field, default: value] == value ? value : nil)
        }
      }
      let constants = values.compactMap { field, value in value.map { (field, $0) } }.sorted { $0.0 < $1.0 }
      sources[source.text("name")] = JSONObject(constants)
    }
    return sources
  }

  /// The fields of a map, by the names under which they are counted.
  private static func fields(of map: JSONObject) -> [(name: String, expression: JSON)] {
    let results = "validation_results"
    let isWhole = map[results]?["from"] != nil || map[results]?["jq"] != nil || map[results]?["lookup"] != nil
    return map.flatMap { name, expression in
      guard name == results, !isWhole, let entries = expression.object else { return [(name, expression)] }
      return entries.map { ("\(results).\($0.key)", $0.value) }
    }
  }
}
