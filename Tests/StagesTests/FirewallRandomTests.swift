import JSONTape
import Receipts
import Testing

@testable import Stages

@Suite("The firewall over random workspaces")
struct FirewallRandomTests {
  private typealias Place = FirewallOracle.Place
  private typealias Build = RandomBuild

  // MARK: Meaning

  @Test("nothing leaks, nothing is lost, the books balance", arguments: RandomBuild.parts)
  func meaning(_ part: Int) throws {
    for seed in RandomBuild.seeds(part, percent: 60) {
      guard let build = try Build.make(RandomWorkspace(seed: seed), "seed \(seed)") else { continue }
      try expectChecks(build)
      try expectBooks(build)
      try expectPreferenceBooks(build)
      try expectExports(build)
    }
  }

  private func expectChecks(_ build: Build) throws {
    for stage in Pipeline.stages {
      let core = try build.space.core(stage)
      #expect(core["validation_pass"] == true, build.note)
      for check in core["validation"]?.array ?? [] { #expect(check["pass"] == true, "\(check) \(build.note)") }
    }
    let reasons = Set(Reason.allCases.map(\.rawValue))
    #expect(reasons.count == 11)
    for name in ["evidence", "score", "rag", "sft", "preference"] {
      for row in try build.quarantine(name) {
        #expect(reasons.contains(row["reason"]?.string ?? ""), "\(row) \(build.note)")
      }
    }
  }

  private func expectExports(_ build: Build) throws {
    let (rag, sft) = (try build.rows(Layout.rag), try build.rows(Layout.sft))
    let preference = try build.rows(Layout.preference)
    for rows in [rag, sft, preference] { #expect(Set(rows.map { $0["id"]?.string }).count == rows.count, build.note) }
    let oracle = build.oracle
    let leaks = oracle.leaks(rag: rag) + oracle.leaks(sft: sft) + oracle.leaks(preference: preference)
    #expect(leaks == [], build.note)
    let missing = oracle.missing(rag: rag) + oracle.missing(sft: sft) + oracle.missing(preference: preference)
    #expect(missing == [], build.note)
  }

  // MARK: Books, from the files alone

  /// Every record of one stage is in exactly one file of the next.
  private func expectBooks(_ build: Build) throws {
    let oracle = build.oracle
    func places(_ rows: [JSON], _ key: String = "provenance") -> [Place] { rows.map { oracle.place($0[key]) } }
    func sorted(_ places: some Sequence<Place>) -> [Place] { places.sorted { ($0.path, $0.line) < ($1.path, $1.line) } }

    let evidence = try build.rows(Layout.evidence)
    let stopped = try build.quarantine("evidence")
    #expect(
      sorted(places(evidence) + places(stopped, "source_provenance")) == sorted(oracle.entries.keys), build.note)
    #expect(
      Dictionary(zip(places(stopped, "source_provenance"), stopped.map { $0["reason"]?.string })) { $1 }
        == oracle.stopped.mapValues(\.rawValue), build.note)
    for row in evidence { #expect(oracle.isTrue(row["provenance"]), "\(row) \(build.note)") }
    let pending = build.oracle.workspace.files.filter(\.hasPending).map(\.path)
    let named = try build.space.core(.buildEvidence)["summary"]?["pending"]?.array ?? []
    #expect(named.compactMap { $0["path"]?.string } == pending, build.note)

    let scored = try build.rows(Layout.scored)
    let judged = evidence.filter { ["run", "extraction"].contains($0["kind"]?.string) }
    #expect(try build.quarantine("score").isEmpty, build.note)
    #expect(sorted(places(scored)) == sorted(places(judged)), build.note)
    #expect(
      evidence.count - judged.count == oracle.judgements.count + oracle.comparisons.count, build.note)
    let categories = Dictionary(zip(places(scored), scored.map { $0["category"]?.string })) { $1 }
    #expect(categories == oracle.runs.mapValues(\.category.rawValue), build.note)

    for (name, path) in [("rag", Layout.rag), ("sft", Layout.sft)] {
      let rows = places(try build.rows(path)) + places(try build.quarantine(name), "source_provenance")
      #expect(sorted(rows) == sorted(places(scored)), "\(name), \(build.note)")
    }
  }

  /// Each scored run once: stopped, no candidate, without partner, used, or over the cap; the same of comparisons.
  private func expectPreferenceBooks(_ build: Build) throws {
    let oracle = build.oracle
    let counts = try build.space.core(.exportPreference)["record_counts"]
    func count(_ term: String) -> Int { Int(counts?[term]?.integer ?? -1) }
    let rows = try build.rows(Layout.preference)
    let stopped = try build.quarantine("preference").filter { $0["reason"]?.string != Reason.selfPairing.rawValue }
      .map { oracle.place($0["source_provenance"]) }
    let sides = rows.filter { $0["reason"]?.string != PreferenceReason.preferred.rawValue }
      .flatMap { [oracle.place($0["chosen_provenance"]), oracle.place($0["rejected_provenance"])] }

    let stoppedRuns = oracle.runs.values.filter(oracle.isStoppedForPairs).map(\.place)
    let stoppedComparisons = oracle.comparisons.filter { oracle.isStopped($0.value) }.map(\.key)
    #expect(Set(stopped) == Set(stoppedRuns + stoppedComparisons), build.note)
    #expect(stopped.count == stoppedRuns.count + stoppedComparisons.count, build.note)
    #expect(count("quarantined") == stoppedRuns.count && count("used") == Set(sides).count, build.note)
    let terms = ["quarantined", "not_candidate", "without_partner", "used", "over_cap"].map(count)
    #expect(!terms.contains { $0 < 0 } && terms.reduce(0, +) == oracle.runs.count, build.note)
    #expect(count("exported") == rows.count, build.note)
    #expect(count("comparisons") == oracle.comparisons.count, build.note)
    #expect(
      count("comparisons_without_winner") == oracle.comparisons.values.count { oracle.winner($0) == nil }, build.note)
  }
}
