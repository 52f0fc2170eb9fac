import JSONTape
import Receipts
import Testing

@testable import Stages

@Suite("The firewall over a sample of 1052 scored runs")
struct FirewallSampleTests {
  private let actions = FirewallActions(table: Pipeline.functions)
  private let workspace: FirewallWorkspace
  /// Of the logs, with the planted rows spread over them.
  private let partitions: [FirewallActions.Partition]
  /// By run id, as the score stage decided.
  private let categories: [String: String]

  init() throws {
    workspace = try FirewallWorkspace(FirewallSample.configuration, FirewallSample.files)
    for report in try workspace.build() { try #require(report.isGood, "\(report.stage): \(report.ending)") }
    var partitions = workspace.partitions
    var categories: [String: String] = [:]
    for row in try partitions.flatMap({ try FirewallActions.rows($0.scored) }) {
      categories[row["evidence_run_id"]?.string ?? ""] = row["category"]?.string
    }
    self.categories = categories
    for (index, plant) in FirewallSample.plants.enumerated() {
      partitions[index % partitions.count].scored += FirewallActions.lines([plant.row])
    }
    self.partitions = partitions
  }

  private func tally(_ words: [String]) -> [String: Int] {
    words.reduce(into: [:]) { $0[$1, default: 0] += 1 }
  }

  private func expectPlants(_ reasons: [String], _ others: [String: Int]) {
    let plants = tally(FirewallSample.plants.map(\.reason.rawValue))
    #expect(tally(reasons) == others.merging(plants) { $0 + $1 })
  }

  /// No run of a category that is not among `allowed`.
  private func expectAllowed(_ rows: [JSON], _ member: String, _ allowed: Set<String>) {
    for row in rows {
      let run = row[member]?.string ?? ""
      #expect(categories[run].map(allowed.contains) ?? false, "\(run) is \(categories[run] ?? "unknown")")
    }
    #expect(Set(rows.map { $0["id"]?.string }).count == rows.count)
  }

  @Test("982 runs come from the logs: 351 accepted, 95 partially, 536 neither, 168 of these without grounding")
  func scored() throws {
    #expect(partitions.reduce(0) { $0 + $1.scored.count { $0 == UInt8(ascii: "\n") } } == 1052)
    #expect(categories.count == 982)
    let found = tally(Array(categories.values))
    #expect(found["accepted"] == FirewallSample.accepted)
    #expect(found["partially_accepted"] == FirewallSample.partiallyAccepted)
    #expect(
      found["rejected", default: 0] + found["needs_human_review", default: 0] == FirewallSample.stoppedByCategory)
    #expect(categories.count { $0.key.hasPrefix("mode-") && $0.value == "needs_human_review" } == 168)
  }

  @Test("RAG: 446 exported, 606 stopped")
  func rag() throws {
    let export = try actions.samples("rag", partitions, ["include_review": false])
    #expect(export.rows.count == 446 && export.quarantine.count == 606)
    expectPlants(export.reasons, ["unsafe_rag_category": 352, "category_disallowed": 184])
    expectAllowed(export.rows, "source_run_id", ["accepted", "partially_accepted"])
  }

  @Test("SFT: 351 exported, 701 stopped, 536 of them for an unsafe category")
  func sft() throws {
    let export = try actions.samples("sft", partitions, ["include_partial": false, "require_judge": []])
    #expect(export.rows.count == 351 && export.quarantine.count == 701)
    expectPlants(export.reasons, ["unsafe_sft_category": 536, "category_disallowed": 95])
    expectAllowed(export.rows, "source_run_id", ["accepted"])
  }

  @Test("preference: 83 pairs, 16 contested runs stopped beside the planted rows, no run against itself")
  func preference() throws {
    let export = try actions.preference(partitions)
    #expect(export.rows.count == FirewallSample.pairs)
    expectPlants(export.reasons, ["invalid_preference_pairing": FirewallSample.contested])
    for (member, category) in [("chosen_run_id", "accepted"), ("rejected_run_id", "rejected")] {
      expectAllowed(export.rows, member, [category])
    }
    for row in export.rows {
      #expect(row["chosen"] != row["rejected"] && row["chosen_run_id"] != row["rejected_run_id"])
      #expect(categories[row["chosen_run_id"]?.string ?? ""] != categories[row["rejected_run_id"]?.string ?? ""])
    }
  }

  @Test("without the planted rows the stages themselves give the same exports")
  func stages() throws {
    for (stage, path) in [(StageName.exportRAG, Layout.rag), (.exportSFT, Layout.sft)] {
      let export = try actions.samples(stage == .exportRAG ? "rag" : "sft", partitions)
      #expect(try workspace.rows(path.string) == export.rows)
    }
    #expect(try workspace.rows(Layout.preference.string) == actions.preference(partitions).rows)
    #expect(try workspace.core(.exportPreference)["record_counts"]?["quarantined"]?.integer == 16)
  }
}
