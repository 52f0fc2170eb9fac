import JSONTape
import Receipts
import StagesTesting
import Testing

@testable import Stages

/// `score.map`, the joins and the stage around them.
@Suite struct ScoringStageTests {
  private let day = "data/evidence/2026/04/26/lab.jsonl"
  private let scoredDay = RelativePath(unchecked: "data/scored-runs/2026/04/26/lab.jsonl")

  /// Scores rows, one fragment each list; category and rule by run id.
  private func score(
    _ fragments: [[JSON]], sources: [Source] = [], joinLimit: Int = 32 << 20
  ) throws -> (verdicts: [String: String], rows: [JSON], core: Receipt.Core) {
    let space = ExportSpace()
    let reports = try space.build([(day, fragments)], sources: sources, joinLimit: joinLimit)
    #expect(reports.compactMap(\.trouble).filter { $0.hasPrefix("score") || $0.hasPrefix("build") } == [])
    let rows = try space.rows(scoredDay)
    let verdicts = rows.map { row in
      (
        row["evidence_run_id"]?.string ?? "?",
        "\(row["category"]?.string ?? "?") by \(row["reasons"]?.array?.first?["rule"]?.string ?? "?")"
      )
    }
    return (Dictionary(verdicts, uniquingKeysWith: { "\($0); \($1)" }), rows, try #require(try space.core(.score)))
  }

  // MARK: Rows

  @Test func `a scored run has every key in the order of its schema, and no text`() throws {
    let row = evidenceRow(
      "r1", ["verdict": "accepted", "score": 0.5, "judged_by": ["kind": "test", "name": "suite"], "text": "SECRET"])
    let scored = try score([[row]]).rows
    let expected = scoredRow(row, "accepted", ["score": 0.5, "judged_by": ["kind": "test", "name": "suite"]])
    #expect(scored == [expected])
    #expect(!jsonLines(scored).contains("SECRET"))
  }

  @Test func `rows that are no evidence are quarantined, without their text`() throws {
    let good = evidenceRow("r1", ["verdict": "accepted"])
    var reordered = good.object ?? [:]
    reordered["text"] = nil
    reordered["text"] = "SECRET"
    let lines =
      jsonLines([good]) + "not json SECRET\n" + jsonLines([.object(reordered)])
      + jsonLines([evidenceRow("", ["text": "SECRET"]), evidenceRow("r5", ["verdict": "perfect", "text": "SECRET"])])
    let run = try runAction(ScoreMap.function, ["thresholds": []], ["evidence/0": lines])
    #expect(run.count("evidence") == 5 && run.count("scored") == 1 && run.count("quarantined") == 4)
    #expect(try run.reasons == Array(repeating: "schema_violation", count: 4))
    #expect(!run.text("quarantine").contains("SECRET"))
    #expect(try run.rows("quarantine")[0]["source_provenance"] == .null)
    #expect(try run.rows("quarantine")[1]["source_provenance"] == good["provenance"])
    #expect(run.counts["by_reason"] == ["schema_violation": 4])
  }

  @Test func `judgements and comparisons get no scored run, and the books balance`() throws {
    let run = try runAction(
      ScoreMap.function, ["thresholds": [], "parent_bits": 0],
      [
        "evidence/0": jsonLines([
          evidenceRow("r1", ["verdict": "rejected"]), judgementRow("j1", about: "r1"),
          evidenceRow("c1", ["kind": "comparison"]), evidenceRow("e1", ["kind": "extraction"]),
        ])
      ])
    #expect(try run.rows("scored/0").map { $0["evidence_run_id"] } == ["r1", "e1"])
    #expect(run.count("evidence") == 4 && run.count("judgements") == 1 && run.count("comparisons") == 1)
    #expect(run.counts["by_rule"] == ["no_parent": 1, "verdict": 1])
    #expect(run.counts["by_source"] == ["lab/needs_human_review": 1, "lab/rejected": 1])
    // The run under its identity and under its task.
    #expect(run.recordCounts["runs/0"] == 2 && run.outputs["runs/0"]?.count == 40)
    #expect(run.recordCounts["extractions/0"] == 1 && run.outputs["extractions/0"]?.count == 24)
  }

  @Test func `thresholds are those of the row's source, file and kind`() throws {
    func part(_ only: String?, _ kind: RecordKind, _ acceptAt: Double) throws -> Part {
      Part(
        only: try only.map { try Glob($0) }, kind: kind, map: FieldMap(),
        thresholds: Thresholds(score: Thresholds.Cut(acceptAt: acceptAt, partialAt: nil)))
    }
    let sources = [
      source("lab", parts: [try part("other*", .run, 0.1), try part("lab.*", .run, 0.5)]),
      source("mill", parts: [try part(nil, .run, 0.7), try part(nil, .extraction, 0.2)]),
    ]
    let rows = [
      evidenceRow("r1", ["score": 0.5]), evidenceRow("r2", ["score": 0.4]),
      evidenceRow("r3", source: "mill", ["score": 0.6]),
      evidenceRow("r4", source: "mill", ["score": 0.6, "kind": "extraction"]),
      evidenceRow("r5", source: "mill", ["score": 0.7]), evidenceRow("r6", source: "none", ["score": 0.7]),
    ]
    #expect(
      try score([rows], sources: sources).verdicts == [
        "r1": "accepted by score", "r2": "rejected by score", "r3": "rejected by score", "r4": "accepted by score",
        "r5": "accepted by score", "r6": "needs_human_review by no_verdict",
      ])
  }

