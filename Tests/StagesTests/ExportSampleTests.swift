import JSONTape
import Receipts
import Testing

@testable import Stages

/// What a sample says.
@Suite struct ExportSampleTests {
  private func sample(
    _ function: ActionFunction, _ output: String, _ evidence: JSON, _ category: String = "accepted",
    _ changes: [String: JSON] = [:]
  ) throws -> JSON {
    let run = try runAction(
      function, ["include_partial": true, "include_review": true],
      ["scored/0": jsonLines([scoredRow(evidence, category, changes)]), "evidence/0": jsonLines([evidence])])
    #expect(try run.reasons == [])
    return try #require(try run.rows(output).first)
  }

  private func rag(_ evidence: JSON, _ category: String = "accepted") throws -> JSON {
    try sample(RagMap.function, "rag", evidence, category)
  }

  private func sft(_ evidence: JSON, _ category: String = "accepted", _ changes: [String: JSON] = [:]) throws -> JSON {
    try sample(SftMap.function, "sft", evidence, category, changes)
  }

  private func id(_ prefix: String, _ evidence: JSON) -> JSON {
    let seed = "\(evidence["run_id"]?.string ?? "")|\(evidence["provenance"]?["sig_hash"]?.string ?? "")"
    return .string("\(prefix)-\(Digest.of(seed).hex.prefix(16))")
  }

  @Test func `a playbook is the run's text with its tags and its place`() throws {
    let evidence = evidenceRow(
      "r1", task: "repo:42:x",
      [
        "text": "\n  \r\n \u{3000}First line\u{a0}\r\nSecond\n", "model_role": "reviewer",
        "source_files": ["a.rs", "b.rs"],
        "prompt": nil,
      ])
    let row = try rag(evidence, "partially_accepted")
    let expected: JSON = [
      "schema_version": 1, "id": id("rag", evidence), "title": "First line", "content": evidence["text"]!,
      "tags": ["task:repo", "category:partially_accepted", "role:reviewer", "model:kimi", "file:a.rs"],
      "source_run_id": "r1", "task_id": "repo:42:x", "prompt": nil, "success_score": "partially_accepted",
      "source_category": "partially_accepted", "embedding_text": evidence["text"]!,
      "created_at": "2026-04-26T08:00:00Z", "provenance": evidence["provenance"]!,
    ]
    #expect(row == expected)
    #expect(row.object?.keys == RecordSchema.ragSample.fields.map(\.name))
  }

  @Test func `tags of what is absent or blank are left out, and a time that is unknown stays so`() throws {
    let row = try rag(evidenceRow("r1", ["model_name": " ", "model_role": nil, "timestamp": nil]))
    #expect(row["tags"] == ["task:task", "category:accepted"] && row["created_at"] == .null)
    #expect(try rag(evidenceRow("r1", task: ":x"))["tags"]?.array?.first == "task:")
  }

  @Test func `a text that begins with nothing to read is embedded from where it says something`() throws {
    for spaces in [0, 1, 1999, 2000, 2001, 5000] {
      let text = String(repeating: "\n", count: spaces) + String(repeating: "x", count: 3000) + " "
      let evidence = evidenceRow("r", ["text": .string(text)])
      let run = try runAction(
        RagMap.function, [:], ["scored/0": jsonLines([scoredRow(evidence)]), "evidence/0": jsonLines([evidence])])
      let start = spaces < 2000 ? String(text.prefix(2000)) : String(repeating: "x", count: 2000)
      #expect(try run.rows("rag").first?["embedding_text"] == .string(start), "\(spaces) line ends")
      #expect(try run.rows("rag").first?["content"] == .string(text))
    }
  }

  @Test func `titles have 120 and embedding texts 2000 code units at most, and never half a character`() throws {
    let long = String(repeating: "a", count: 119) + "😀" + String(repeating: "b", count: 1878) + "😀tail"
    let row = try rag(evidenceRow("r1", ["text": .string(long)]))
    #expect(row["title"] == .string(String(repeating: "a", count: 119)))
    #expect(row["embedding_text"]?.string == String(long.dropLast(5)))
    #expect(row["embedding_text"]?.string?.utf16.count == 1999 && row["content"]?.string == long)
    // A title is trimmed after it is cut.
    let spaced = try rag(evidenceRow("r1", ["text": .string(String(repeating: "a", count: 118) + "  b")]))
    #expect(spaced["title"] == .string(String(repeating: "a", count: 118)))
    let exact = try rag(evidenceRow("r1", ["text": .string(String(repeating: "é", count: 118) + "😀x")]))
    #expect(exact["title"] == .string(String(repeating: "é", count: 118) + "😀"))
  }

