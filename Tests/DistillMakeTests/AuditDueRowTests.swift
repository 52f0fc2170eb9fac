import Foundation
import JSONTape
import Receipts
import Testing

/// Rows that would be good ones, but that the rules leave out, and rows that they ask for. Every forgery fits in
/// itself.
@Suite("Audit of which rows an export holds")
struct AuditDueRowTests {
  private static let rag = "exports/rag/playbooks.jsonl"
  private static let sft = "exports/sft/instruction_response.jsonl"
  private static let preference = "exports/preference/chosen_rejected.jsonl"
  private static let evidence = "data/evidence/2026/03/01/lab.jsonl"

  /// One pair a task; of equal samples one; a text that was both accepted and rejected.
  private static func built() throws -> TestSpace {
    let space = try TestSpace()
    try space.write(
      "distill.yaml",
      Lab.configuration + "exports:\n  sft: {dedupe: exact}\n  preference: {max_pairs_per_task: 1}\n")
    try space.write(
      "logs/a.jsonl",
      [
        Lab.line("r1", says: "Read the log first."), Lab.line("r2", says: "Read  the log first. "),
        Lab.line("r3", says: "Ask the owner."), Lab.line("r4", says: "Guess.", tests: "failed"),
        Lab.line("r5", says: "Give up.", tests: "failed"), Lab.line("r6", says: "It depends."),
        Lab.line("r7", says: " It depends.", tests: "failed"), Lab.line("r8", says: "Try half.", tests: "flaky"),
        Lab.line("r9", says: "Later.", tests: "not run"),
      ].joined())
    try space.build("-q")
    try #require(try space.audit("--strict") == [])
    return space
  }

  /// The pair of two runs as the exporter would write it.
  private static func pair(_ chosen: String, _ rejected: String, in space: TestSpace) throws -> JSON {
    let forgery = Forgery(space: space)
    var row = try #require(try space.rows(preference).first?.object)
    var hashed: [String] = []
    for (side, runID) in [("chosen", chosen), ("rejected", rejected)] {
      let run = try forgery.row(evidence, "run_id", .string(runID))
      row[side] = run["text"]
      row["\(side)_run_id"] = .string(runID)
      row["\(side)_provenance"] = run["provenance"]
      hashed += [runID, run["provenance"]?["sig_hash"]?.string ?? ""]
    }
    row["id"] = .string("pref-" + Digest.of(hashed.joined(separator: "|")).hex.prefix(16))
    return .object(row)
  }

  private static func count(_ changes: [String: Int64], in stage: String) -> (String, inout Receipt) -> Void {
    { name, receipt in
      guard name == stage else { return }
      for (path, change) in changes { receipt.count(path, change) }
    }
  }

  private static func isPair(_ row: JSONObject, _ pair: JSON) -> Bool {
    row["chosen_run_id"] == pair["chosen_run_id"] && row["rejected_run_id"] == pair["rejected_run_id"]
  }

