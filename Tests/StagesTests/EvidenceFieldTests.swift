import JSONTape
import Receipts
import Testing

@testable import Stages

@Suite struct EvidenceFieldTests {
  /// The only row that comes of one line.
  private func row(_ source: Source, _ line: String) throws -> JSON {
    let mapped = try mapLines(source, line + "\n")
    #expect(mapped.balances)
    let rows = try mapped.evidence
    let stopped = try mapped.quarantine
    try #require(rows.count == 1, "\(stopped)")
    return rows[0]
  }

  private func error(_ source: Source, _ line: String) throws -> String {
    let mapped = try mapLines(source, line + "\n")
    #expect(mapped.balances)
    #expect(try mapped.evidence.isEmpty)
    let quarantine = try mapped.quarantine
    try #require(quarantine.count == 1)
    return "\(quarantine[0]["reason"]?.string ?? ""): \(quarantine[0]["errors"]?.array?[0].string ?? "")"
  }

  @Test func `a row has every key in order`() throws {
    let mapped = try mapLines(simpleSource(), #"{"id":"r"}"# + "\n")
    let sig = Digest.of(#"{"id":"r"}"#)
    #expect(
      mapped.outputs["evidence/undated"] == """
        {"schema_version":1,"kind":"run","run_id":"r","task_id":"r","timestamp":null,"model_name":null,\
        "model_provider":null,"model_role":null,"prompt":null,"messages":null,"text":null,"source_files":[],\
        "git_sha":null,"verdict":null,"score":null,"validation_results":{},"success_markers":[],"failure_markers":[],\
        "human_override":null,"other_verdicts":[],"judged_by":null,"about":null,"comparison":null,"latency_ms":null,\
        "cost_usd":null,"provenance":{"source":"lab","source_file":"logs/a.jsonl","line_offset":0,"byte_offset":0,\
        "byte_length":10,"sig_hash":"\(sig)","recorded_at":null}}

        """)
    #expect(mapped.recordCounts["evidence/undated"] == 1)
  }

  @Test func `rows satisfy the schema of evidence`() throws {
    let map: [EvidenceField: FieldExpression] = [
      .text: at("/t"), .score: at("/s"), .sourceFiles: at("/f"), .timestamp: at("/ts"),
      .messages: .messages(reference("/m"), shape: .openai),
    ]
    let mapped = try mapLines(
      simpleSource(map),
      #"{"id":"r","t":"x","s":1,"f":"a.swift","ts":1777190400,"m":[{"role":"user","content":"hi"}]}"# + "\n")
    let text = ByteBuffer()
    text.append(mapped.outputs["evidence/2026/04/26"]!)
    let parser = JSONParser()
    let violations = RecordSchema.evidence.violations(of: try parser.parse(text.slice(0..<text.count - 1)))
    withExtendedLifetime(parser) {}
    #expect(violations.isEmpty)
  }

  @Test func `numbers are texts by their token and null is absent`() throws {
    let source = simpleSource([.text: at("/t"), .taskID: .template([.literal("t-"), .pointer(reference("/n"))])])
    #expect(try row(source, #"{"id":1.50,"t":7e2,"n":3}"#)["run_id"] == "1.50")
    #expect(try row(source, #"{"id":"r","t":7e2,"n":3}"#)["text"] == "7e2")
    #expect(try row(source, #"{"id":"r","n":3}"#)["task_id"] == "t-3")
    #expect(try row(source, #"{"id":"r","n":null}"#)["task_id"] == "r")
  }

  @Test func `a boolean, list or object where text is expected is a violation`() throws {
    let source = simpleSource([.text: at("/t"), .taskID: .template([.pointer(reference("/n"))])])
    #expect(
      try error(source, #"{"id":"r","t":true}"#) == "schema_violation: text: /t is a boolean, where text is expected")
    #expect(
      try error(source, #"{"id":"r","n":{}}"#) == "schema_violation: task_id: /n is an object, where text is expected")
  }

  @Test func `a blank text is kept, a blank id is absent`() throws {
    let source = simpleSource([.text: at("/t"), .taskID: at("/k")])
    let blank = try row(source, #"{"id":"r","t":" \u2003","k":"\u0085"}"#)
    #expect(blank["text"] == " \u{2003}")
    #expect(blank["task_id"] == "r")
    #expect(try error(source, #"{"id":"  "}"#) == "missing_source_run_id: run_id: there is none, or it is blank")
  }

  @Test func `the first of a list that is present and not blank is taken`() throws {
    let source = simpleSource([
      .text: .firstOf(
        [at("/a"), .template([.literal("<"), .pointer(reference("/b")), .literal(">")]), at("/c")], probe: -1)
    ])
    #expect(try row(source, #"{"id":"r","a":" ","b":"x"}"#)["text"] == "<x>")
    #expect(try row(source, #"{"id":"r","a":null,"c":"y"}"#)["text"] == "y")
    #expect(try row(source, #"{"id":"r"}"#)["text"] == .some(.null))
  }

  @Test func `templates know captures, path, stem, line and hashes`() throws {
    let pieces: [TemplatePiece] = [
      .capture("model"), .literal("|"), .path, .literal("|"), .stem, .literal("|"), .line, .literal("|"),
      .sha256([reference("/id")]), .literal("|"), .sha256([reference("/id"), reference("/n")]), .literal("|"),
      .sha256([reference("/o")]),
    ]
    let source = simpleSource([.text: .template(pieces)], records: "/*")
    let mapped = try mapDocument(
      source, #"[{"id":"ä","n":1.0,"o":{"b":1,"a":2}}]"#, path: "logs/x.json", captures: ["model": "kimi"])
    let expected =
      "kimi|logs/x.json|x|0|\(Digest.of("ä"))|\(Digest.of(#"["ä",1]"#))|\(Digest.of(#"{"a":2,"b":1}"#))"
    #expect(try mapped.evidence[0]["text"] == .string(expected))
    #expect(try mapDocument(source, #"[{"id":"a","n":1,"o":2}]"#).evidence[0]["text"] == .some(.null))
  }

  @Test func `lists are lists of strings, or one string`() throws {
    let source = simpleSource([.sourceFiles: at("/f")])
    #expect(try row(source, #"{"id":"r","f":"a"}"#)["source_files"] == ["a"])
    #expect(try row(source, #"{"id":"r","f":["a","b"]}"#)["source_files"] == ["a", "b"])
    #expect(try row(source, #"{"id":"r","f":null}"#)["source_files"] == [])
    #expect(try row(source, #"{"id":"r","f":""}"#)["source_files"] == [])
    #expect(
      try error(source, #"{"id":"r","f":["a",1]}"#)
        == "schema_violation: source_files: element 1 of /f is a number, where a string is expected")
    #expect(
      try error(source, #"{"id":"r","f":{}}"#)
        == "schema_violation: source_files: /f is an object, where a list of strings is expected")
  }

  @Test func `numbers are doubles`() throws {
    let source = simpleSource([.score: at("/s"), .latencyMS: at("/l")])
    let mapped = try mapLines(source, #"{"id":"r","s":1,"l":-0}"# + "\n")
    #expect(mapped.outputs["evidence/undated"]!.contains(#""score":1.0,"#))
    #expect(mapped.outputs["evidence/undated"]!.contains(#""latency_ms":0.0,"#))
    #expect(
      try error(source, #"{"id":"r","s":"1"}"#) == "schema_violation: score: /s is a string, where a number is expected"
    )
    #expect(
      try error(source, #"{"id":"r","s":1e999}"#) == "schema_violation: score: /s is past the range of a double")
  }

  @Test func `times are normalised and name the output`() throws {
    let source = simpleSource([.timestamp: at("/ts")]) { $0.timeZoneOffset = 7200 }
    let mapped = try mapLines(
      source,
      """
      {"id":"a","ts":"2026-04-26T01:00:00"}
      {"id":"b","ts":1777190400.25}
      {"id":"c","ts":"2026-04-26T08:00:00.50Z"}

      """)
    #expect(mapped.outputs.keys.sorted() == ["evidence/2026/04/25", "evidence/2026/04/26", "quarantine"])
    #expect(try mapped.rows("evidence/2026/04/25")[0]["timestamp"] == "2026-04-25T23:00:00Z")
    #expect(
      try mapped.rows("evidence/2026/04/26").map { $0["provenance"]?["recorded_at"]?.string }
        == ["2026-04-26T08:00:00.25Z", "2026-04-26T08:00:00.5Z"])
    #expect(
      try error(source, #"{"id":"a","ts":"soon"}"#)
        == #"schema_violation: timestamp: /ts is not a time that can be read: "soon""#)
    let long = String(repeating: "9", count: 50)
    #expect(
      try error(source, #"{"id":"a","ts":\#(long)}"#)
        == "schema_violation: timestamp: /ts is not a time that can be read: \(long.prefix(40))…")
    #expect(
      try error(source, #"{"id":"a","ts":false}"#)
        == "schema_violation: timestamp: /ts is a boolean, where a time is expected")
  }

  @Test func `a quarantined record keeps its time where it can be read`() throws {
    let source = simpleSource([.timestamp: at("/ts"), .text: at("/t")])
    let mapped = try mapLines(source, #"{"id":"a","ts":0,"t":[]}"# + "\n")
    #expect(try mapped.quarantine[0]["recorded_at"] == "1970-01-01T00:00:00Z")
  }

  @Test func `validation results have every key, doubles, and keys in order`() throws {
    let source = simpleSource { part in
      part.map.validationResults = .fields([
        .init(key: "a", expression: at("/a")), .init(key: "b", expression: at("/b")),
        .init(key: "c", expression: .template([.literal("x"), .pointer(reference("/id"))])),
      ])
    }
    let mapped = try mapLines(
      source, #"{"id":"r","a":{"z":[1,12345678901234567890,"ä"],"y":{"b":null,"a":1e2}}}"# + "\n")
    let expected =
      #""validation_results":{"a":{"y":{"a":100.0,"b":null},"z":[1.0,12345678901234567890,"ä"]},"b":null,"c":"xr"}"#
    #expect(mapped.outputs["evidence/undated"]!.contains(expected))
    #expect(
      mapped.counts["fields"] == [
        "run_id": 1, "validation_results.a": 1, "validation_results.b": 0, "validation_results.c": 1,
      ])
  }

  @Test func `validation results can be an object as a whole`() throws {
    let source = simpleSource { $0.map.validationResults = .whole(at("/v")) }
    #expect(
      try mapLines(source, #"{"id":"r","v":{"b":2,"a":true}}"# + "\n").outputs["evidence/undated"]!
        .contains(#""validation_results":{"a":true,"b":2.0}"#))
    #expect(try row(source, #"{"id":"r"}"#)["validation_results"] == [:])
    #expect(
      try error(source, #"{"id":"r","v":1}"#)
        == "schema_violation: validation_results: /v is a number, where an object is expected")
  }

  @Test func `an override is a category`() throws {
    let source = simpleSource([.humanOverride: at("/o")])
    #expect(try row(source, #"{"id":"r","o":"rejected"}"#)["human_override"] == "rejected")
    #expect(try row(source, #"{"id":"r","o":" "}"#)["human_override"] == .some(.null))
    #expect(try error(source, #"{"id":"r","o":"no"}"#) == #"schema_violation: human_override: "no" is no category"#)
  }

  @Test func `the verdict can be the log's own word`() throws {
    let source = simpleSource([.verdict: at("/v")])
    #expect(try row(source, #"{"id":"r","v":"skipped"}"#)["verdict"] == "skipped")
    #expect(try row(source, #"{"id":"r","v":""}"#)["verdict"] == .some(.null))
    #expect(try error(source, #"{"id":"r","v":"fine"}"#).hasPrefix(#"schema_violation: verdict: "fine" is none of"#))
  }

  @Test func `about has all five keys, or is null`() throws {
    let source = simpleSource(kind: .verdict) { part in
      part.map.about = [.init(key: "run_id", expression: at("/about")), .init(key: "task_id", expression: at("/task"))]
      part.judgedBy = JudgedBy(kind: "human", name: at("/who"))
    }
    let judged = try row(source, #"{"id":"v","about":"r","who":"Ada"}"#)
    #expect(
      judged["about"]
        == ["source": "lab", "kind": "run", "run_id": "r", "task_id": nil, "text_sha256": nil])
    #expect(judged["judged_by"] == ["kind": "human", "name": "Ada"])
    let bare = try row(source, #"{"id":"v","who":" "}"#)
    #expect(bare["about"] == .some(.null))
    #expect(bare["judged_by"] == ["kind": "human", "name": nil])
  }

  @Test func `a judgement without a run id gets one`() throws {
    let source = simpleSource([.runID: at("/none")], kind: .verdict) { part in
      part.map.about = [.init(key: "run_id", expression: at("/about"))]
    }
    let sig = Digest.of(#"{"about":"r"}"#)
    let about = #"{"kind":"run","run_id":"r","source":"lab","task_id":null,"text_sha256":null}"#
    #expect(try row(source, #"{"about":"r"}"#)["run_id"] == .string(Digest.of(#"["\#(sig)",\#(about)]"#).hex))
    #expect(try row(source, "{}")["run_id"] == .string(Digest.of(#"["\#(Digest.of("{}"))",null]"#).hex))
  }

  @Test func `lone surrogates are repaired in texts and kept in the hash`() throws {
    let source = simpleSource([.text: at("/t"), .taskID: .template([.sha256([reference("/t")])])])
    let mapped = try row(source, #"{"id":"r","t":"a\uD800b"}"#)
    #expect(mapped["text"] == "a\u{FFFD}b")
    #expect(mapped["task_id"] == .string(Digest.of("a\u{FFFD}b").hex))
    #expect(mapped["provenance"]?["sig_hash"] == .string(Digest.of(#"{"id":"r","t":"a\ud800b"}"#).hex))
  }

  @Test func `a program can fill a field`() throws {
    let source = simpleSource([.text: .jq(".parts | join(\"-\")"), .score: .jq(".parts | length")])
    let mapped = try row(source, #"{"id":"r","parts":["a","b"]}"#)
    #expect(mapped["text"] == "a-b")
    #expect(mapped["score"] == 2.0)
    #expect(try error(source, #"{"id":"r","parts":1}"#).hasPrefix("schema_violation: text: jq: Cannot"))
  }
}
