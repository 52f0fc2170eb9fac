import JSONTape
import Testing

@Suite("Three sets of real logs", .enabled(if: RealLogs.areThere, "the real logs or python3 are not there"))
struct RealLogTests {
  /// What the sets' own description says must come out.
  struct Expectation: Sendable, CustomStringConvertible {
    var source: String
    var read: Int64
    var accepted: Int64
    var rejected: Int64
    var review: Int64
    var exported: Int64
    var empty: Int64
    var pairs: Int64
    var tasksWithPair: Int

    var description: String { source }
  }

  static let expectations = [
    Expectation(
      source: "tau-airline", read: 200, accepted: 84, rejected: 116, review: 0, exported: 84, empty: 0, pairs: 88,
      tasksWithPair: 26),
    Expectation(
      source: "bashkit-eval", read: 1219, accepted: 1023, rejected: 196, review: 0, exported: 967, empty: 56,
      pairs: 177,
      tasksWithPair: 36),
    Expectation(
      source: "mifeval-es", read: 3910, accepted: 1416, rejected: 461, review: 78, exported: 1416, empty: 0, pairs: 490,
      tasksWithPair: 98),
  ]

  /// Rows by what `name` says of each; those of which it says nothing are not counted.
  private func tally(_ rows: [JSON], _ name: (JSON) -> String?) -> [String: Int64] {
    var counts: [String: Int64] = [:]
    for row in rows { if let name = name(row) { counts[name, default: 0] += 1 } }
    return counts
  }

  private func source(_ row: JSON) -> String? { row["provenance"]?["source"]?.string }

  // MARK: The receipts

  @Test("The receipts state the counts of each source", arguments: expectations)
  func receiptsBySource(_ expected: Expectation) throws {
    let space = try RealLogs.built()
    let evidence = try space.counts("build-evidence")["by_source"]?[expected.source]
    #expect(evidence?["read"]?.integer == expected.read)
    #expect(evidence?["written"]?.integer == expected.read)
    #expect(evidence?["quarantined"]?.integer == 0)
    let scored = try space.counts("score")["by_source"]?[expected.source]
    #expect(scored?["accepted"]?.integer == expected.accepted)
    #expect(scored?["rejected"]?.integer == expected.rejected)
    #expect((scored?["needs_human_review"]?.integer ?? 0) == expected.review)
    for stage in ["export-rag", "export-sft"] {
      #expect(try space.counts(stage)["by_source"]?[expected.source]?.integer == expected.exported, "\(stage)")
    }
  }

  @Test("The receipts state the counts of all sources together")
  func receiptsTogether() throws {
    let space = try RealLogs.built()
    #expect(try space.counts("build-evidence")["read"]?.integer == 5329)
    #expect(try space.counts("build-evidence")["written"]?.integer == 5329)
    #expect(
      try space.counts("score")["by_category"]
        == ["accepted": 2523, "needs_human_review": 78, "rejected": 773])
    #expect(try space.counts("score")["judgements"]?.integer == 1955)
    #expect(try space.counts("score")["judgements_unmatched"]?.integer == 0)
    let rag = try space.counts("export-rag")
    #expect(rag["exported"]?.integer == 2467)
    #expect(rag["by_reason"] == ["category_disallowed": 78, "empty_content": 56, "unsafe_rag_category": 773])
    let sft = try space.counts("export-sft")
    #expect(sft["exported"]?.integer == 2467)
    #expect(sft["by_reason"] == ["empty_content": 56, "unsafe_sft_category": 851])
    let preference = try space.counts("export-preference")
    #expect(preference["exported"]?.integer == 755)
    #expect(preference["by_preference"] == ["accepted_vs_rejected": 755])
    let books = ["quarantined", "not_candidate", "without_partner", "used", "over_cap"].map {
      preference[$0]?.integer ?? 0
    }
    #expect(books.reduce(0, +) == preference["scored"]?.integer)
    for stage in TestSpace.stages { #expect(try space.receipt(stage)["core"]?["validation_pass"] == true) }
  }

