import JSONTape
import Receipts
import Testing

@testable import Stages

/// The random workspaces find what leaks: with a gate taken away they do.
@Suite("Random workspaces behind a firewall with a gate taken away")
struct FirewallOpenGateTests {
  private static let seeds = UInt64(0)..<20

  /// What the oracle finds among the exports, by exporter.
  private func leaks(_ removed: Set<Gate.Name>, _ builds: [RandomBuild]) throws -> [String: [String]] {
    let actions = FirewallActions(table: Pipeline.functions(behind: Firewall(removed: removed)))
    var leaks: [String: [String]] = [:]
    for build in builds {
      let (exports, oracle) = (build.oracle.workspace.exports, build.oracle)
      let more = try holdout(build, actions)
      let partitions = build.space.partitions
      let rag = try actions.samples("rag", partitions, ["include_review": .bool(exports.includeReview)], more: more)
      let sft = try actions.samples(
        "sft", partitions,
        [
          "include_partial": .bool(exports.includePartial),
          "require_judge": .array(exports.requireJudge.map(JSON.string)),
        ], dedupe: exports.dedupe.rawValue, more: more)
      let preference = try actions.preference(partitions, maximum: Int64(exports.maxPairsPerTask), more: more)
      leaks["rag", default: []] += oracle.leaks(rag: rag.rows)
      leaks["sft", default: []] += oracle.leaks(sft: sft.rows)
      leaks["preference", default: []] += oracle.leaks(preference: preference.rows)
    }
    return leaks
  }

  private func holdout(_ build: RandomBuild, _ actions: FirewallActions) throws -> [String: [UInt8]] {
    guard !build.oracle.workspace.heldOut.isEmpty else { return [:] }
    let path = "evals/held-out.jsonl"
    let table = try actions.run(
      "export.holdout/1", ["prompt": "/q", "files": [.string(path)]], ["0": build.space.bytes(path)])
    return ["holdout": table.outputs["holdout"] ?? []]
  }

  /// What a gate stops, by the exporters that would take it. Blank texts are stopped by the samples' schema, too.
  private static let needed: [(removed: Set<Gate.Name>, exporters: [String])] = [
    ([.category], ["rag", "sft"]), ([.holdout], ["rag", "sft", "preference"]), ([.content, .sample], ["rag"]),
    ([.duplicate], ["sft"]), ([.contested], ["preference"]), ([.selfPairing], ["preference"]),
  ]

  @Test("nothing leaks with all gates, and something does without one")
  func gates() throws {
    let builds = try Self.seeds.compactMap { try RandomBuild.make(RandomWorkspace(seed: $0), "seed \($0)") }
    #expect(try leaks([], builds).values.allSatisfy(\.isEmpty))
    for (removed, exporters) in Self.needed {
      let leaks = try leaks(removed, builds)
      for exporter in exporters { #expect(leaks[exporter]?.isEmpty == false, "\(exporter) without \(removed)") }
    }
  }

  @Test("without the category gate the stages' own checks and schemas let no such row be published")
  func validation() throws {
    var failed = 0
    for seed in Self.seeds.prefix(10) {
      let random = RandomWorkspace(seed: seed, .init(hasDamage: false))
      let oracle = FirewallOracle(random)
      let space = try FirewallWorkspace(random.configuration, try random.contents())
      failed += try space.build(behind: Firewall(removed: [.category])).count { !$0.isGood }
      func categories(_ path: RelativePath) throws -> Set<Category?> {
        Set(try space.rows(path.string).map { oracle.runs[oracle.place($0["provenance"])]?.category })
      }
      let review: Set<Category?> = random.exports.includeReview ? [.needsHumanReview] : []
      let partial: Set<Category?> = random.exports.includePartial ? [.partiallyAccepted] : []
      #expect(try categories(Layout.rag).isSubset(of: review.union([.accepted, .partiallyAccepted])), "seed \(seed)")
      #expect(try categories(Layout.sft).isSubset(of: partial.union([.accepted])), "seed \(seed)")
    }
    #expect(failed > 0)
  }
}
