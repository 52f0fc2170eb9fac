import Foundation
import JSONTape
import Receipts
import Testing

/// What was stopped, and why, is worked out again: a quarantine that only adds up is found.
@Suite("Audit of the quarantines")
struct AuditQuarantineTests {
  /// Runs that every gate of all three exporters stops, with comparisons.
  private static func built() throws -> TestSpace {
    let space = try TestSpace()
    try space.write(
      "distill.yaml",
      Lab.configuration + """
          - name: duels
            files: duels.jsonl
            kind: comparison
            map:
              run_id: /id
              task_id: /task
              prompt: /ask
              a: {text: /left}
              b: {text: /right}
            votes: [/vote]
            winner: {1: a, 2: b}
            decide: majority
        exports:
          sft: {dedupe: exact, require_judge: [test]}
          holdout: {files: evals.jsonl, prompt: /q}

        """)
    try space.write("evals.jsonl", "{\"q\":\"Held  out?\"}\n")
    try space.write(
      "logs/a.jsonl",
      [
        Lab.line("r1", says: "Read the log first."), Lab.line("r2", says: "Read  the log first. "),
        Lab.line("r3", says: " "), Lab.line("r4", ask: nil, says: "Guess.", tests: "failed"),
        Lab.line("r5", ask: nil, says: "No question."), Lab.line("r6", says: "It depends."),
        Lab.line("r7", says: " It depends.", tests: "failed"), Lab.line("r8", says: "Try half.", tests: "flaky"),
        Lab.line("r9", says: "Later.", tests: "not run"), Lab.line("r10", ask: "Held out?", says: "Secret."),
        Lab.line("r11", task: "t3", says: "Same.", tests: "flaky"), Lab.line("r12", task: "t3", says: "Same. "),
        Lab.line("r13", says: "Read the log  first."), Lab.line("r1", says: "Again."), "{\"id\":7,\"cut\n",
        Lab.line("r2", says: "Again.", tests: "failed"),
      ].joined())
    try space.write("logs/b.jsonl", Lab.line("r6", says: "Once more.") + "[1]\n" + "{\"id\":\"pending")
    func duel(_ id: String, _ left: String, _ right: String, _ vote: Int, ask: String = "Which?") -> String {
      "{\"id\":\"\(id)\",\"task\":\"t1\",\"ask\":\"\(ask)\",\"left\":\"\(left)\",\"right\":\"\(right)\",\"vote\":\(vote)}\n"
    }
    try space.write(
      "duels.jsonl",
      duel("d1", "One.", "Two.", 1) + duel("d2", "Three.", "Three. ", 2) + duel("d3", " ", "Four.", 2)
        + duel("d4", "Five.", "It depends.", 1) + duel("d5", "Six.", "Seven.", 1, ask: "Held out?"))
    try space.build("-q")
    return space
  }

