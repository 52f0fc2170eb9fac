import JSONTape
import Receipts
import StagesTesting
import Testing

@testable import Stages

/// The contamination firewall: for each reason planted rows are stopped, and the first gate that stops names the
/// reason.
@Suite struct ExportGateTests {
  private enum Exporter: String, CaseIterable { case rag, sft, preference }

  private func export(
    _ exporter: Exporter, _ scored: String, _ evidence: String, _ parameters: JSON = [:],
    more: [String: [UInt8]] = [:]
  ) throws -> ActionRun {
    let function =
      switch exporter {
      case .rag: RagMap.function
      case .sft: SftMap.function
      case .preference: PreferenceMap.function
      }
    return try runAction(
      function, parameters, more.merging(["scored/0": Array(scored.utf8), "evidence/0": Array(evidence.utf8)]) { $1 })
  }

  /// Reason of a single scored run; nil: it passed.
  private func reason(
    _ exporter: Exporter, _ scored: JSON, _ evidence: JSON, _ parameters: JSON = [:], more: [String: [UInt8]] = [:]
  ) throws -> String? {
    let run = try export(exporter, jsonLines([scored]), jsonLines([evidence]), parameters, more: more)
    let reasons = try run.reasons
    #expect(reasons.count <= 1 && run.count("scored") == 1 && run.count("quarantined") == reasons.count)
    let rows =
      exporter == .preference
      ? (run.outputs["candidates/0"]?.count ?? 0) / PairingCandidate.rowWidth : try run.rows(exporter.rawValue).count
    if exporter != .preference {
      #expect(rows + reasons.count == 1 && run.count("exported") == rows)
    } else {
      #expect(rows + reasons.count + run.count("not_candidate") == 1)
    }
    return reasons.first
  }

  private func changed(_ row: JSON, _ changes: [String: JSON]) -> JSON {
    var object = row.object ?? [:]
    for (key, value) in changes { object[key] = value }
    return .object(object)
  }

  private let good = evidenceRow("r1", ["verdict": "accepted"])

  // MARK: Gates that all exporters have

  @Test(arguments: ["rag", "sft", "preference"])
  func `planted rows are stopped, each with its reason`(name: String) throws {
    let exporter = try #require(Exporter(rawValue: name))
    #expect(try reason(exporter, scoredRow(good), good) == nil)

    let provenance = try #require(good["provenance"])
    var plants: [(what: String, scored: JSON, evidence: JSON, reason: String)] = [
      ("no provenance", scoredRow(good, "accepted", ["provenance": nil]), good, "missing_provenance"),
      ("no run id", scoredRow(good, "accepted", ["evidence_run_id": nil]), good, "missing_source_run_id"),
      ("a blank run id", scoredRow(good, "accepted", ["evidence_run_id": " \u{a0}\n"]), good, "missing_source_run_id"),
      ("another run id", scoredRow(good, "accepted", ["evidence_run_id": "r2"]), good, "missing_source_run_id"),
      ("another kind", scoredRow(good, "accepted", ["kind": "extraction"]), good, "missing_source_run_id"),
      (
        "another source", scoredRow(good, "accepted", ["provenance": changed(provenance, ["source": "mill"])]), good,
        "missing_source_run_id"
      ),
      (
        "another record",
        scoredRow(good, "accepted", ["provenance": changed(provenance, ["sig_hash": .string(Digest.of("x").hex)])]),
        good, "missing_source_run_id"
      ),
      ("a category that is none", scoredRow(good, "excellent"), good, "schema_violation"),
      ("a judgement", scoredRow(good, "accepted", ["kind": "verdict"]), good, "schema_violation"),
      ("a key too many", scoredRow(good, "accepted", ["zebra": 1]), good, "schema_violation"),
      ("a wrong type", scoredRow(good, "accepted", ["evidence_run_id": 1]), good, "schema_violation"),
      ("no object", .array([scoredRow(good)]), good, "schema_violation"),
      (
        "a hash that is none",
        scoredRow(good, "accepted", ["provenance": changed(provenance, ["sig_hash": "abc"])]), good,
        "schema_violation"
      ),
    ]
    for text in [nil, "", " \n\u{2003}\u{3000}\t"] as [JSON] {
      let empty = changed(good, ["text": text])
      plants.append(("text \(text)", scoredRow(empty), empty, "empty_content"))
    }
    for plant in plants {
      #expect(try reason(exporter, plant.scored, plant.evidence) == plant.reason, "\(plant.what)")
    }
    let lines = ["not json", "{\"schema_version\":1", "", "\u{feff}{}", "NaN"]
    for line in lines {
      let run = try export(exporter, line + "\n" + jsonLines([scoredRow(good)]), jsonLines([good]))
      #expect(try run.reasons == ["schema_violation"], "\(line)")
      #expect(run.count("scored") == 2)
    }
  }

