import Foundation
import JSONTape
import Receipts
import Testing

/// Every forgery here fits in itself: all hashes, lists, books and the history are made to agree with the edited files.
@Suite("Audit of rows in a set that fits in itself")
struct AuditRowTests {
  private static let rag = "exports/rag/playbooks.jsonl"
  private static let sft = "exports/sft/instruction_response.jsonl"
  private static let preference = "exports/preference/chosen_rejected.jsonl"
  private static let evidence = "data/evidence/2026/03/01/lab.jsonl"
  private static let scored = "data/scored-runs/2026/03/01/lab.jsonl"

  @Test("making the receipts fit the files that they name changes nothing")
  func nothing() throws {
    let space = try Lab.built()
    let before = try space.outputs()
    try Forgery(space: space).fit()
    #expect(try space.outputs() == before)
    #expect(try space.audit("--strict") == [])
  }

  /// The edit of one member of the first row of an export, and the member in which it is found.
  @Test(
    "a member of a row that is not what the evidence says",
    arguments: [
      (rag, "title", JSON.string("Another")), (rag, "content", "Another"), (rag, "prompt", nil),
      (rag, "tags", ["task:t1", "category:accepted", "model:m2"]), (rag, "tags", ["task:t1", "category:accepted"]),
      (rag, "tags", ["task:t1", "category:accepted", "model:m1", "more"]), (rag, "task_id", "t9"),
      (rag, "success_score", "partially_accepted"), (rag, "source_category", "partially_accepted"),
      (rag, "embedding_text", "Read"), (rag, "created_at", nil), (rag, "id", "rag-0123456789abcdef"),
      (sft, "instruction", "Another?"), (sft, "context", "Be brief."), (sft, "response", "Another"),
      (sft, "messages", []), (sft, "task_id", "t9"), (sft, "model_name", "m2"),
      (sft, "quality_score", "partially_accepted"), (sft, "score", 0.5), (sft, "judged_by", nil),
      (sft, "created_at", nil), (sft, "id", "sft-0123456789abcdef"), (preference, "prompt", "Another?"),
      (preference, "chosen", "Another"), (preference, "rejected", "Another"), (preference, "task_id", "t9"),
      (preference, "chosen_model", nil), (preference, "rejected_model", "m2"), (preference, "created_at", nil),
      (preference, "id", "pref-0123456789abcdef"),
    ] as [(String, String, JSON)])
  func member(_ file: String, _ member: String, _ value: JSON) throws {
    let space = try Lab.built()
    let forgery = Forgery(space: space)
    var isFirst = true
    try forgery.edit(file) { row in
      defer { isFirst = false }
      var row = row
      if isFirst { row[member] = value }
      return row
    }
    try forgery.fit { stage, receipt in
      // The books are made to agree, too.
      guard stage != "score", stage != "build-evidence" else { return }
      if member == "source_category" || member == "quality_score" {
        let isOwn = (stage == "export-rag") == (file == Self.rag) && stage != "export-preference"
        if isOwn && (stage == "export-sft") == (file == Self.sft) {
          receipt.count("by_category/accepted", -1)
          receipt.count("by_category/partially_accepted", 1)
        }
      }
    }
    let result = try space.run("audit", "--json")
    let findings = (try JSON.parse(Array(result.stdout.utf8))["results"]?.array ?? []).filter {
      $0["level"] == "finding"
    }
    #expect(!findings.isEmpty)
    for finding in findings {
      #expect(finding["code"] == "row-differs", "\(finding.canonicalString)")
      #expect(finding["path"] == .string(file) && finding["line"] == 1)
    }
    #expect(
      findings.contains { $0["member"]?.string?.hasPrefix(member) ?? false }, "\(findings.map(\.canonicalString))")
  }

  @Test(
    "a letter of an exported row that the evidence does not make is found, wherever it stands",
    arguments: [rag, sft, preference])
  func letter(_ file: String) throws {
    let space = try Lab.built()
    let forgery = Forgery(space: space)
    let bytes = try space.bytes(file)
    let end = bytes.firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    let row = String(decoding: bytes[..<end], as: UTF8.self)
    // What is not compared with the evidence: any version may be written, and a judge is compared by kind.
    let free = [#""schema_version":1"#, #""judged_by":{"kind":"test","name":"suite"}"#].compactMap { text in
      row.range(of: text).map { row.utf8.distance(from: row.startIndex, to: $0.lowerBound) + text.utf8.count }
        .map { $0 - text.utf8.count..<$0 }
    }
    for place in stride(from: 0, to: end, by: 9) where !free.contains(where: { $0.contains(place) }) {
      var changed = bytes
      changed[place] = changed[place] == UInt8(ascii: "e") ? UInt8(ascii: "a") : UInt8(ascii: "e")
      try space.write(file, changed)
      try forgery.fit()
      #expect(try space.audit().contains { $0.hasSuffix(" \(file)") }, "byte \(place) of \(file)")
    }
  }

  @Test("a row that is not what its schema says, an id that is there twice, a missing line end")
  func invalid() throws {
    for (change, count) in [
      ({ $0.replacingOccurrences(of: "\"title\"", with: "\"name\"") }, 0), ({ "\n" + $0 }, 1), ({ $0 + "{}\n" }, 1),
      ({ String($0.dropLast()) }, -1),
    ] as [((String) -> String, Int)] {
      let space = try Lab.built()
      try space.write(Self.rag, change(try space.read(Self.rag)))
      try Forgery(space: space).fit { stage, receipt in
        if stage == "export-rag", count < 0 { receipt.core.outputs[1].recordCount += 1 }
      }
      #expect(try space.audit().contains("row-invalid \(Self.rag)"))
    }
    let space = try Lab.built()
    let forgery = Forgery(space: space)
    try forgery.append(try space.rows(Self.rag)[0], to: Self.rag)
    try forgery.fit { stage, receipt in
      if stage == "export-rag" {
        receipt.count("exported", 1)
        receipt.count("scored", 1)
        receipt.count("by_category/accepted", 1)
        receipt.count("by_source/lab", 1)
      }
    }
    #expect(try space.audit().contains("row-invalid \(Self.rag)"))
  }

  /// A playbook of a run, as if it had been accepted.
  private static func playbook(of runID: String, in space: TestSpace) throws -> JSON {
    let forgery = Forgery(space: space)
    let run = try forgery.row(evidence, "run_id", .string(runID))
    var row = try forgery.row(rag, "source_category", "accepted")
    let text = run["text"] ?? .null
    for (member, value) in [
      ("id", Forgery.id("rag-", runID, run["provenance"] ?? .null)), ("title", text), ("content", text),
      ("embedding_text", text), ("source_run_id", .string(runID)), ("created_at", run["timestamp"] ?? .null),
      ("provenance", run["provenance"] ?? .null),
    ] {
      row[member] = value
    }
    return .object(row)
  }

  /// Lets a rejected run into the export, and makes the books and the quarantine agree.
  private static func letIn(_ space: TestSpace) throws -> Forgery {
    let forgery = Forgery(space: space)
    try forgery.append(try playbook(of: "r2", in: space), to: rag)
    try forgery.edit("exports/quarantine/rag.jsonl") { row in
      row["source_record"]?["evidence_run_id"] == "r2" ? nil : row
    }
    return forgery
  }

  private static func letInBooks(_ receipt: inout Receipt) {
    receipt.count("exported", 1)
    receipt.count("quarantined", -1)
    receipt.count("by_reason/unsafe_rag_category", -1)
    receipt.count("by_category/accepted", 1)
    receipt.count("by_source/lab", 1)
  }

  @Test("a rejected run in an export is a leak, whatever the row says")
  func leak() throws {
    let space = try Lab.built()
    try Self.letIn(space).fit { if $0 == "export-rag" { Self.letInBooks(&$1) } }
    #expect(try space.audit("--no-inputs").contains("leak \(Self.rag)"))
    #expect(
      try space.audit().filter { !$0.hasPrefix("row-differs") } == [
        "leak \(Self.rag)", "row-missing exports/quarantine/rag.jsonl",
      ])
  }

  @Test("a run that nobody has evidence of is a leak")
  func stranger() throws {
    let space = try Lab.built()
    let forgery = Forgery(space: space)
    try forgery.edit(Self.rag) { row in
      var row = row
      var provenance = row["provenance"]?.object ?? [:]
      provenance["byte_offset"] = 7
      row["provenance"] = .object(provenance)
      return row
    }
    try forgery.fit()
    #expect(try space.audit() == ["leak \(Self.rag)"])
  }

  /// The scored run says that it is accepted, and the receipts fit.
  private static func acceptScored(_ forgery: Forgery) throws {
    try forgery.edit(Self.scored) { row in
      var row = row
      if row["evidence_run_id"] == "r2" {
        row["category"] = "accepted"
        row["reasons"] = [["rule": "verdict", "facts": ["own: accepted"]]]
      }
      return row
    }
    try forgery.fit { stage, receipt in
      if stage == "export-rag" { Self.letInBooks(&receipt) }
      guard stage == "score" else { return }
      for (table, change) in [
        ("by_category/rejected", -1), ("by_category/accepted", 1), ("by_source/lab/rejected", -1),
        ("by_source/lab/accepted", 1),
      ] as [(String, Int64)] {
        receipt.count(table, change)
      }
    }
  }

  @Test("a scored run that says accepted where the evidence says rejected")
  func scoredRun() throws {
    let space = try Lab.built()
    let forgery = try Self.letIn(space)
    try Self.acceptScored(forgery)
    let found = try space.audit("--no-inputs")
    #expect(found.contains("leak \(Self.rag)"))
    #expect(found.contains("row-differs \(Self.scored)"))
  }

  @Test("evidence that says accepted where the log says failed")
  func evidenceAndAll() throws {
    let space = try Lab.built()
    let forgery = try Self.letIn(space)
    try forgery.edit(Self.evidence) { row in
      var row = row
      if row["run_id"] == "r2" { row["verdict"] = "accepted" }
      return row
    }
    try Self.acceptScored(forgery)
    #expect(try space.audit().contains("provenance-mismatch \(Self.evidence)"))
    // Without the log nobody can tell, but for what the other exports now lack.
    #expect(try !space.audit("--no-inputs").contains { $0.hasPrefix("leak") && $0.hasSuffix(Self.rag) })
  }

  @Test("evidence that is left out, invented, or of other bytes")
  func provenance() throws {
    let cases: [(@Sendable (JSONObject) -> JSONObject?, String)] = [
      ({ $0["run_id"] == "r2" ? nil : $0 }, "logs/2026-03-01.jsonl"),
      (
        { row in
          var row = row
          if row["run_id"] == "r2" { row["run_id"] = "r0" }
          return row
        }, Self.evidence
      ),
      (
        { row in
          var row = row
          if row["run_id"] == "r2" { row["other_verdicts"] = ["accepted"] }
          return row
        }, Self.evidence
      ),
      (
        { row in
          var row = row
          var provenance = row["provenance"]?.object ?? [:]
          if row["run_id"] == "r2" { provenance["sig_hash"] = .string(Digest.of("else").hex) }
          row["provenance"] = .object(provenance)
          return row
        }, Self.evidence
      ),
    ]
    for (change, path) in cases {
      let space = try Lab.built()
      let forgery = Forgery(space: space)
      try forgery.edit(Self.evidence, change)
      try forgery.fit()
      #expect(try space.audit().contains("provenance-mismatch \(path)"))
    }
  }

  @Test("the example, and a workspace of every kind of source, have no findings")
  func whole() throws {
    let example = try TestSpace()
    for name in ["Examples", "distill.yaml"] {
      try FileManager.default.copyItem(atPath: TestSpace.repository + "/" + name, toPath: example.path(name))
    }
    try example.build("--include-partial", "--include-review")
    #expect(try example.audit("--strict") == [])

    let space = try Self.everyKind()
    try space.build("-q")
    #expect(try space.audit("--strict") == [])
    // The records of the compressed log are at their spans.
    let rows = try space.rows("data/evidence/undated/packed-0000.jsonl")
    #expect(rows.map { $0["human_override"] } == [nil, nil, "needs_human_review"] as [JSON])
    #expect(rows.map { $0["other_verdicts"] } == [[], ["accepted"], []] as [JSON])
    let forgery = Forgery(space: space)
    try forgery.edit("data/evidence/undated/packed-0000.jsonl") { row in
      var row = row
      var provenance = row["provenance"]?.object ?? [:]
      provenance["byte_offset"] = 1
      row["provenance"] = .object(provenance)
      return row
    }
    try forgery.fit()
    #expect(try space.audit().contains("provenance-mismatch data/evidence/undated/packed-0000.jsonl"))
  }

  /// Compressed logs, duplicates with another verdict, look-ups, jq, comparisons, judgements, extractions, a holdout,
  /// files in git.
  private static func everyKind() throws -> TestSpace {
    let space = try TestSpace()
    try space.write(
      "distill.yaml",
      """
      version: 1
      sources:
        - name: packed
          files: packed/*.jsonl.gz
          map: {run_id: /id, task_id: /task, text: /says, prompt: /ask, human_override: /word}
          verdict: [{when: {/ok: true}, is: accepted}, {when: {/ok: false}, is: rejected}]
        - name: looked-up
          files: looked/*.json
          records: /runs/*
          lookups: {tasks: {files: tasks/*.json, records: /*, key: /id}}
          map: {run_id: /id, task_id: /task, text: /says, prompt: {lookup: tasks, key: /task, value: /ask}, score: /score}
          thresholds: {score: {accept_at: 0.9, partial_at: 0.5}}
        - name: programmed
          files: programmed/*.jsonl
          jq: ".runs[] | {run_id: .id, task_id: .task, text: .says, prompt: .ask, verdict: .verdict}"
        - name: duels
          files: duels/*.jsonl
          kind: comparison
          map: {run_id: /id, task_id: /task, prompt: /ask, a: {text: /one}, b: {text: /two}}
          votes: [/vote]
          winner: {1: a, 2: b}
          decide: majority
        - name: words
          files: words/*.jsonl
          parts:
            - {only: "verdict*", kind: verdict, map: {about: {source: /source, run_id: /run}}, verdict: [{when: {/good: true}, is: accepted}, {when: {/good: false}, is: rejected}]}
            - {only: "lesson*", kind: extraction, map: {run_id: /id, task_id: /task, text: /says, about: {source: {const: packed}, run_id: {from: /run, optional: true}}}}
      exports:
        holdout: {files: held/*.jsonl, prompt: /prompt}

      """)
    let packed = [
      #"{"id":"p1","task":"t1","says":"Yes.","ask":"Is it?","ok":true}"#,
      #"{"id":"p2","task":"t1","says":"No.","ask":"Is it?","ok":false}"#,
      #"{"id":"p2","task":"t1","says":"No.","ask":"Is it?","ok":true}"#,
      #"{"id":"p3","task":"t1","says":"So.","ask":"Is it?","ok":true}"#,
      #"{"id":"p3","task":"t1","says":"So.","ask":"Is it?","ok":true,"word":"rejected"}"#,
    ]
    try space.write("plain.jsonl", packed.map { $0 + "\n" }.joined())
    try FileManager.default.createDirectory(atPath: space.path("packed"), withIntermediateDirectories: true)
    let zipped = try Machine.run(["sh", "-c", "gzip -c plain.jsonl > packed/one.jsonl.gz"], in: space.root)
    try #require(zipped.exitCode == 0)
    try space.write("tasks/all.json", #"[{"id":"t2","ask":"How many?"},{"id":"t3","ask":"Held out?"}]"#)
    try space.write(
      "looked/one.json",
      """
      {"runs": [{"id": "l1", "task": "t2", "says": "Two.", "score": 1},
        {"id": "l2", "task": "t2", "says": "Three.", "score": 0.6}, {"id": "l3", "task": "t3", "says": "x", "score": 1}]}
      """)
    try space.write(
      "programmed/one.jsonl",
      #"{"runs":[{"id":"j1","task":"t4","says":"a","ask":"b","verdict":"accepted"},"#
        + #"{"id":"j2","task":"t4","says":"c","ask":"b","verdict":"rejected"}]}"# + "\n")
    try space.write(
      "duels/one.jsonl",
      #"{"id":"d1","task":"t5","ask":"Which?","one":"this","two":"that","vote":1}"# + "\n"
        + #"{"id":"d2","task":"t5","ask":"Which?","one":"here","two":"there","vote":2}"# + "\n")
    try space.write(
      "words/verdict.jsonl",
      #"{"source":"packed","run":"p1","good":true}"# + "\n" + #"{"source":"programmed","run":"j1","good":false}"# + "\n"
        + #"{"source":"packed","run":"nobody","good":true}"# + "\n")
    try space.write(
      "words/lesson.jsonl",
      #"{"id":"e1","task":"t1","says":"Look.","run":"p1"}"# + "\n" + #"{"id":"e2","task":"t2","says":"Count."}"# + "\n")
    try space.write("held/one.jsonl", #"{"prompt":" Held  out?"}"# + "\n")
    return space
  }

  @Test("a held-out prompt in an export is a leak")
  func heldOut() throws {
    let space = try Self.everyKind()
    try space.build("-q")
    try space.write("held/one.jsonl", #"{"prompt":"How many?"}"# + "\n")
    try Forgery(space: space).fit()
    #expect(try space.audit().contains("leak \(Self.rag)"))
  }
}
