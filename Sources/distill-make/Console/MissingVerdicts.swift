import JSONTape
import Receipts
import Stages

/// Why a build exported nothing, where that is because nobody said what the runs are worth.
enum MissingVerdicts {
  /// nil: it is not so.
  static func text(_ reports: [StageReport]) -> String? {
    let exports = reports.filter { Pipeline.exports.contains($0.stage) }.compactMap(\.recordCounts)
    guard !exports.isEmpty, exports.allSatisfy({ count("exported", $0) == 0 }),
      let scores = reports.first(where: { $0.stage == .score })?.recordCounts
    else { return nil }
    let scored = count("scored", scores)
    guard scored > 0, scores["by_rule"].map({ count(RuleID.noVerdict.rawValue, $0) }) == scored else { return nil }
    let sources = (scores["by_source"]?.object?.keys ?? []).sorted()
    let names = sources.prefix(5).joined(separator: ", ") + (sources.count > 5 ? ", …" : "")
    return
      "nothing was exported: no run of \(sources.count == 1 ? "source" : "sources") \(names) has a verdict; see `verdict` in distill.yaml"
  }

  private static func count(_ name: String, _ counts: JSON) -> Int64 { counts[name]?.integer ?? 0 }
}