  @Test func `a supervised sample is the prompt, the text, and the conversation up to it`() throws {
    func message(_ role: String, _ content: String) -> JSON {
      ["role": .string(role), "content": .string(content), "tool_calls": nil, "tool_call_id": nil, "name": nil]
    }
    let messages = [
      message("system", "Be kind."), message("user", "Hi"), message("assistant", "answer"), message("user", "answer"),
      message("assistant", "answer"), message("user", "thanks"), message("assistant", "bye"),
    ]
    let evidence = evidenceRow("r1", ["text": "answer", "messages": .array(messages), "score": 0.5])
    let row = try sft(evidence, "partially_accepted", ["judged_by": ["kind": "human", "name": "ann"]])
    let expected: JSON = [
      "schema_version": 1, "id": id("sft", evidence), "instruction": "What about task?", "context": "Be kind.",
      "response": "answer", "messages": .array(Array(messages[...4])), "source_run_id": "r1", "task_id": "task",
      "model_name": "kimi", "quality_score": "partially_accepted", "score": 0.5,
      "judged_by": ["kind": "human", "name": "ann"], "created_at": "2026-04-26T08:00:00Z",
      "provenance": evidence["provenance"]!,
    ]
    #expect(row == expected)
    #expect(row.object?.keys == RecordSchema.sftSample.fields.map(\.name))
    let other = try sft(evidenceRow("r1", ["messages": .array(messages)]))
    #expect(other["messages"] == .null && other["context"] == "Be kind.")
    let rows = [evidence, evidenceRow("r2", ["messages": .array(messages)]), evidenceRow("r3")]
    let run = try runAction(
      SftMap.function, [:], ["scored/0": jsonLines(rows.map { scoredRow($0) }), "evidence/0": jsonLines(rows)])
    #expect(run.counts["exported"] == 3 && run.counts["without_messages"] == 1)
    let none = try sft(evidenceRow("r1"))
    #expect(none["messages"] == .null && none["context"] == .null)
  }

  // MARK: Unique

  /// Of fragments, each a group of its own.
  private func unique(
    _ fragments: [[JSON]], by hash: String = "texts", dedupe: String, map: ActionFunction = SftMap.function
  ) throws -> (counts: JSON, overlays: [String: [JSON]], totals: JSON) {
    var inputs: [String: [UInt8]] = [:]
    for (index, rows) in fragments.enumerated() {
      let run = try runAction(
        map, [:], ["scored/0": jsonLines(rows.map { scoredRow($0) }), "evidence/0": jsonLines(rows)])
      let parts = try runAction(
        SampleParts.function, ["bits": 0, "by": .string(hash), "fragments": 1], ["0": run.outputs["samples"] ?? []])
      inputs[String(index)] = parts.outputs["samples/0"]
    }
    let run = try runAction(
      UniqueReduce.function,
      [
        "bits": 0, "dedupe": .string(dedupe), "firsts": .array(fragments.indices.map { .integer(Int64($0)) }),
      ], inputs)
    var overlays: [String: [JSON]] = [:]
    for name in run.outputs.keys where name.hasPrefix("overlay/") { overlays[name] = try run.rows(name) }
    let tasks = try runAction(TaskTotals.function, [:], ["0": run.outputs["tasks/0"] ?? []])
    let lengths = try runAction(LengthTotals.function, [:], ["0": run.outputs["lengths"] ?? []])
    return (
      run.counts, overlays, ["tasks": tasks.counts["tasks"] ?? .null, "lengths": lengths.counts["lengths"] ?? .null]
    )
  }

  /// Two sources hold the same record: the same run id and the same hash.
  private func copy(_ row: JSON) -> JSON {
    var object = row.object ?? [:]
    var provenance = object["provenance"]?.object ?? [:]
    provenance["source"] = "mill"
    object["provenance"] = .object(provenance)
    return .object(object)
  }

  @Test func `an id that an earlier fragment has is a duplicate`() throws {
    let rows = (0..<4).map { evidenceRow("r\($0)", line: $0) }
    let found = try unique([[rows[0], rows[1]], [rows[2]], [rows[3], copy(rows[1]), copy(rows[2])]], dedupe: "none")
    #expect(found.overlays.mapValues { $0.map { $0["row"] } } == ["overlay/2": [1, 2]])
    #expect(found.counts["duplicates"] == 2 && found.totals["tasks"] == 1)
    #expect(found.totals["lengths"] == ["p10": 10, "p50": 10, "p90": 10])

    // With what was found, the map stops them.
    let last = [rows[3], copy(rows[1]), copy(rows[2])]
    let run = try runAction(
      SftMap.function, [:],
      [
        "scored/0": jsonLines(last.map { scoredRow($0) }), "evidence/0": jsonLines(last),
        "overlay/0": jsonLines(found.overlays["overlay/2"] ?? []),
      ])
    #expect(try run.reasons == ["duplicate_id", "duplicate_id"])
    #expect(run.count("exported") == 1 && run.counts["by_reason"] == ["duplicate_id": 2])
  }