  @Test("a pair that is left out is missed, whatever the books say")
  func droppedPair() throws {
    let space = try Self.built()
    let forgery = Forgery(space: space)
    try forgery.edit(Self.preference) { _ in nil }
    try forgery.fit(
      Self.count(
        ["exported": -1, "by_preference/accepted_vs_rejected": -1, "used": -2, "without_partner": 2],
        in: "export-preference"))
    #expect(
      try space.audit("--no-inputs") == [
        "books-unbalanced receipts/export-preference/receipt.json", "row-missing \(Self.preference)",
      ])
  }

  @Test("a pair of an accepted and a rejected run that the rule does not choose is found")
  func addedPair() throws {
    let space = try Self.built()
    let forgery = Forgery(space: space)
    let there = try space.rows(Self.preference)
    #expect(there.count == 1)
    let others = try ["r1", "r3"].flatMap { chosen in
      try ["r4", "r5"].map { try Self.pair(chosen, $0, in: space) }
    }.filter { !Self.isPair(there[0].object ?? [:], $0) }
    #expect(others.count == 3)
    for pair in others {
      // More than the cap, or another one in its place.
      for replaces in [false, true] {
        try space.write(
          Self.preference, (replaces ? [pair] : [there[0], pair]).flatMap { $0.encoded() + [0x0A] })
        try forgery.fit()
        let found = try space.audit("--no-inputs")
        #expect(found.contains("row-undue \(Self.preference)"), "\(found)")
        #expect(found.contains("row-missing \(Self.preference)") == replaces)
        #expect(!found.contains { $0.hasPrefix("leak") || $0.hasPrefix("row-differs") }, "\(found)")
      }
    }
  }

  @Test("a text that its task has both accepted and rejected is a leak in a pair, on either side")
  func contested() throws {
    let space = try Self.built()
    let forgery = Forgery(space: space)
    let there = try space.bytes(Self.preference)
    for (chosen, rejected) in [("r6", "r4"), ("r1", "r7")] {
      try space.write(Self.preference, there)
      try forgery.append(try Self.pair(chosen, rejected, in: space), to: Self.preference)
      try forgery.fit()
      #expect(try space.audit("--no-inputs").contains("leak \(Self.preference)"))
    }
  }

  @Test("a sample whose prompt and text an earlier one has is found where `dedupe: exact` leaves it out")
  func repeatedSample() throws {
    let space = try Self.built()
    let forgery = Forgery(space: space)
    let run = try forgery.row(Self.evidence, "run_id", "r2")
    let rows = try space.rows(Self.sft)
    #expect(!rows.contains { $0["source_run_id"] == "r2" })
    var row = try forgery.row(Self.sft, "source_run_id", "r1")
    for (member, value) in [
      ("id", Forgery.id("sft-", "r2", run["provenance"] ?? .null)), ("response", run["text"] ?? .null),
      ("source_run_id", "r2"), ("provenance", run["provenance"] ?? .null),
    ] { row[member] = value }
    try space.write(
      Self.sft, (rows.prefix(1) + [.object(row)] + rows.dropFirst()).flatMap { $0.encoded() + [0x0A] })
    try forgery.edit("exports/quarantine/sft.jsonl") { row in
      row["source_record"]?["evidence_run_id"] == "r2" ? nil : row
    }
    try forgery.fit(
      Self.count(
        [
          "exported": 1, "quarantined": -1, "by_reason/duplicate_id": -1, "by_category/accepted": 1, "by_source/lab": 1,
        ], in: "export-sft"))
    let found = try space.audit()
    // The quarantine lacks it, too.
    #expect(found == ["row-missing exports/quarantine/sft.jsonl", "row-undue \(Self.sft)"])
  }

  @Test("a sample that is left out is missed, and so is one in another place", arguments: [rag, sft])
  func droppedSample(_ file: String) throws {
    let space = try Self.built()
    let forgery = Forgery(space: space)
    let rows = try space.rows(file)
    #expect(rows.count > 2)
    try space.write(file, rows.reversed().flatMap { $0.encoded() + [0x0A] })
    try forgery.fit()
    var found = try space.audit()
    #expect(found == ["row-differs \(file)"])

    try space.write(file, rows.dropFirst().flatMap { $0.encoded() + [0x0A] })
    let stage = file == Self.rag ? "export-rag" : "export-sft"
    let quarantine = file == Self.rag ? "exports/quarantine/rag.jsonl" : "exports/quarantine/sft.jsonl"
    // Its scored run is put into the quarantine, so that the books agree.
    var stopped = try #require(try space.rows(quarantine).first?.object)
    stopped["source_record"] = .object(
      try forgery.row("data/scored-runs/2026/03/01/lab.jsonl", "evidence_run_id", rows[0]["source_run_id"] ?? .null))
    try forgery.append(.object(stopped), to: quarantine)
    try forgery.fit(
      Self.count(
        [
          "exported": -1, "quarantined": 1, "by_reason/\(stopped["reason"]?.string ?? "")": 1,
          "by_category/accepted": -1, "by_source/lab": -1,
        ], in: stage))
    found = try space.audit()
    #expect(found == ["row-missing \(file)", "row-undue \(quarantine)"])
  }
}
