import Foundation
import JSONTape
import Receipts
import Testing

@testable import Stages

@Suite struct ConfigurationReaderTests {
  private func read(_ yaml: String) throws(DistillError) -> Configuration {
    try Configuration.read(yaml, fileName: "distill.yaml")
  }

  /// One source with these lines below its `name`.
  private func source(_ lines: String) throws(DistillError) -> Source {
    let indented = lines.split(separator: "\n").map { "    \($0)\n" }.joined()
    return try read("version: 1\nsources:\n  - name: a\n\(indented)").sources[0]
  }

  private func pointer(_ text: String, _ probe: Int = -1, base: PointerReference.Base = .record) -> PointerReference {
    PointerReference(base: base, pointer: Pointer(text, allowingEvery: true)!, probe: probe)
  }

  @Test func `a full source is read`() throws {
    let source = try source(
      """
      files: data/_kb/observer_reviews*.jsonl
      ignore: "**/*.bak"
      format: jsonl
      unit: line
      kind: run
      map:
        run_id:   /run_id
        task_id:  "file:{/file}"
        model_name: kimi-k2
        text:     [/review, "{/a} and {/b}", none]
        timestamp: /ts
        source_files: /files
        validation_results: {grounded_fraction: /grounded}
      verdict:
        - {when: {/verdict: accept}, is: accepted}
        - {when: {/verdict: [reject, block], /n: {at_least: 1, below: 5}}, is: rejected}
        - {when: {/skipped: true}, is: skipped, optional: true}
        - {otherwise: rejected}
      thresholds: {grounded_fraction: {accept_at: 0.9, partial_at: 0.5}}
      judged_by: {kind: test, name: /judge}
      time_zone: "+02:00"
      repository: ../code
      max_record_bytes: 1000
      """)
    #expect(source.files.map(\.text) == ["data/_kb/observer_reviews*.jsonl"])
    #expect(source.ignore.map(\.text) == ["**/*.bak"])
    #expect(source.format == .jsonl)
    #expect(source.unit == .line)
    #expect(source.records.text == "")
    #expect(source.maxRecordBytes == 1000)
    #expect(source.repository == "../code")
    #expect(source.place == "distill.yaml:3:5")
    let part = try #require(source.parts.first)
    #expect(source.parts.count == 1)
    #expect(
      part.map.fields == [
        .runID: .pointer(pointer("/run_id", 0)),
        .taskID: .template([.literal("file:"), .pointer(pointer("/file", 1))]),
        .timestamp: .pointer(pointer("/ts", 2)),
        .modelName: .constant("kimi-k2"),
        .text: .firstOf(
          [
            .pointer(pointer("/review")),
            .template([.pointer(pointer("/a")), .literal(" and "), .pointer(pointer("/b"))]),
            .constant("none"),
          ], probe: 3),
        .sourceFiles: .pointer(pointer("/files", 4)),
      ])
    #expect(
      part.map.validationResults
        == .fields([.init(key: "grounded_fraction", expression: .pointer(pointer("/grounded", 5)))]))
    #expect(part.judgedBy == JudgedBy(kind: "test", name: .pointer(pointer("/judge", 6))))
    #expect(
      part.verdict == [
        VerdictRule(
          conditions: [Condition(reference: pointer("/verdict", 7), test: .equals("accept"))], verdict: .accepted),
        VerdictRule(
          conditions: [
            Condition(reference: pointer("/n", 8), test: .atLeast(1)),
            Condition(reference: pointer("/n", 8), test: .below(5)),
            Condition(reference: pointer("/verdict", 9), test: .oneOf(["reject", "block"])),
          ], verdict: .rejected),
        VerdictRule(
          conditions: [Condition(reference: pointer("/skipped", 10), test: .equals(true))], verdict: .skipped),
        VerdictRule(conditions: [], verdict: .rejected),
      ])
    #expect(part.thresholds.groundedFraction == Thresholds.Cut(acceptAt: 0.9, partialAt: 0.5))
    #expect(part.timeZoneOffset == 7200)
    #expect(part.probes[0] == Probe(text: "/run_id", key: "map.run_id", place: "distill.yaml:10:17", optional: false))
    // A list that ends in a constant holds for every record.
    #expect(part.probes[3].text == "[/review, {/a} and {/b}, none]")
    #expect(part.probes.map(\.optional) == [false, false, false, true, false, false, false, false, false, false, true])
    #expect(part.probes[9].key == "verdict[1].when")
  }

  @Test func `forms of expressions are told apart`() throws {
    let source = try source(
      """
      files: logs/{model}/*.json
      records: /runs/*
      map:
        run_id: "{model}-{$stem}-{$line}-{{x}}"
        task_id: {from: [/task, $root/task], optional: true}
        prompt: {const: /not/a/pointer}
        text: {last: /traj, role: assistant, final: true, optional: true}
        messages: {from: /traj, shape: openai}
        model_name: 1.10
        model_role: "{sha256:/a,$root/b}"
        success_markers: [ok, 5]
        failure_markers: [/failures, none]
        score: {jq: ".a / .b"}
        latency_ms: 5
        validation_results: {x: {const: {b: [1.0], a: 2}}, y: true, z: null}
      """)
    let map = source.parts[0].map
    #expect(
      map.fields == [
        .runID: .template([
          .capture("model"), .literal("-"), .stem, .literal("-"), .line, .literal("-{x}"),
        ]),
        .taskID: .firstOf([.pointer(pointer("/task")), .pointer(pointer("/task", base: .root))], probe: 0),
        .modelName: .constant("1.10"),
        .modelRole: .template([.sha256([pointer("/a", 1), pointer("/b", 2, base: .root)])]),
        .prompt: .constant("/not/a/pointer"),
        .messages: .messages(pointer("/traj", 3), shape: .openai),
        .text: .lastMessage(pointer("/traj", 4), role: "assistant", final: true),
        .score: .jq(".a / .b"),
        .successMarkers: .constant(["ok", "5"]),
        .failureMarkers: .firstOf([.pointer(pointer("/failures")), .constant(["none"])], probe: 5),
        .latencyMS: .constant(5),
      ])
    #expect(
      map.validationResults
        == .fields([
          .init(key: "x", expression: .constant(["a": 2, "b": [1]])), .init(key: "y", expression: .constant(true)),
          .init(key: "z", expression: .constant(nil)),
        ]))
    #expect(source.parts[0].probes.map(\.optional) == [true, false, false, false, true, true])
    #expect(source.parts[0].probes[2].text == "$root/b")
  }

  @Test func `a program without a map fills the fields by name`() throws {
    let source = try source("files: logs/*.json\njq: .runs[]")
    let map = source.parts[0].map
    #expect(map.isIdentity)
    #expect(map.fields.count == EvidenceField.allCases.count)
    #expect(map.fields[.gitSHA] == .pointer(pointer("/git_sha")))
    #expect(source.parts[0].probes.isEmpty)
  }

  @Test func `a judgement needs no run id, but what it is about`() throws {
    let source = try source(
      """
      files: logs/*.jsonl
      kind: verdict
      map: {about: {kind: verdict, run_id: /run}, judged_by: {kind: human, name: /who}}
      """)
    let part = source.parts[0]
    #expect(part.kind == .verdict)
    #expect(
      part.map.about == [
        .init(key: "kind", expression: .constant("verdict")),
        .init(key: "run_id", expression: .pointer(pointer("/run", 0))),
      ])
    #expect(part.map.judgedBy == JudgedBy(kind: "human", name: .pointer(pointer("/who", 1))))
  }

  @Test func `the keys of a source hold for its parts, which may say otherwise`() throws {
    let source = try source(
      """
      files: logs/*.jsonl
      map: {run_id: /id, text: /text}
      verdict: [{when: {/ok: true}, is: accepted}]
      parts:
        - only: "a*"
          map: {text: /answer}
        - only: "b*"
          kind: extraction
          verdict: [{when: {/ok: 1}, is: accepted}]
      """)
    #expect(source.parts.map(\.only?.text) == ["a*", "b*"])
    #expect(
      source.parts[0].map.fields == [.runID: .pointer(pointer("/id", 0)), .text: .pointer(pointer("/answer", 1))])
    #expect(source.parts[1].map.fields[.text] == .pointer(pointer("/text", 1)))
    #expect(source.parts[1].verdict[0].conditions[0].test == .equals(1))
  }

  @Test func `exports have defaults, and read back from their JSON`() throws {
    let minimal = "version: 1\nsources: [{name: a, files: a.jsonl, map: {run_id: /id}}]\n"
    #expect(try read(minimal).exports == ExportOptions())
    let full = try read(
      minimal + """
        exports:
          rag: {include_review: true}
          sft: {include_partial: true, dedupe: exact, require_judge: [human, test, human]}
          preference: {max_pairs_per_task: 2}
        """)
    #expect(full.exports.requireJudge == ["test", "human"])
    #expect(
      full.exports.json.canonicalString
        == #"{"holdout":null,"preference":{"max_pairs_per_task":2},"rag":{"include_review":true},"#
        + #""sft":{"dedupe":"exact","include_partial":true,"require_judge":["test","human"]}}"#)
    #expect(try ExportOptions(json: full.exports.json) == full.exports)
  }

  @Test(
    arguments: [
      ("UTC", 0), ("Z", 0), ("+02:00", 7200), ("-05:30", -19800), ("+14:00", 50400), ("+2:00", nil), ("+0200", nil),
      ("+24:00", nil), ("Europe/Berlin", nil),
    ] as [(String, Int32?)])
  func `a time zone is an offset`(text: String, seconds: Int32?) {
    #expect(TimeZoneOffset.parse(text) == seconds)
    if let seconds { #expect(TimeZoneOffset.parse(TimeZoneOffset.text(seconds)) == seconds) }
  }

  @Test func `format and unit follow from the name of a file`() throws {
    var source = try source("files: logs/*\nmap: {run_id: /id}")
    func how(_ name: String) -> String {
      let format = source.format(of: RelativePath(unchecked: name))
      return "\(format) \(source.unit(in: format))"
    }
    #expect(how("a.jsonl") == "jsonl line")
    #expect(how("a.ndjson.gz") == "jsonl line")
    #expect(how("a.json.zst") == "json file")
    #expect(how("a") == "json file")
    source.records = Pointer("/*", allowingEvery: true)!
    #expect(how("a.json") == "json element")
    source.format = .jsonl
    #expect(how("a") == "jsonl line")
  }

  @Test func `the examples of the documentation are configurations`() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../docs/CONFIGURATION.md").standardizedFileURL
    let text = try String(contentsOf: file, encoding: .utf8)
    let examples = text.split(separator: "```yaml\n").dropFirst().map {
      String($0.prefix(upTo: $0.range(of: "```")!.lowerBound))
    }
    #expect(examples.count >= 5)
    for example in examples {
      #expect(throws: Never.self, "\(example)") { try Configuration.read(example, fileName: "example") }
    }
  }
}
