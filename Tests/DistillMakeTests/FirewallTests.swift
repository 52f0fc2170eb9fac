import JSONTape
import Testing

@Suite("The firewall")
struct FirewallTests {
  /// What happened to each run at an exporter: `exported`, or the reason.
  private func fates(_ space: TestSpace, _ exporter: String, _ file: String) throws -> [String: String] {
    var fates: [String: String] = [:]
    for row in try space.rows("exports/\(file)") { fates[row["source_run_id"]?.string ?? ""] = "exported" }
    for row in try space.rows("exports/quarantine/\(exporter).jsonl") {
      let run = row["source_record"]?["evidence_run_id"]?.string ?? ""
      #expect(fates[run] == nil, "\(run) is both exported and quarantined")
      fates[run] = row["reason"]?.string
    }
    return fates
  }

  private func rag(_ space: TestSpace) throws -> [String: String] { try fates(space, "rag", "rag/playbooks.jsonl") }

  private func sft(_ space: TestSpace) throws -> [String: String] {
    try fates(space, "sft", "sft/instruction_response.jsonl")
  }

  private func pairs(_ space: TestSpace) throws -> Set<String> {
    Set(
      try space.rows("exports/preference/chosen_rejected.jsonl").map {
        "\($0["chosen_run_id"]?.string ?? "") > \($0["rejected_run_id"]?.string ?? ""): \($0["reason"]?.string ?? "")"
      })
  }

  private func space(_ lines: [String], exports: String = "") throws -> TestSpace {
    let space = try TestSpace()
    try space.write("distill.yaml", Lab.configuration + exports)
    try space.write("logs/a.jsonl", lines.joined())
    return space
  }

  private static let runs = [
    Lab.line("good", says: "Do it well."), Lab.line("half", says: "Do half.", tests: "flaky"),
    Lab.line("bad", says: "Do harm.", tests: "failed"), Lab.line("unjudged", says: "Do something.", tests: "not run"),
    Lab.line("unknown", says: "Do what?", tests: "strange"), Lab.line("silent", says: nil),
    Lab.line("blank", says: " \\t\\u00a0\n"), Lab.line("unasked", task: "t2", ask: nil, says: "Nobody asked."),
  ]

