import JSONTape
import Receipts

/// The fragments that an exporter maps over: each scored one with its evidence.
enum ExportInputs {
  /// Evidence and scored partitions stand under the same relative path, and their fragments correspond where both are known
  /// (they were made one from the other); else the partitions correspond as a whole.
  static func fragments(_ inputs: [StageInput]) -> [Overlaid] {
    let evidence = Dictionary(
      inputs.filter { $0.producer == .buildEvidence }.map { (Layout.scoredRuns(forEvidence: $0.path), $0) },
      uniquingKeysWith: { first, _ in first })
    let facts = inputs.filter { $0.path == Layout.repositoryFacts }.map { whole($0, "facts") }
    var fragments: [Overlaid] = []
    for scored in inputs where scored.producer == .score {
      guard let partner = evidence[scored.path] else {
        fragments.append(Overlaid(inputs: [whole(scored, "scored")] + facts))
        continue
      }
      let sources = partner.fragments
      let rows = scored.fragments
      if sources.count == rows.count {
        for (source, row) in zip(sources, rows) {
          fragments.append(Overlaid(inputs: [part(row, "scored"), part(source, "evidence")] + facts))
        }
      } else {
        fragments.append(Overlaid(inputs: [whole(scored, "scored"), whole(partner, "evidence")] + facts))
      }
    }
    return fragments
  }

  private static func part(_ fragment: Fragment, _ name: String) -> ActionInput {
    ActionInput(name: name, digest: fragment.digest, byteCount: fragment.byteCount)
  }

  private static func whole(_ input: StageInput, _ name: String) -> ActionInput {
    ActionInput(name: name, digest: input.digest, byteCount: input.byteCount)
  }

  static func reads(_ path: RelativePath) -> Bool {
    path.string.hasPrefix(Layout.evidence) || path.string.hasPrefix(Layout.scored)
  }

  static func scoredCount(_ inputs: [StageInput]) -> Int64 {
    inputs.filter { $0.producer == .score }.reduce(0) { total, input in
      total + input.fragments.reduce(0) { $0 + Int64($1.recordCount) }
    }
  }
}
