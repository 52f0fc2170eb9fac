import JSONTape
import Receipts
import Testing

@testable import Stages

/// The check behind the gates: a row of a category that its exporter may not take fails the stage, which then publishes
/// nothing.
@Suite struct ExportCategoryTests {
  private let partition: Partition = (
    "data/evidence/2026/04/26/lab.jsonl",
    [
      [
        evidenceRow("good", line: 0, ["verdict": "accepted"]), evidenceRow("bad", line: 1, ["verdict": "rejected"]),
        evidenceRow("half", task: "other", line: 2, ["verdict": "partially_accepted"]),
        evidenceRow("best", task: "other", line: 3, ["verdict": "accepted"]),
      ]
    ]
  )

  /// The program's functions, one of them replaced.
  private func functions(_ other: ActionFunction) throws -> FunctionTable {
    let names =
      ["score.collect/1", "score.identities/1", "score.judgements/2", "score.map/2", "score.parents/2"]
      + ["rag.map/1", "sft.map/1", "export.parts/1", "export.unique/2", "export.tasks/1", "export.lengths/1"]
      + ["preference.map/2", "preference.pair/2", "preference.gather/1", "preference.emit/2"]
    return FunctionTable(
      try names.filter { $0 != other.name }.map { try Pipeline.functions.function(named: $0) } + [other])
  }

  private func check(_ core: Receipt.Core) -> Receipt.Check? {
    core.validation.first { $0.name == "categories-allowed" }
  }

  /// Builds with the functions, expects that the stage fails for its categories alone, and gives their facts.
  private func failure(of stage: StageName, _ table: FunctionTable, _ output: RelativePath) throws -> [String] {
    let space = ExportSpace()
    let reports = try space.build([partition], functions: table)
    let report = try #require(reports.first { $0.stage == stage })
    guard case .failed(let receipt) = report.ending else {
      Issue.record("\(stage): \(report.ending)")
      return []
    }
    let core = receipt.receipt.core
    #expect(!core.validationPass && core.validation.filter { !$0.pass }.map(\.name) == ["categories-allowed"])
    #expect(space.fileSystem.text(of: space.layout.path(output.string)) == nil, "\(stage) published its rows")
    #expect(try space.core(stage) == nil)
    return check(core)?.facts ?? []
  }

  @Test func `without faults it passes, and says what it found`() throws {
    let space = ExportSpace()
    #expect(try space.build([partition]).compactMap(\.trouble) == [])
    let core = try #require(try space.core(.exportPreference))
    #expect(
      check(core)
        == Receipt.Check(
          "categories-allowed", pass: true,
          facts: [
            "accepted_vs_partially_accepted: accepted over partially_accepted: 1",
            "accepted_vs_rejected: accepted over rejected: 1",
          ]))
  }

  @Test func `rag and sft fail without the gate of categories and that of the sample's schema`() throws {
    let open = Pipeline.functions(behind: Firewall(removed: [.category, .sample]))
    #expect(
      try failure(of: .exportRAG, open, Layout.rag) == ["accepted: 2", "partially_accepted: 1", "rejected: 1"])
    #expect(
      try failure(of: .exportSFT, open, Layout.sft) == ["accepted: 2", "partially_accepted: 1", "rejected: 1"])
  }

  @Test func `preference fails where the pairing turned the sides round`() throws {
    let pair = PreferencePair.function
    let turned = ActionFunction(name: pair.name) { context in
      let counts = try pair.run(context)
      let plan = context.output("plan/0.0")
      let rows = try TableReader(plan.buffer.bytes, rowWidth: PlannedPair.rowWidth)
      let pairs = try (0..<rows.rowCount).map { try PlannedPair(rows, $0) }
      plan.buffer.removeAll()
      for pair in pairs {
        var turned = pair
        (turned.chosen, turned.rejected) = (pair.rejected, pair.chosen)
        turned.append(to: plan)
      }
      // Each side is gathered for the other place.
      let wanted = context.output("wanted/0")
      let sides = try TableReader(wanted.buffer.bytes, rowWidth: WantedRow.rowWidth)
      let shown = (0..<sides.rowCount).map { WantedRow(sides, $0) }
      wanted.buffer.removeAll()
      for row in shown {
        var turned = row
        turned.isChosen.toggle()
        turned.append(to: wanted)
      }
      return counts
    }
    #expect(
      try failure(of: .exportPreference, functions(turned), Layout.preference) == [
        "accepted_vs_partially_accepted: partially_accepted over accepted: 1",
        "accepted_vs_rejected: rejected over accepted: 1",
      ])
  }

  @Test func `preference fails where the map took one category for another`() throws {
    let map = PreferenceMap.function
    let mistaken = ActionFunction(name: map.name) { context in
      let counts = try map.run(context)
      let table = context.output("candidates/0").buffer
      // Once the pairs are known there are none.
      guard table.count > 0 else { return counts }
      var bytes = Array(table.bytes.buffer)
      // All but the first are rejected; the first one's category stands 64 bytes into its row.
      let rejected = UInt8(Stages.Category.allCases.firstIndex(of: .rejected)!)
      for row in 1..<bytes.count / PairingCandidate.rowWidth { bytes[row * PairingCandidate.rowWidth + 64] = rejected }
      bytes[3 * PairingCandidate.rowWidth + 64] = 0
      table.removeAll()
      bytes.withUnsafeBytes { table.append($0) }
      return counts
    }
    #expect(
      try failure(of: .exportPreference, functions(mistaken), Layout.preference) == [
        "accepted_vs_rejected: accepted over partially_accepted: 1",
        "accepted_vs_rejected: accepted over rejected: 1",
      ])
  }
}