  // MARK: Judgements

  @Test func `judgements find their runs across fragments, and count as what they are`() throws {
    let text = Digest.of("Text of r4").hex
    let found = try score([
      [
        judgementRow("j1", about: "r1", ["verdict": "rejected", "judged_by": ["kind": "human", "name": "ann"]]),
        evidenceRow("r2", line: 1, ["verdict": "accepted", "judged_by": ["kind": "test", "name": nil]]),
      ],
      [
        evidenceRow("r1", line: 2), judgementRow("j2", about: "r2", line: 3, ["verdict": "accepted"]),
        evidenceRow("r3", line: 4, ["verdict": "accepted"]), evidenceRow("r4", line: 5),
      ],
      [
        judgementRow("j3", about: "r3", line: 6, ["verdict": "rejected"]),
        judgementRow("j4", about: "r4", line: 7, textSHA256: text, ["verdict": "accepted"]),
        judgementRow("j5", about: "r4", line: 8, textSHA256: Digest.of("old text").hex, ["verdict": "rejected"]),
        judgementRow("j6", about: "nobody", line: 9, ["verdict": "rejected"]),
        judgementRow("j7", about: nil, line: 10, ["verdict": "rejected"]),
        judgementRow("j8", about: "r2", source: "mill", line: 11, ["verdict": "rejected"]),
      ],
    ])
    #expect(
      found.verdicts == [
        "r1": "rejected by verdict", "r2": "accepted by verdict", "r3": "needs_human_review by verdict_conflict",
        "r4": "accepted by verdict",
      ])
    let judges = found.rows.map { $0["judged_by"] ?? .null }
    #expect(judges[0] == ["kind": "test", "name": nil] && judges[1] == ["kind": "human", "name": "ann"])
    #expect(judges[2] == .null)
    let counts = found.core.recordCounts
    #expect(counts["evidence"] == 12 && counts["scored"] == 4 && counts["judgements"] == 8)
    #expect(counts["judgements_matched"] == 4 && counts["judgements_unmatched"] == 4 && counts["judgements_stale"] == 1)
    #expect(found.core.summary["unmatched_examples"]?.array?.count == 3)
    #expect(found.core.summary["stale_examples"]?.array?.first?["line"] == 8)
    #expect(counts["by_judge"] == ["human": 1, "none": 2, "test": 1])
  }

  @Test func `of a run's judgements the earliest with a verdict is its judge, and the latest human's word holds`()
    throws
  {
    func by(_ name: String, _ time: String?, _ more: [String: JSON]) -> [String: JSON] {
      let judge: JSON = ["kind": "human", "name": .string(name)]
      return ["timestamp": time.map(JSON.string) ?? .null, "judged_by": judge].merging(more) { $1 }
    }
    let found = try score([
      [
        evidenceRow("r1"), evidenceRow("r2", line: 1),
        judgementRow("j1", about: "r1", line: 2, by("late", "2026-01-02T00:00:00Z", ["verdict": "accepted"])),
        judgementRow("j2", about: "r1", line: 3, by("early", "2026-01-01T00:00:00Z", ["verdict": "accepted"])),
        judgementRow("j3", about: "r2", line: 4, by("last", "2026-01-03T00:00:00Z", ["human_override": "rejected"])),
        judgementRow("j4", about: "r2", line: 5, by("first", nil, ["human_override": "accepted"])),
      ]
    ])
    #expect(found.verdicts == ["r1": "accepted by verdict", "r2": "rejected by human_override"])
    #expect(found.rows.map { $0["judged_by"]?["name"] } == ["early", "last"])
  }

  @Test func `the order of rows does not decide`() throws {
    var rows = [evidenceRow("r1"), evidenceRow("r2", line: 1, ["verdict": "accepted"])]
    for number in 0..<6 {
      rows.append(
        judgementRow(
          "j\(number)", about: number.isMultiple(of: 2) ? "r1" : "r2", line: 2 + number,
          ["verdict": "accepted", "timestamp": .string("2026-01-0\(1 + number)T00:00:00Z")]))
    }
    let expected = try score([rows]).rows
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<5 {
      rows.shuffle(using: &generator)
      let found = try score([Array(rows[..<4]), Array(rows[4...])]).rows
      #expect(Set(found) == Set(expected))
    }
  }

  @Test func `judgements of a row that is no run count as unmatched`() throws {
    let overlay = #"{"fragment":0,"row":0,"judgements":[{},{}]}"# + "\n"
    let run = try runAction(
      ScoreMap.function, ["thresholds": []],
      ["evidence/0": "no evidence\n" + jsonLines([evidenceRow("r1")]), "judgements/0": overlay])
    #expect(run.count("lost") == 2 && run.count("quarantined") == 1 && run.count("scored") == 1)
  }

  @Test func `records of a kind that no source has are a fault, not a loss`() throws {
    let sources = [source("lab", parts: [Part(kind: .run, map: FieldMap())])]
    for row in [judgementRow("j1", about: "r1"), evidenceRow("e1", ["kind": "extraction"])] {
      let space = ExportSpace()
      let report = try #require(
        try space.build([(day, [[evidenceRow("r1"), row]])], sources: sources).first { $0.stage == .score })
      guard case .stopped(let error) = report.ending else {
        Issue.record("\(report.ending)")
        continue
      }
      #expect("\(error)".contains("and no source that has some"))
    }
  }

  @Test func `what meets in many buckets meets as in one`() throws {
    var rows: [JSON] = []
    for number in 0..<40 {
      let verdict: JSON = number % 3 == 0 ? "accepted" : "rejected"
      rows += [
        evidenceRow("r\(number)", task: "t\(number / 2)", line: rows.count),
        judgementRow("j\(number)", about: "r\(number % 30)", line: rows.count + 1, ["verdict": verdict]),
        judgementRow("k\(number)", about: "none \(number)", line: rows.count + 2, ["verdict": verdict]),
        extraction("e\(number)", task: "t\(number)", run: number % 2 == 0 ? "r\(number)" : nil, line: rows.count + 3),
      ]
    }
    let fragments = stride(from: 0, to: rows.count, by: 10).map { Array(rows[$0..<$0 + 10]) }
    let one = try score(fragments)
    let many = try score(fragments, joinLimit: 2048)
    #expect(one.rows == many.rows && one.core.recordCounts == many.core.recordCounts)
    #expect(one.core.summary == many.core.summary)
    #expect(one.core.recordCounts["judgements_matched"] == 40 && one.verdicts["e0"] == "accepted by parent")
    #expect(HashBuckets(size: 160 * 512, limit: 2048).count == 64)
    #expect(HashBuckets(size: 32 << 20, limit: 32 << 20).count == 1)
    #expect(HashBuckets(size: 1 << 32, limit: 32 << 20).count == 256)
  }

  // MARK: Identities

  @Test func `a run is known by the ends of its row as by all of it`() throws {
    let trap: JSON = [
      "provenance": ["source": "trap", "text": #"{"provenance":{"source":"trap"#], "b": "}{",
    ]
    let rows = [
      evidenceRow("r1"), evidenceRow(#"r "2" {é"#, ["validation_results": trap]), judgementRow("j1", about: "r1"),
      evidenceRow("e1", ["kind": "extraction"]),
      evidenceRow("r3", ["provenance": provenance(#"a,"provenance":{"source":"b"#, line: 1, of: "x")]),
    ]
    let (reader, scratch) = (EvidenceRow(), WorkerScratch())
    for (number, row) in rows.enumerated() {
      let buffer = ByteBuffer()
      row.encoded().withUnsafeBytes { buffer.append($0) }
      #expect(reader.read(buffer.bytes) == nil)
      let whole = try #require(reader.identity?.hash(scratch))
      let ends = RowIdentity(buffer.bytes)
      // A name with a brace in it hides where provenance begins: then the whole row is read.
      if number == 4 { #expect(ends == nil) } else { #expect(ends?.hash(scratch) == whole) }
      let parts = [row["provenance"]?["source"], row["kind"], row["run_id"]].map { $0 ?? .null }
      let plain = Hash128(Digest.of(JSON.array(parts).canonicalString))
      #expect(whole == plain)
      withExtendedLifetime(buffer) {}
    }
    for text in ["", "{", "{}", #"{"schema_version":1,"kind":"run","run_id":"r1"}"#] {
      let buffer = ByteBuffer()
      buffer.append(text)
      #expect(RowIdentity(buffer.bytes) == nil)
      withExtendedLifetime(buffer) {}
    }
  }

  @Test func `partitions tell their source, and that what they may hold`() throws {
    func path(_ text: String) -> RelativePath { RelativePath(unchecked: "data/evidence/" + text) }
    #expect(Layout.source(ofEvidence: path("2026/04/26/lab-2.jsonl")) == "lab-2")
    #expect(Layout.source(ofEvidence: path("undated/lab-2-0007.jsonl")) == "lab-2")
    let kinds = PartitionKinds([
      source(
        "lab", parts: [Part(kind: .run, map: FieldMap()), Part(kind: .verdict, map: FieldMap())])
    ])
    #expect(kinds.kinds(of: path("undated/lab-0000.jsonl")) == [.run, .verdict])
    #expect(kinds.kinds(of: path("2026/04/26/mill.jsonl")) == Set(RecordKind.allCases))
  }

  // MARK: Extractions

  private func extraction(_ id: String, task: String = "task", run: String? = nil, line: Int) -> JSON {
    let about: JSON =
      run.map { ["source": "lab", "kind": "run", "run_id": .string($0), "task_id": nil, "text_sha256": nil] } ?? .null
    return evidenceRow(id, task: task, line: line, ["kind": "extraction", "about": about])
  }

  @Test func `an extraction takes the category of the run it names, else of its task's runs of any source`() throws {
    let found = try score([
      [
        extraction("e1", run: "r1", line: 0), extraction("e2", task: "t2", line: 1),
        extraction("e3", task: "t3", line: 2), extraction("e4", task: "t4", line: 3),
        extraction("e5", run: "nobody", line: 4), extraction("e6", task: "t6", line: 5),
      ],
      [
        evidenceRow("r1", task: "x", line: 6, ["verdict": "rejected"]),
        evidenceRow("r2", task: "t2", line: 7, ["verdict": "accepted"]),
        evidenceRow("r3", task: "t2", source: "mill", line: 8, ["verdict": "accepted"]),
        evidenceRow("r4", task: "t3", line: 9, ["verdict": "accepted"]),
        evidenceRow("r5", task: "t3", source: "mill", line: 10, ["verdict": "rejected"]),
        // Not decided by rules 1 to 6: says nothing of its task.
        evidenceRow("r6", task: "t4", line: 11), evidenceRow("r7", task: "t2", line: 12),
        // Of the same task as e5, which names a run that is not there.
        evidenceRow("r8", line: 13, ["verdict": "accepted"]),
        // An extraction is no parent, whatever it was decided to be.
        evidenceRow("r9", task: "t6", line: 14, ["kind": "extraction", "verdict": "accepted"]),
      ],
    ])
    let wanted = [
      "e1": "rejected by parent", "e2": "accepted by parent", "e3": "needs_human_review by parents_disagree",
      "e4": "needs_human_review by no_parent", "e5": "needs_human_review by no_parent",
      "e6": "needs_human_review by no_parent", "r9": "accepted by verdict",
    ]
    #expect(found.verdicts.filter { wanted[$0.key] != nil } == wanted)
    #expect(found.rows[1]["reasons"] == [["rule": "parent", "facts": ["2 runs: accepted"]]])
    #expect(found.rows[0]["judged_by"] == .null)
  }

  @Test func `parents are judged before their extractions are scored`() throws {
    let found = try score([
      [extraction("e1", task: "t", line: 0)], [judgementRow("j1", about: "r1", line: 1, ["verdict": "rejected"])],
      [evidenceRow("r1", task: "t", line: 2)],
    ])
    #expect(found.verdicts == ["e1": "rejected by parent", "r1": "rejected by verdict"])
  }

  @Test func `a run that asks for review makes its extraction ask for it`() throws {
    let found = try score([
      [extraction("e1", run: "r1", line: 0), evidenceRow("r1", line: 1, ["verdict": "skipped"])]
    ])
    #expect(found.verdicts["e1"] == "needs_human_review by parent")
  }
}
