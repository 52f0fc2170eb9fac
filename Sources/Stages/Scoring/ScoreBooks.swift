import JSONTape
import Receipts

/// What a group of fragments came to.
struct ScoreBooks {
  var evidence: Int64 = 0
  var judgements: Int64 = 0
  var comparisons: Int64 = 0
  var quarantined: Int64 = 0
  var stale: Int64 = 0
  var lost: Int64 = 0
  var staleExamples: [JSON] = []
  private var byCategory = [Int64](repeating: 0, count: Category.allCases.count)
  private var byRule = [Int64](repeating: 0, count: RuleID.allCases.count)
  private var byJudge = NameCounter()
  /// Of each category, the sources.
  private var bySource = Category.allCases.map { _ in NameCounter() }
  private let name = ByteBuffer(capacity: 64)

  mutating func count(_ decision: Decision, _ judge: Judge, _ row: EvidenceRow) {
    byCategory[decision.category.code] += 1
    byRule[decision.rule.code] += 1
    name.removeAll()
    judge.appendKind(row, to: name)
    byJudge.add(name.bytes)
    if let source = row.reader.text(row.source) {
      name.removeAll()
      bySource[decision.category.code].add(source.text(name))
    }
  }

  var json: JSON {
    var tally = Tally()
    for (category, count) in zip(Category.allCases, byCategory) where count > 0 {
      tally.add("by_category", category.rawValue, count)
    }
    for (rule, count) in zip(RuleID.allCases, byRule) where count > 0 { tally.add("by_rule", rule.rawValue, count) }
    byJudge.add(to: &tally, "by_judge")
    for (category, sources) in zip(Category.allCases, bySource) {
      var own = Tally()
      sources.add(to: &own, "")
      for source in own.names("") { tally.add("by_source", "\(source)/\(category.rawValue)", own["", source]) }
    }
    if quarantined > 0 { tally.add("by_reason", Reason.schemaViolation.rawValue, quarantined) }
    return [
      "evidence": .integer(evidence), "scored": .integer(byCategory.reduce(0, +)), "judgements": .integer(judgements),
      "comparisons": .integer(comparisons), "quarantined": .integer(quarantined), "stale": .integer(stale),
      "lost": .integer(lost), "by_category": tally.json("by_category"), "by_rule": tally.json("by_rule"),
      "by_judge": tally.json("by_judge"), "by_reason": tally.json("by_reason"),
      "by_source": tally.json("by_source"), "stale_examples": .array(staleExamples),
    ]
  }
}