  @Test func `a doubled key is no scored run, and what is quarantined can still be read`() throws {
    let text = jsonLines([scoredRow(good)])
    let doubled = text.replacing(
      "\"category\":\"accepted\"", with: "\"category\":\"accepted\",\"category\":\"accepted\"")
    for exporter in Exporter.allCases {
      let run = try export(exporter, doubled, jsonLines([good]))
      #expect(run.counts["by_reason"] == ["schema_violation": 1])
      #expect(throws: Never.self) { try run.rows("quarantine") }
    }
  }

  @Test func `what is wrong in several ways is stopped by the first gate`() throws {
    // From the end to the front, one fault after the other is planted.
    var evidence = changed(good, ["text": " "])
    var scored = scoredRow(evidence, "rejected")
    #expect(try reason(.rag, changed(scored, ["category": "accepted"]), evidence) == "empty_content")
    #expect(try reason(.rag, scored, evidence) == "unsafe_rag_category")
    #expect(try reason(.sft, scored, evidence) == "unsafe_sft_category")
    #expect(try reason(.preference, scored, evidence) == "empty_content")
    evidence = changed(evidence, ["run_id": "other"])
    #expect(try reason(.rag, scored, evidence) == "missing_source_run_id")
    scored = changed(scored, ["evidence_run_id": nil, "provenance": nil])
    #expect(try reason(.rag, scored, evidence) == "missing_provenance")
    scored = changed(scored, ["scorer_version": 0])
    for exporter in Exporter.allCases { #expect(try reason(exporter, scored, evidence) == "schema_violation") }
  }

  @Test func `a quarantine row shows the scored run and never a text`() throws {
    let evidence = changed(good, ["text": "SECRET", "prompt": "SECRET"])
    let scored = scoredRow(evidence, "rejected")
    for exporter in [Exporter.rag, .sft] {
      let run = try export(exporter, jsonLines([scored]), jsonLines([evidence]))
      let row = try #require(try run.rows("quarantine").first)
      #expect(row.object?.keys == RecordSchema.quarantine.fields.map(\.name))
      #expect(row["stage"]?.string == "export-\(exporter.rawValue)" && row["source_record"] == scored)
      #expect(row["source_provenance"] == scored["provenance"] && row["recorded_at"] == scored["scored_at"])
      #expect(row["errors"]?.array?.isEmpty == false && !run.text("quarantine").contains("SECRET"))
    }
    let junk = try export(.rag, String(repeating: "é", count: 300) + "\n", "")
    let row = try #require(try junk.rows("quarantine").first)
    #expect(row["source_record"] == .string(String(repeating: "é", count: 100)))
    #expect(row["source_provenance"] == .null && row["recorded_at"] == .null)
  }

  @Test func `everything counts once`() throws {
    let rows = (0..<40).map { evidenceRow("r\($0)", line: $0, $0.isMultiple(of: 7) ? ["text": ""] : [:]) }
    let categories = Stages.Category.allCases.map(\.rawValue)
    let scored = rows.enumerated().map { scoredRow($0.element, categories[$0.offset % 4]) }
    for exporter in [Exporter.rag, .sft] {
      let run = try export(exporter, jsonLines(scored), jsonLines(rows))
      #expect(run.count("scored") == 40 && run.count("exported") + run.count("quarantined") == 40)
      #expect(run.recordCounts[exporter.rawValue] == run.count("exported"))
      #expect(run.recordCounts["quarantine"] == run.count("quarantined"))
      let reasons = Dictionary(grouping: try run.reasons, by: { $0 }).mapValues { JSON.integer(Int64($0.count)) }
      #expect(run.counts["by_reason"] == .object(JSONObject(reasons.sorted { $0.key < $1.key })))
    }
  }

  // MARK: Categories

  @Test func `rag takes accepted and partially accepted, asks for review with its flag, and rejected never`() throws {
    for flag in [false, true] {
      // Flags of others, and those that nobody has, open nothing.
      let parameters: JSON = [
        "include_review": .bool(flag), "include_partial": true, "include_rejected": true, "require_judge": [],
      ]
      func passed(_ category: String) throws -> String? {
        try reason(.rag, scoredRow(good, category), good, parameters)
      }
      #expect(try passed("accepted") == nil && passed("partially_accepted") == nil)
      #expect(try passed("needs_human_review") == (flag ? nil : "category_disallowed"))
      #expect(try passed("rejected") == "unsafe_rag_category")
    }
    #expect(
      try reason(.rag, scoredRow(good, "needs_human_review"), good, ["include_review": "true"]) == "category_disallowed"
    )
  }