  @Test("stops each run at each exporter for the reason that holds")
  func reasons() throws {
    let space = try space(Self.runs)
    try space.build()
    #expect(
      try rag(space) == [
        "good": "exported", "half": "exported", "bad": "unsafe_rag_category", "unjudged": "category_disallowed",
        "unknown": "category_disallowed", "silent": "empty_content", "blank": "empty_content", "unasked": "exported",
      ])
    #expect(
      try sft(space) == [
        "good": "exported", "half": "category_disallowed", "bad": "unsafe_sft_category",
        "unjudged": "unsafe_sft_category", "unknown": "unsafe_sft_category", "silent": "empty_content",
        "blank": "empty_content", "unasked": "empty_content",
      ])
    #expect(try pairs(space) == ["good > bad: accepted_vs_rejected"])
    for stage in ["rag", "sft"] {
      #expect(try !space.read("exports/quarantine/\(stage).jsonl").contains("Do harm."))
    }
  }

  @Test("--include-review and --include-partial open one gate each, and only their exporter runs")
  func flags() throws {
    let space = try space(Self.runs)
    try space.build()
    let plain = try space.outputs()

    #expect(try space.states("all", "--include-review").filter { $0.value != "up_to_date" } == ["export-rag": "built"])
    let review = try rag(space)
    #expect(review["unjudged"] == "exported" && review["unknown"] == "exported")
    #expect(review["bad"] == "unsafe_rag_category" && review["silent"] == "empty_content")
    #expect(
      differences(plain, try space.outputs()) == ["exports/quarantine/rag.jsonl", "exports/rag/playbooks.jsonl"])

    let states = try space.states("all", "--include-partial").filter { $0.value != "up_to_date" }
    #expect(states == ["export-rag": "built", "export-sft": "built"], "the flag of before no longer holds")
    let partial = try sft(space)
    #expect(partial["half"] == "exported")
    #expect(partial["unjudged"] == "unsafe_sft_category" && partial["bad"] == "unsafe_sft_category")
    #expect(
      differences(plain, try space.outputs())
        == ["exports/quarantine/sft.jsonl", "exports/sft/instruction_response.jsonl"])

    try space.build()
    #expect(differences(plain, try space.outputs()) == [])
  }

  @Test("distill.yaml opens the same gates, and a flag only opens")
  func configuredGates() throws {
    let space = try space(
      Self.runs, exports: "exports:\n  rag: {include_review: true}\n  sft: {include_partial: true}\n")
    try space.build()
    #expect(try rag(space)["unknown"] == "exported")
    #expect(try sft(space)["half"] == "exported")
    #expect(Set(try space.states("all", "--include-review", "--include-partial").values) == ["up_to_date"])
  }

  @Test("dedupe: exact lets the same instruction and response through once; RAG takes both")
  func dedupe() throws {
    let lines = [
      Lab.line("first", says: "Same  answer"), Lab.line("second", ask: " Why? ", says: "Same answer\n"),
      Lab.line("other", ask: "How?", says: "Same answer"),
    ]
    let plain = try space(lines)
    try plain.build()
    #expect(try Set(sft(plain).values) == ["exported"])
    let space = try space(lines, exports: "exports:\n  sft: {dedupe: exact}\n")
    try space.build()
    #expect(try sft(space) == ["first": "exported", "second": "duplicate_id", "other": "exported"])
    #expect(try Set(rag(space).values) == ["exported"])
  }

  @Test("require_judge stops what others have judged")
  func requireJudge() throws {
    let space = try space([Lab.line("a")], exports: "exports:\n  sft: {require_judge: [human]}\n")
    try space.build()
    #expect(try sft(space) == ["a": "category_disallowed"])
    #expect(try rag(space) == ["a": "exported"])
  }

  @Test("a run that is in the logs twice is one; with another verdict it is for a human")
  func duplicates() throws {
    let space = try space([
      Lab.line("same"), Lab.line("same"), Lab.line("torn", says: "Yes."),
      Lab.line("torn", says: "Yes.", tests: "failed"),
    ])
    try space.build()
    let rows = try space.rows("exports/quarantine/evidence.jsonl")
    #expect(rows.map { $0["reason"]?.string } == ["duplicate_id", "duplicate_id"])
    #expect(rows.map { $0["source_provenance"]?["line_offset"]?.integer } == [1, 3])
    #expect(try rag(space) == ["same": "exported", "torn": "category_disallowed"])
    #expect(try sft(space) == ["same": "exported", "torn": "unsafe_sft_category"])
    let counts = try space.counts("build-evidence")
    #expect(
      counts["duplicates"]?.integer == 2 && counts["written"]?.integer == 2 && counts["quarantined"]?.integer == 0)
  }

  @Test("a record without a run id is quarantined as evidence")
  func withoutRunID() throws {
    let space = try space([Lab.line("a"), Lab.line("b").replacing("\"id\":\"b\",", with: "")])
    try space.build()
    #expect(
      try space.rows("exports/quarantine/evidence.jsonl").map { $0["reason"]?.string } == ["missing_source_run_id"])
  }

  @Test("a contested text is in no pair, though it is exported elsewhere")
  func contested() throws {
    let space = try space([
      Lab.line("yes", says: "Same text."), Lab.line("no", says: "Same  text.", tests: "failed"),
      Lab.line("good", says: "Better."), Lab.line("bad", says: "Worse.", tests: "failed"),
    ])
    try space.build()
    #expect(try pairs(space) == ["good > bad: accepted_vs_rejected"])
    let quarantined = try space.rows("exports/quarantine/preference.jsonl")
    #expect(quarantined.map { $0["reason"]?.string } == ["invalid_preference_pairing", "invalid_preference_pairing"])
    #expect(Set(quarantined.map { $0["source_record"]?["evidence_run_id"]?.string }) == ["yes", "no"])
    #expect(try rag(space)["yes"] == "exported")
  }

  @Test("a pair whose texts are the same is self_pairing")
  func selfPairing() throws {
    // Accepted and partially accepted: contested are only texts that are both accepted and rejected.
    let space = try space([
      Lab.line("whole", says: "Same text."), Lab.line("half", says: "Same\ntext.", tests: "flaky"),
    ])
    try space.build()
    #expect(try pairs(space) == [])
    #expect(try space.rows("exports/quarantine/preference.jsonl").map { $0["reason"]?.string } == ["self_pairing"])
    #expect(try space.counts("export-preference")["pairs_quarantined"]?.integer == 1)
  }

  @Test("partial runs are rejected ones' stand-ins, and other prompts and tasks don't pair")
  func pairing() throws {
    let space = try space([
      Lab.line("a1", task: "a", says: "A1"), Lab.line("a2", task: "a", says: "A2", tests: "flaky"),
      Lab.line("a3", task: "a", says: "A3", tests: "failed"),
      Lab.line("b1", task: "b", says: "B1"), Lab.line("b2", task: "b", says: "B2", tests: "flaky"),
      Lab.line("c1", task: "c", says: "C1"), Lab.line("c2", task: "c", ask: "How?", says: "C2", tests: "failed"),
      Lab.line("d1", task: "d", says: "D1"), Lab.line("e1", task: "e", says: "E1", tests: "failed"),
    ])
    try space.build()
    #expect(try pairs(space) == ["a1 > a3: accepted_vs_rejected", "b1 > b2: accepted_vs_partially_accepted"])
  }

  @Test("at most max_pairs_per_task pairs, in which as many runs as possible take part", arguments: [1, 3, 5, 100])
  func cap(_ limit: Int) throws {
    let lines =
      (0..<4).map { Lab.line("good\($0)", says: "Good \($0)") }
      + (0..<3).map { Lab.line("bad\($0)", says: "Bad \($0)", tests: "failed") }
    let space = try space(lines, exports: "exports:\n  preference: {max_pairs_per_task: \(limit)}\n")
    try space.build()
    let rows = try space.rows("exports/preference/chosen_rejected.jsonl")
    #expect(rows.count == min(limit, 12))
    #expect(Set(rows.map { $0["chosen_run_id"]?.string }).count == min(limit, 4))
    #expect(Set(rows.map { $0["rejected_run_id"]?.string }).count == min(limit, 3))
    #expect(Set(rows.map { $0["id"]?.string }).count == rows.count)
  }

  @Test("what a person decided holds over the tests, and two judgements that disagree leave it to a human")
  func judgements() throws {
    let space = try space(["a", "b", "c"].map { Lab.line($0, says: "Text of \($0)") })
    try space.write(
      "distill.yaml",
      Lab.configuration + """
          - name: looks
            files: looks.jsonl
            kind: verdict
            map: {run_id: /look, human_override: {from: /decision, optional: true}, about: {source: lab, run_id: /run}}
            verdict: [{when: {/found: bad}, is: rejected, optional: true}]
            judged_by: {kind: human}

        """)
    try space.write(
      "looks.jsonl",
      """
      {"look": "1", "run": "a", "decision": "rejected"}
      {"look": "2", "run": "b", "found": "bad"}
      {"look": "3", "run": "nowhere", "found": "bad"}

      """)
    try space.build()
    #expect(try rag(space) == ["a": "unsafe_rag_category", "b": "category_disallowed", "c": "exported"])
    #expect(try space.counts("score")["judgements_unmatched"]?.integer == 1)
    #expect(
      try space.counts("score")["by_rule"] == ["human_override": 1, "verdict": 1, "verdict_conflict": 1])
  }
}