  // MARK: The files

  @Test("The partitions hold each run once, with its category", arguments: expectations)
  func partitions(_ expected: Expectation) throws {
    let space = try RealLogs.built()
    let evidence = try space.files("data/evidence").flatMap(space.rows).filter { source($0) == expected.source }
    #expect(Int64(evidence.count) == expected.read)
    let scored = try space.files("data/scored-runs").flatMap(space.rows).filter { source($0) == expected.source }
    var categories = ["accepted": expected.accepted, "rejected": expected.rejected]
    if expected.review > 0 { categories["needs_human_review"] = expected.review }
    #expect(tally(scored) { $0["category"]?.string } == categories)
  }

  @Test("The exports and their quarantine hold what they should", arguments: expectations)
  func exports(_ expected: Expectation) throws {
    let space = try RealLogs.built()
    let rag = try space.rows("exports/rag/playbooks.jsonl").filter { source($0) == expected.source }
    #expect(tally(rag) { $0["source_category"]?.string } == ["accepted": expected.exported])
    let sft = try space.rows("exports/sft/instruction_response.jsonl").filter { source($0) == expected.source }
    #expect(tally(sft) { $0["quality_score"]?.string } == ["accepted": expected.exported])

    func reasons(_ name: String) throws -> [String: Int64] {
      tally(
        try space.rows("exports/quarantine/\(name).jsonl").filter {
          $0["source_provenance"]?["source"]?.string == expected.source
        }
      ) { $0["reason"]?.string }
    }
    func counted(_ counts: [String: Int64]) -> [String: Int64] { counts.filter { $0.value > 0 } }
    #expect(
      try reasons("rag")
        == counted([
          "unsafe_rag_category": expected.rejected, "category_disallowed": expected.review,
          "empty_content": expected.empty,
        ]))
    #expect(
      try reasons("sft")
        == counted(["unsafe_sft_category": expected.rejected + expected.review, "empty_content": expected.empty]))
    #expect(try reasons("evidence") == [:])
    #expect(try reasons("score") == [:])
  }

  @Test("The pairs are as many as they should be, in as many tasks", arguments: expectations)
  func pairs(_ expected: Expectation) throws {
    let pairs = try RealLogs.built().rows("exports/preference/chosen_rejected.jsonl").filter {
      $0["chosen_provenance"]?["source"]?.string == expected.source
    }
    #expect(Int64(pairs.count) == expected.pairs)
    let byTask = tally(pairs) { $0["task_id"]?.string }
    #expect(byTask.count == expected.tasksWithPair)
    let independent = try RealLogs.expected()["pairs"]?[expected.source]?.object ?? [:]
    #expect(byTask == Dictionary(uniqueKeysWithValues: independent.map { ($0.key, $0.value.integer ?? 0) }))
  }

  @Test("A pair leads from an accepted to a rejected run of one task, and the texts are theirs")
  func pairsAreTrue() throws {
    let space = try RealLogs.built()
    var runs: [String: (task: String?, text: String?)] = [:]
    func name(_ provenance: JSON?, _ run: String?) -> String {
      "\(provenance?["source"]?.string ?? "") \(run ?? "") \(provenance?["sig_hash"]?.string ?? "")"
    }
    for row in try space.files("data/evidence").flatMap(space.rows) where row["kind"]?.string == "run" {
      runs[name(row["provenance"], row["run_id"]?.string)] = (row["task_id"]?.string, row["text"]?.string)
    }
    var categories: [String: String] = [:]
    for row in try space.files("data/scored-runs").flatMap(space.rows) {
      categories[name(row["provenance"], row["evidence_run_id"]?.string)] = row["category"]?.string
    }
    for pair in try space.rows("exports/preference/chosen_rejected.jsonl") {
      let chosen = name(pair["chosen_provenance"], pair["chosen_run_id"]?.string)
      let rejected = name(pair["rejected_provenance"], pair["rejected_run_id"]?.string)
      #expect(categories[chosen] == "accepted")
      #expect(categories[rejected] == "rejected")
      #expect(runs[chosen]?.task == pair["task_id"]?.string && runs[rejected]?.task == pair["task_id"]?.string)
      #expect(runs[chosen]?.text == pair["chosen"]?.string && runs[rejected]?.text == pair["rejected"]?.string)
    }
  }

  // MARK: Against an independent program

  @Test("An independent program counts the same and finds the same ids", arguments: expectations)
  func independently(_ expected: Expectation) throws {
    let counted = try RealLogs.expected()["sources"]?[expected.source]
    for (name, number) in [
      ("read", expected.read), ("accepted", expected.accepted), ("rejected", expected.rejected),
      ("needs_human_review", expected.review), ("empty", expected.empty),
    ] { #expect(counted?[name]?.integer == number, "\(name)") }

    let space = try RealLogs.built()
    for (file, name) in [("rag/playbooks", "rag"), ("sft/instruction_response", "sft")] {
      let ids = try space.rows("exports/\(file).jsonl").filter { source($0) == expected.source }
        .compactMap { $0["id"]?.string }.sorted()
      #expect(ids == counted?[name]?.array?.compactMap(\.string), "\(name)")
    }
  }

  @Test("--include-review exports the runs on which two judgements disagree, and no other stage runs")
  func includeReview() throws {
    let space = try RealLogs.space()
    try space.build("-q")
    let states = try space.states("all", "--include-review")
    #expect(states.filter { $0.value != "up_to_date" } == ["export-rag": "built"])
    let rows = try space.rows("exports/rag/playbooks.jsonl")
    #expect(rows.count == 2545)
    #expect(try space.counts("export-rag")["exported"]?.integer == 2545)
    #expect(
      tally(rows, source) == ["tau-airline": 84, "bashkit-eval": 967, "mifeval-es": 1494])
    let review = rows.filter { $0["source_category"]?.string == "needs_human_review" }.compactMap { $0["id"]?.string }
    let expected = try RealLogs.expected()["sources"]?["mifeval-es"]?["review"]?.array?.compactMap(\.string)
    #expect(review.sorted() == expected)
    #expect(
      tally(try space.rows("exports/quarantine/rag.jsonl")) { $0["reason"]?.string }
        == ["unsafe_rag_category": 773, "empty_content": 56])
  }

  @Test("The benchmark's answers are in no output, cache object or report")
  func groundTruth() throws {
    let space = try RealLogs.built()
    let secrets = try RealLogs.expected()["secrets"]?.array?.compactMap(\.string) ?? []
    #expect(secrets.count == 25)
    let patterns = secrets + ["gt_data_hash", "r_actions\"", "r_actions\\\"", "\"kwargs\""]
    let folders = ["data/evidence", "data/scored-runs", "exports", "receipts", "reports", ".distill/objects"]
    let found = try Machine.run(["grep", "-rlF"] + patterns.flatMap { ["-e", $0] } + folders, in: space.root)
    #expect(found.exitCode == 1 && found.stdout == "", "\(found.stdout)")
  }

  // MARK: Invariance

  @Test("Another folder, time zone, locale, umask and number of threads give the same bytes and cores")
  func invariance() throws {
    let first = try RealLogs.built()
    let second = try RealLogs.space("Ein anderer Ordner")
    try second.build(
      "-j", "1", environment: ["TZ": "Pacific/Chatham", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"],
      through: ["sh", "-c", "umask 077; exec \"$0\" \"$@\""])
    #expect(differences(try first.outputs(), try second.outputs()) == [])
    #expect(differences(try first.cores(), try second.cores()) == [])
  }

  @Test("sha256sum agrees with every receipt")
  func checksums() throws {
    let space = try RealLogs.built()
    try expectChecksums(of: space)
  }

  @Test("A second build finds every stage up to date and changes no file")
  func upToDate() throws {
    let space = try RealLogs.space()
    try space.build("-q")
    let before = space.state()
    #expect(Set(try space.states("all").values) == ["up_to_date"])
    #expect(differences(before, space.state()) == [])
  }
}