  @Test func `sft takes accepted, partially accepted with its flag, the others never`() throws {
    for flag in [false, true] {
      let parameters: JSON = ["include_partial": .bool(flag), "include_review": true, "require_judge": []]
      func passed(_ category: String) throws -> String? {
        try reason(.sft, scoredRow(good, category), good, parameters)
      }
      #expect(try passed("accepted") == nil)
      #expect(try passed("partially_accepted") == (flag ? nil : "category_disallowed"))
      #expect(try passed("rejected") == "unsafe_sft_category")
      #expect(try passed("needs_human_review") == "unsafe_sft_category")
    }
  }

  @Test func `sft takes only what the required judges judged`() throws {
    let parameters: JSON = ["include_partial": true, "require_judge": ["test", "human"]]
    func passed(_ judge: JSON, _ category: String = "accepted") throws -> String? {
      try reason(.sft, scoredRow(good, category, ["judged_by": judge]), good, parameters)
    }
    #expect(try passed(["kind": "test", "name": nil]) == nil && passed(["kind": "human", "name": "ann"]) == nil)
    #expect(
      try passed(["kind": "model", "name": "test"]) == "category_disallowed" && passed(nil) == "category_disallowed")
    #expect(try passed(["kind": "model", "name": nil], "partially_accepted") == "category_disallowed")
    #expect(try passed(["kind": "model", "name": nil], "rejected") == "unsafe_sft_category")
    #expect(try passed(["kind": "robot", "name": nil]) == "schema_violation")
  }

  @Test func `sft needs an instruction, rag and preference do not`() throws {
    for prompt in [nil, "", "\u{2028} "] as [JSON] {
      let evidence = changed(good, ["prompt": prompt])
      #expect(try reason(.sft, scoredRow(evidence), evidence) == "empty_content")
      #expect(try reason(.rag, scoredRow(evidence), evidence) == nil)
      #expect(try reason(.preference, scoredRow(evidence), evidence) == nil)
    }
  }

  @Test func `a sample that is not what its schema says is stopped behind the other gates`() throws {
    let torn = changed(try #require(good["provenance"]), ["recorded_at": "yesterday"])
    let evidence = changed(good, ["provenance": torn])
    #expect(try reason(.rag, scoredRow(evidence), evidence) == "schema_violation")
    let message: JSON = ["role": "robot", "content": "Text of r1", "tool_calls": nil, "tool_call_id": nil, "name": nil]
    let last: JSON = [
      "role": "assistant", "content": "Text of r1", "tool_calls": nil, "tool_call_id": nil, "name": nil,
    ]
    let odd = changed(good, ["messages": .array([message, last])])
    #expect(try reason(.sft, scoredRow(odd), odd) == "schema_violation")
    let many = try export(
      .sft, jsonLines([scoredRow(odd), scoredRow(good)]), jsonLines([odd, changed(good, ["run_id": "x"])]))
    #expect(many.outputs["sft"] == nil)
  }

  // MARK: Other files

  @Test func `a held-out prompt is stopped in every exporter, however it is spaced`() throws {
    let prompts = try runAction(
      HoldoutPrompts.function, ["prompt": "/q", "files": ["evals/a.jsonl"]],
      ["0": "{\"q\":\"Caf\u{e9}, s'il vous pla\u{ee}t\"}\n"])
    let more = ["holdout": try #require(prompts.outputs["holdout"])]
    for exporter in Exporter.allCases {
      for prompt in ["Caf\u{e9}, s'il vous pla\u{ee}t", "  Cafe\u{301},\ns'il\u{2003}vous\tplai\u{302}t "] {
        let evidence = changed(good, ["prompt": .string(prompt)])
        #expect(try reason(exporter, scoredRow(evidence), evidence, more: more) == "category_disallowed")
        let run = try export(exporter, jsonLines([scoredRow(evidence)]), jsonLines([evidence]), more: more)
        #expect(try run.rows("quarantine")[0]["errors"] == ["holdout: its prompt is in exports.holdout"])
      }
      for prompt in ["caf\u{e9}, s'il vous pla\u{ee}t", "Caf\u{e9}", nil] as [JSON]
      where exporter != .sft || prompt != nil {
        let evidence = changed(good, ["prompt": prompt])
        #expect(try reason(exporter, scoredRow(evidence), evidence, more: more) == nil, "\(prompt)")
      }
      // The category's gate comes before, the content's behind.
      let empty = changed(good, ["prompt": "Caf\u{e9}, s'il vous pla\u{ee}t", "text": ""])
      #expect(try reason(exporter, scoredRow(empty), empty, more: more) == "category_disallowed")
      guard exporter != .preference else { continue }
      #expect(try reason(exporter, scoredRow(empty, "rejected"), empty, more: more)?.hasPrefix("unsafe_") == true)
    }
  }

  /// Git compares names byte for byte: one way to write a letter is no answer for another.
  @Test func `an answer is for one spelling of a path`() throws {
    let facts: JSON = ["sources": ["lab": [[nil, "e\u{301}", "missing"], [nil, "\u{e9}", "file"]]]]
    for exporter in Exporter.allCases {
      for (path, expected) in [("\u{e9}", nil), ("e\u{301}", "hallucinated_file_path")] {
        let evidence = changed(good, ["source_files": [.string(path)], "git_sha": nil])
        #expect(try reason(exporter, scoredRow(evidence), evidence, more: ["facts": facts.canonical]) == expected)
      }
    }
  }

  @Test func `a file that the repository lacks is stopped in every exporter, each answer with its sentence`() throws {
    let answers: [(answer: TreeAnswer, error: String?)] = [
      (.file, nil), (.directory, nil), (.submodule, nil), (.missing, "f is not in the tree of commit abcd"),
      (.insideSubmodule, "f is inside a submodule, whose files are not in the tree of commit abcd"),
      (.outside, "f is outside of the repository"),
      (.noSuchCommit, "f can't be looked up: the repository has no commit abcd"),
    ]
    #expect(answers.map(\.answer) == TreeAnswer.allCases)
    let evidence = changed(good, ["source_files": ["f"], "git_sha": "abcd"])
    let nobodyAsked = "f was not looked up"
    for exporter in Exporter.allCases {
      for (answer, error) in answers + [(.file, nobodyAsked)] {
        // An answer for HEAD is none for a commit.
        let commit: JSON = error == nobodyAsked ? nil : "abcd"
        let facts: JSON = ["sources": ["lab": [[commit, "f", .string(answer.rawValue)]]]]
        let more = ["facts": facts.canonical]
        #expect(
          try reason(exporter, scoredRow(evidence), evidence, more: more) == error.map { _ in "hallucinated_file_path" }
        )
        guard let error else { continue }
        let run = try export(exporter, jsonLines([scoredRow(evidence)]), jsonLines([evidence]), more: more)
        #expect(try run.rows("quarantine")[0]["errors"] == [.string(error)])
        // The content's gate comes before.
        let empty = changed(evidence, ["text": ""])
        #expect(try reason(exporter, scoredRow(empty), empty, more: more) == "empty_content")
      }
      let others: JSON = ["sources": ["mill": []]]
      #expect(try reason(exporter, scoredRow(evidence), evidence, more: ["facts": others.canonical]) == nil)
    }
  }

  // MARK: Finding the evidence

  @Test func `evidence is found whatever the order, and judgements between`() throws {
    var evidence = (0..<30).map { evidenceRow("r\($0)", line: $0) }
    for number in [0, 5, 5, 20] { evidence.insert(judgementRow("j\(number)", about: "r1", line: 99), at: number) }
    var scored = evidence.filter { $0["kind"] == "run" }.map { scoredRow($0) }
    var generator = SeededGenerator(seed: 2)
    for round in 0..<6 {
      let run = try export(.rag, jsonLines(scored), jsonLines(evidence))
      #expect(run.count("exported") == 30, "round \(round)")
      for (row, sample) in zip(scored, try run.rows("rag")) {
        #expect(sample["source_run_id"] == row["evidence_run_id"])
        #expect(sample["content"]?.string == "Text of \(row["evidence_run_id"]?.string ?? "")")
      }
      scored.shuffle(using: &generator)
      if round > 2 { evidence.shuffle(using: &generator) }
    }
  }

  @Test func `rows whose evidence is missing, broken or not at hand cost their neighbours nothing`() throws {
    let rows = (0..<12).map { evidenceRow("r\($0)", line: $0) }
    var lines = rows.map { jsonLines([$0]) }
    lines[3] = ""
    lines[6] = "broken\n"
    let run = try export(.rag, jsonLines(rows.map { scoredRow($0) }), lines.joined())
    #expect(
      try run.rows("rag").compactMap { $0["source_run_id"]?.string }
        == [0, 1, 2, 4, 5, 7, 8, 9, 10, 11].map { "r\($0)" })
    #expect(try run.reasons == ["missing_source_run_id", "missing_source_run_id"])
    // Damage between its first and its last bytes makes it no evidence, too.
    let damaged = jsonLines([rows[0]]).replacing("\"text\":", with: "\"text\"")
    #expect(damaged.utf8.count == jsonLines([rows[0]]).utf8.count - 1)
    let half = try export(.rag, jsonLines([scoredRow(rows[0]), scoredRow(rows[1])]), damaged + jsonLines([rows[1]]))
    #expect(try half.reasons == ["missing_source_run_id"])
    #expect(half.count("exported") == 1)
    // The same scored run twice finds its evidence twice: that it is a duplicate is for a later gate.
    let twice = try export(
      .rag, jsonLines([scoredRow(rows[0]), scoredRow(rows[1]), scoredRow(rows[0])]), jsonLines(rows))
    #expect(twice.count("exported") == 3)
    let none = try runAction(RagMap.function, [:], ["scored/0": jsonLines([scoredRow(rows[0])])])
    #expect(try none.reasons == ["missing_source_run_id"])
  }
}
