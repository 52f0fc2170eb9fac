import Foundation
import JSONTape
import Testing

@Suite("The quickstart at the root of the repository")
struct QuickstartTests {
  static let isCommitted = FileManager.default.fileExists(
    atPath: TestSpace.repository + "/receipts/score/receipt.json")

  private func copy() throws -> TestSpace {
    let space = try TestSpace()
    for name in ["distill.yaml", "Examples"] {
      try FileManager.default.copyItem(atPath: TestSpace.repository + "/" + name, toPath: space.path(name))
    }
    return space
  }

  @Test("builds, and every export has something in it")
  func builds() throws {
    let space = try copy()
    #expect(try space.run("health").exitCode == 0)
    try space.build()
    for file in ["rag/playbooks", "sft/instruction_response", "preference/chosen_rejected", "quarantine/evidence"] {
      #expect(try !space.rows("exports/\(file).jsonl").isEmpty, "\(file)")
    }
    for stage in TestSpace.stages { #expect(try space.receipt(stage)["core"]?["validation_pass"] == true) }
    try expectChecksums(of: space)
    #expect(Set(try space.states("all").values) == ["up_to_date"])
  }

  @Test("selftest finds that nothing which it plants gets through")
  func selftest() throws {
    let result = try copy().run("selftest")
    #expect(result.exitCode == 0 && !result.stdout.contains("LEAK"), "\(result.stdout)")
  }

  @Test("what the README says of each bug comes out")
  func readme() throws {
    let space = try copy()
    try space.build()
    let pairs = try space.rows("exports/preference/chosen_rejected.jsonl")
    func count(_ task: String, _ reason: String) -> Int {
      pairs.filter { $0["task_id"]?.string == task && $0["reason"]?.string == reason }.count
    }
    #expect(count("bug-101", "accepted_vs_rejected") == 2)
    #expect(count("bug-102", "accepted_vs_partially_accepted") == 2)
    #expect(pairs.filter { $0["task_id"] == "bug-103" }.isEmpty)
    let stopped = try space.rows("exports/quarantine/preference.jsonl")
    #expect(stopped.contains { $0["reason"] == "self_pairing" })
    let contested = stopped.filter { $0["reason"] == "invalid_preference_pairing" }
      .compactMap { $0["source_record"]?["evidence_run_id"]?.string }
    #expect(contested.contains("fix-010") && contested.contains("fix-011"))
    let evidence = try space.rows("exports/quarantine/evidence.jsonl").compactMap { $0["reason"]?.string }
    #expect(Set(evidence) == ["duplicate_id", "missing_source_run_id", "schema_violation"])
    var categories: [String: String] = [:]
    for row in try space.files("data/scored-runs").flatMap(space.rows) {
      categories[row["evidence_run_id"]?.string ?? ""] = row["category"]?.string
    }
    for (run, category) in [
      ("fix-014", "rejected"), ("fix-015", "needs_human_review"), ("fix-016", "needs_human_review"),
      ("fix-019", "needs_human_review"), ("fix-020", "partially_accepted"), ("lesson-1", "accepted"),
      ("lesson-2", "accepted"), ("lesson-3", "needs_human_review"), ("lesson-4", "rejected"),
      ("lesson-5", "partially_accepted"), ("lesson-6", "needs_human_review"),
    ] { #expect(categories[run] == category, "\(run)") }
  }

  @Test("gives the outputs of the committed receipts", .enabled(if: isCommitted, "no receipts are committed"))
  func committedOutputs() throws {
    let space = try copy()
    try space.build()
    for stage in TestSpace.stages {
      let path = "receipts/\(stage)/outputs.sha256"
      let committed = FileManager.default.contents(atPath: TestSpace.repository + "/" + path).map { Array($0) }
      #expect(try space.bytes(path) == committed, "\(stage)")
    }
  }

  @Test(
    "gives receipts that differ from the committed ones in nothing but the program and the moment",
    .enabled(if: isCommitted, "no receipts are committed"))
  func committedReceipts() throws {
    let space = try copy()
    try space.build()
    for stage in TestSpace.stages {
      let path = "receipts/\(stage)/receipt.json"
      let committed = try JSON.parse(
        Array(FileManager.default.contents(atPath: TestSpace.repository + "/" + path) ?? Data()))
      let built = try space.receipt(stage)
      // What is left when the program, the moment and the hashes that follow from them are taken out.
      let changed = Set(differences(members(built), members(committed)))
        .subtracting(["core", "core_sha256", "git", "run", "previous", "receipt_sha256"])
      #expect(changed == [], "\(stage)")
      let core = Set(differences(members(built["core"]), members(committed["core"]))).subtracting(["tool", "key"])
      #expect(core == [], "\(stage)")
    }
  }

  private func members(_ value: JSON?) -> [String: JSON] {
    Dictionary(uniqueKeysWithValues: (value?.object ?? [:]).map { ($0.key, $0.value) })
  }
}