  @Test("of an honest set are right, whatever stops a row")
  func honest() throws {
    let space = try Self.built()
    let reasons = try ["evidence", "rag", "sft", "preference"].map { name in
      Set(try space.rows("exports/quarantine/\(name).jsonl").compactMap { $0["reason"]?.string }).sorted()
    }
    #expect(
      reasons == [
        ["duplicate_id", "missing_source_run_id", "schema_violation"],
        ["category_disallowed", "empty_content", "unsafe_rag_category"],
        ["category_disallowed", "duplicate_id", "empty_content", "unsafe_sft_category"],
        ["category_disallowed", "empty_content", "invalid_preference_pairing", "self_pairing"],
      ])
    #expect(try space.audit("--strict") == [])
    // Without the file of held-out prompts nobody can say what is stopped for them.
    #expect(try space.audit("--no-inputs") == [])
  }

  private static let names = ["rag", "sft", "preference"]

  @Test("another reason, sentence, record, provenance or time is found", arguments: names)
  func members(_ name: String) throws {
    let path = "exports/quarantine/\(name).jsonl"
    let space = try Self.built()
    let there = try space.rows(path)
    let bytes = try space.bytes(path)
    for (member, value) in [
      ("reason", "schema_violation"), ("errors", ["SECRET TEXT OF THE RUN"]), ("errors", []),
      ("source_record", nil), ("source_provenance", nil), ("recorded_at", nil),
    ] as [(String, JSON)] {
      for number in there.indices {
        var rows = there
        var row = rows[number].object ?? [:]
        guard row[member] != value else { continue }
        row[member] = value
        rows[number] = .object(row)
        try space.write(path, rows.flatMap { $0.encoded() + [0x0A] })
        try Forgery(space: space).fit { stage, receipt in
          guard stage == "export-\(name)", member == "reason" else { return }
          receipt.count("by_reason/\(there[number]["reason"]?.string ?? "")", -1)
          receipt.count("by_reason/schema_violation", 1)
        }
        #expect(
          try space.audit().contains { $0.hasSuffix(" \(path)") },
          "\(member) of line \(number + 1): \(there[number].canonicalString)")
        guard member == "reason" || member == "errors" else { break }
        try space.write(path, bytes)
        try Forgery(space: space).fit { stage, receipt in
          guard stage == "export-\(name)", member == "reason" else { return }
          receipt.count("by_reason/\(there[number]["reason"]?.string ?? "")", 1)
          receipt.count("by_reason/schema_violation", -1)
        }
      }
    }
  }

  @Test("a row in the place of another, one twice, and another order are found", arguments: names)
  func rows(_ name: String) throws {
    let path = "exports/quarantine/\(name).jsonl"
    let space = try Self.built()
    let rows = try space.read(path).split(separator: "\n").map { "\($0)\n" }
    let last = rows.count - 1
    try space.write(path, (rows.dropLast() + [rows[0]]).joined())
    try Forgery(space: space).fit()
    var found = try space.audit()
    #expect(found.contains("row-undue \(path)") && found.contains("row-missing \(path)"), "\(found)")
    try space.write(path, ([rows[last]] + rows.dropLast()).joined())
    try Forgery(space: space).fit()
    found = try space.audit()
    #expect(found == ["row-differs \(path)"])
  }

  @Test("rows in the quarantine of the stage that scores")
  func score() throws {
    let space = try Self.built()
    let path = "exports/quarantine/score.jsonl"
    var row = try space.rows("exports/quarantine/rag.jsonl")[0].object ?? [:]
    (row["stage"], row["reason"]) = ("score", "schema_violation")
    try Forgery(space: space).append(.object(row), to: path)
    try Forgery(space: space).fit { stage, receipt in
      guard stage == "score" else { return }
      for (count, change) in [("quarantined", 1), ("judgements", -1), ("by_reason/schema_violation", 1)] {
        receipt.count(count, Int64(change))
      }
    }
    #expect(try space.audit().contains("row-undue \(path)"))
  }

  // MARK: build-evidence

  private static let evidence = "exports/quarantine/evidence.jsonl"

  @Test("a record that the mapping stops and the quarantine has not, or in other words")
  func mapping() throws {
    let space = try Self.built()
    let rows = try space.rows(Self.evidence)
    let bytes = try space.bytes(Self.evidence)
    #expect(rows.count == 5)
    for number in rows.indices {
      for (member, value) in [("errors", ["a text of the run"]), ("source_record", "x")] as [(String, JSON)] {
        var changed = rows
        var row = rows[number].object ?? [:]
        row[member] = value
        changed[number] = .object(row)
        try space.write(Self.evidence, changed.flatMap { $0.encoded() + [0x0A] })
        try Forgery(space: space).fit()
        #expect(try space.audit().contains("provenance-mismatch \(Self.evidence)"), "\(member) of row \(number)")
      }
    }
    try space.write(Self.evidence, bytes)
    // A bad record becomes one that is nothing, in all books.
    try Forgery(space: space).edit(Self.evidence) { row in
      row["reason"] == "schema_violation" && row["source_provenance"]?["source_file"] == "logs/a.jsonl" ? nil : row
    }
    try Forgery(space: space).fit { stage, receipt in
      guard stage == "build-evidence" else { return }
      for table in ["", "by_source/lab/"] {
        receipt.count("\(table)quarantined", -1)
        receipt.count("\(table)mapped_to_nothing", 1)
      }
      receipt.count("by_reason/schema_violation", -1)
    }
    let found = try space.audit()
    #expect(
      found == ["books-unbalanced receipts/build-evidence/receipt.json", "provenance-mismatch logs/a.jsonl"])
  }

  @Test("counts of records that only add up")
  func counts() throws {
    let space = try Self.built()
    for changes in [
      ["mapped": -1, "mapped_to_nothing": 1], ["read": -1, "mapped": -1], ["read": -1, "pending": -1],
    ] as [[String: Int64]] {
      let forgery = Forgery(space: space)
      func change(_ sign: Int64) throws {
        try forgery.fit { stage, receipt in
          guard stage == "build-evidence" else { return }
          for (term, count) in changes {
            receipt.count(term, sign * count)
            receipt.count("by_source/lab/\(term)", sign * count)
          }
          if changes["read"] != nil {
            let log = receipt.core.inputs.firstIndex { $0.path.string == "logs/b.jsonl" } ?? 0
            receipt.core.inputs[log].recordCount -= Int(sign)
          }
        }
      }
      try change(1)
      #expect(try space.audit() == ["books-unbalanced receipts/build-evidence/receipt.json"], "\(changes)")
      try change(-1)
    }
    #expect(try space.audit("--strict") == [])
  }
}