  @Test(arguments: [false, true])
  func `the same folded instruction and response again is counted, and dropped where that is asked for`(exact: Bool)
    throws
  {
    let rows = [
      evidenceRow("r1", ["prompt": "Café  au\nlait", "text": "oui"]),
      evidenceRow("r2", ["prompt": " Cafe\u{301} au lait ", "text": "oui\n"]),
      evidenceRow("r3", ["prompt": "Café au lait", "text": "Oui"]),
      evidenceRow("r4", ["prompt": "Café au", "text": "lait oui"]),
      evidenceRow("r5", ["prompt": "Café au lait", "text": "\u{2003}oui"]),
    ]
    let found = try unique([[rows[0]], [rows[1], rows[2], rows[3]], [rows[4]]], dedupe: exact ? "exact" : "none")
    #expect(found.counts["repeated"] == 2 && found.counts["duplicates"] == (exact ? 2 : 0))
    let wanted: [String: [JSON?]] = exact ? ["overlay/1": [0], "overlay/2": [0]] : [:]
    #expect(found.overlays.mapValues { $0.map { $0["row"] } } == wanted)
  }

  @Test func `playbooks that say the same are not dropped`() throws {
    let rows = [evidenceRow("r1", ["text": "same"]), evidenceRow("r2", ["text": "same"])]
    let found = try unique([rows], by: "id", dedupe: "none", map: RagMap.function)
    #expect(found.counts["repeated"] == 0 && found.overlays.isEmpty)
  }

  @Test func `percentiles are of the nearest rank`() {
    #expect(Percentiles.json([]) == ["p10": nil, "p50": nil, "p90": nil])
    #expect(Percentiles.json([(7, 1)]) == ["p10": 7, "p50": 7, "p90": 7])
    #expect(Percentiles.json((1...10).map { ($0, 1) }) == ["p10": 1, "p50": 5, "p90": 9])
    #expect(Percentiles.json((1...11).map { ($0, 1) }) == ["p10": 2, "p50": 6, "p90": 10])
    #expect(Percentiles.json([(3, 1), (5, 98), (8, 1)]) == ["p10": 5, "p50": 5, "p90": 5])
  }

  @Test func `lengths that several buckets have count together`() throws {
    let tables = [[UInt32](repeating: 4, count: 3) + [9], [1, 4, 4, 9, 9]].map { lengths in
      let sink = OutputSink()
      LengthTotals.append(lengths, to: sink)
      return Array(sink.buffer.bytes.buffer)
    }
    let run = try runAction(LengthTotals.function, [:], ["0": tables[0], "1": tables[1]])
    #expect(run.counts["lengths"] == Percentiles.json([(1, 1), (4, 5), (9, 3)]))
  }

  // MARK: Buckets

  /// Runs of three sources: texts that several say, records that two sources share, and (where asked for) records that
  /// the two read differently.
  private func crowd(straddling: Bool) -> [Partition] {
    func rows(_ source: String) -> [JSON] {
      (0..<120).map { number in
        let changes: [String: JSON] = [
          "text": .string("text \(number % 70)"), "prompt": .string("ask \(number % 35)"), "verdict": "accepted",
        ]
        return evidenceRow("\(source) \(number)", task: "t\(number % 50)", source: source, line: number, changes)
      }
    }
    let copies = rows("lab")[80..<100].enumerated().map { number, row in
      var object = copy(row).object ?? [:]
      if straddling, number % 2 == 0 { object["text"] = .string("read otherwise \(number)") }
      return JSON.object(object)
    }
    return [
      ("data/evidence/2026/04/26/lab.jsonl", [Array(rows("lab")[..<50]), Array(rows("lab")[50...])]),
      ("data/evidence/2026/04/26/loom.jsonl", [rows("loom")]), ("data/evidence/2026/04/26/mill.jsonl", [Array(copies)]),
    ]
  }

  @Test(arguments: [ExportOptions.Dedupe.none, .exact], [false, true])
  func `samples that are looked at in many buckets come to the same`(
    dedupe: ExportOptions.Dedupe, straddling: Bool
  ) throws {
    var options = ExportOptions()
    options.dedupe = dedupe
    let (one, many) = (ExportSpace(), ExportSpace())
    #expect(try one.build(crowd(straddling: straddling), options).compactMap(\.trouble) == [])
    #expect(try many.build(crowd(straddling: straddling), options, uniqueLimit: 256).compactMap(\.trouble) == [])
    for stage in Pipeline.exports {
      let (mine, theirs) = (try #require(try one.core(stage)), try #require(try many.core(stage)))
      #expect(mine.outputs == theirs.outputs && mine.recordCounts == theirs.recordCounts)
      #expect(mine.summary == theirs.summary)
    }
    // What is looked for is there.
    let core = try #require(try many.core(.exportSFT))
    #expect(core.recordCounts["by_reason"]?["duplicate_id"]?.integer ?? 0 > (dedupe == .exact ? 100 : 9))
    #expect(core.summary["repeated"]?.integer ?? 0 > 100)
  }
}
