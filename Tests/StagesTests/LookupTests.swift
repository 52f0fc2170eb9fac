import JSONTape
import Receipts
import ReceiptsTesting
import SystemPackage
import Testing

@testable import Stages

/// Fields that come from another file.
@Suite struct LookupTests {
  // MARK: Configuration

  private func error(_ lines: String) -> String {
    let indented = lines.split(separator: "\n").map { "    \($0)\n" }.joined()
    do {
      _ = try Configuration.read("version: 1\nsources:\n  - name: a\n    files: a.jsonl\n\(indented)", fileName: "d")
      return "none"
    } catch {
      return "\(error)"
    }
  }

  private static let tasks = "lookups: {tasks: {files: t.json, key: /id}}\n"

  static let refusals: [(lines: String, text: String)] = [
    (
      "map: {run_id: /i, prompt: {lookup: tasks, key: /t, value: /p}}",
      "5:40: there is no look-up `tasks`\n  the source names it: lookups: {tasks: {files: tasks/*.json, key: /id}}"
    ),
    (
      "\(tasks)map: {run_id: /i, prompt: {lookup: task, key: /t, value: /p}}",
      "6:40: there is no look-up `task`\n  did you mean `tasks`? look-ups of the source: tasks"
    ),
    (
      "\(tasks)map: {run_id: /i, prompt: {lookup: tasks, value: /p}}",
      "6:31: `key` is missing in {lookup: …}"
    ),
    (
      "\(tasks)map: {run_id: /i, prompt: {lookup: tasks, key: /t}}",
      "6:31: `value` is missing in {lookup: …}"
    ),
    (
      "\(tasks)map: {run_id: /i, prompt: {lookup: tasks, key: t, value: /p}}",
      "6:52: `map.prompt.key` is a text, expected a pointer or a template\n  as in /id, or \"{/suite}-{/id}\""
    ),
    (
      "\(tasks)map: {run_id: /i, prompt: {lookup: tasks, key: /t, value: p}}",
      "6:63: `value` is no pointer into a record of the look-up\n  as in {lookup: tasks, key: /id, value: /prompt}"
    ),
    (
      "\(tasks)map: {run_id: /i, messages: {lookup: tasks, key: /t, value: /m}}",
      "6:42: `map.messages` is a text, expected {from: /pointer, shape: openai} or {from: /pointer, shape: anthropic}"
    ),
    (
      "\(tasks)map: {run_id: /i}",
      "5:22: no field comes from the look-up `tasks`\n  as in map: {prompt: {lookup: tasks, key: /id, value: /prompt}}"
    ),
    ("lookups: {t: {key: /id}}", "5:18: `files` is missing in lookups.t"),
    ("lookups: {t: {files: t.json}}", "5:18: `key` is missing in lookups.t"),
    (
      "lookups: {t: {files: t.json, key: id}}",
      "5:39: `lookups.t.key` is a text, expected a pointer or a template\n  as in /id, or \"{/suite}-{/id}\""
    ),
    (
      "lookups: {t: {files: t.json, key: '{x}'}}",
      "5:39: {x} is not captured: the files of a look-up capture nothing"
    ),
    ("lookups: {t: {files: 't{x}.json', key: /id}}", "5:26: `files` captures nothing\n  write * instead of {x}"),
    (
      "lookups: {t: {file: t.json, key: /id}}",
      "5:19: unknown key `file`\n  did you mean `files`? keys of lookups.t: files, ignore, format, records, key"
    ),
    (
      "lookups: {T: {files: t.json, key: /id}}",
      "5:15: `T` can't be the name of a look-up\n  small letters, digits, - and _, a letter or digit in front"
    ),
    (
      "lookups: {t: {files: t.jsonl, records: /*, key: /id}}",
      "5:44: `records` looks into a document, and in jsonl each line is a record\n  take `records` away, or write format: json"
    ),
    (
      "lookups: t.json",
      "5:14: `lookups` is a text, expected a mapping of names\n"
        + "  as in lookups: {tasks: {files: tasks/*.json, records: /*, key: /id}}"
    ),
  ]

  @Test(arguments: LookupTests.refusals)
  func `errors say what is wrong`(lines: String, text: String) { #expect(error(lines) == "d:\(text)") }

  // MARK: The table

  private func table(
    _ files: [(path: String, text: String)], key: JSON = "/id", records: String = "/*", values: [JSON] = ["/p"]
  ) throws -> (text: String, counts: JSON) {
    let buffers = files.map { file in
      let buffer = ByteBuffer()
      buffer.append(file.text)
      return buffer
    }
    let context = ActionContext(
      parameters: [
        "name": "tasks", "key": key, "records": .string(records), "values": .array(values),
        "files": .array(
          files.map {
            ["path": .string($0.path), "format": .string(Source.Format.byExtension(of: $0.path)!.rawValue)]
          }),
      ],
      inputs: Dictionary(uniqueKeysWithValues: buffers.enumerated().map { ("\($0)", $1.bytes) }),
      scratch: WorkerScratch())
    let counts = try LookupMap.function.run(context)
    return withExtendedLifetime(buffers) { (context.output("table").buffer.bytes.string(), counts) }
  }

  private func failure(_ files: [(path: String, text: String)]) -> String {
    do {
      _ = try table(files)
      return "none"
    } catch {
      return "\(error)"
    }
  }

  @Test func `keys are sorted by their bytes, and numbers are their token`() throws {
    let made = try table([
      ("t/a.json", #"[{"id":"b","p":[1.50, {"z":1,"a":2}]},{"id":10,"p":null},{"id":"ä","x":1}]"#),
      ("t/b.jsonl", #"{"id":"a\"","p":"x"}"# + "\n\n" + #"{"id":9,"p":7}"# + "\r\n"),
    ])
    #expect(
      made.text == """
        ["10",{"/p":null}]
        ["9",{"/p":7}]
        ["a\\"",{"/p":"x"}]
        ["b",{"/p":[1.50,{"z":1,"a":2}]}]
        ["ä",{}]

        """)
    #expect(
      made.counts == [
        "files": [
          ["path": "t/a.json", "read": 3, "without_key": 0], ["path": "t/b.jsonl", "read": 2, "without_key": 0],
        ]
      ])
  }

  @Test func `a key can be a template, of the document and the file too`() throws {
    let made = try table(
      [("t/x.json", #"{"suite":"s","tasks":{"a":{"n":1,"p":"P"}}}"#)], key: "{$root/suite}/{$stem}/{/n}",
      records: "/tasks/*", values: ["/p"])
    #expect(made.text == "[\"s/x/1\",{\"/p\":\"P\"}]\n")
  }

  @Test func `the same key again must have the same values`() throws {
    let first = ("t/a.json", #"[{"id":"k","p":{"a":1.0,"b":2},"other":1}]"#)
    #expect(
      try table([first, ("t/b.json", #"[{"id":"k","p":{"b":2,"a":1}},{"id":"k"},{"id":"k","p":null}]"#)]).text
        == "[\"k\",{\"/p\":{\"a\":1.0,\"b\":2}}]\n")
    #expect(
      try table([("t/0.json", #"[{"id":"k","p":null}]"#), first]).text == "[\"k\",{\"/p\":{\"a\":1.0,\"b\":2}}]\n")
    #expect(
      failure([first, ("t/b.json", #"[{"id":"j"},{"id":"k","p":{"a":1,"b":3}}]"#)])
        == "t/b.json, record 1: \"k\" has another /p in t/a.json, record 0, and a look-up has one value for a key\n"
        + "  Correct the look-up `tasks`, or take the file out with `ignore`.")
  }

  @Test func `records without a key are counted, files that can't be read are errors`() throws {
    let made = try table([("t/a.json", #"[{"p":1},{"id":null},{"id":" "},{"id":"x","p":1}]"#)])
    #expect(made.counts["files"]?.array?[0]["without_key"] == 3)
    #expect(made.text == "[\"x\",{\"/p\":1}]\n")
    let hint = "\n  Correct the look-up `tasks`, or take the file out with `ignore`."
    #expect(failure([("t/a.json", "[{")]).hasPrefix("t/a.json: not JSON: "))
    #expect(failure([("t/a.jsonl", "{}\n{\n")]).hasPrefix("t/a.jsonl, record 1: not JSON: "))
    #expect(
      failure([("t/a.json", "7")])
        == "t/a.json: records: the pointer /* leads nowhere: a number has no elements at its step 1" + hint)
    #expect(
      failure([("t/a.json", #"[{"id":[1]}]"#)])
        == "t/a.json, record 0: lookups.tasks.key: /id is a list, where text is expected" + hint)
    #expect(failure([("t/a.json", "")]) == "none")
  }

  // MARK: The field

  private func lookup(_ key: FieldExpression, _ value: String, probe: Int = -1) -> FieldExpression {
    .lookup(
      LookupReference(lookup: "tasks", key: key, value: Pointer(value, allowingEvery: false)!, probe: probe))
  }

  private func map(
    _ fields: [EvidenceField: FieldExpression], _ lines: String, probes: [Probe] = []
  ) throws -> MappedEvidence {
    var source = simpleSource(fields) { $0.probes = probes }
    source.lookups = [
      Lookup(name: "tasks", files: [], records: Pointer("", allowingEvery: true)!, key: at("/id"))
    ]
    let segment = EvidenceSegment(input: "0", path: "logs/a.jsonl", format: .jsonl, unit: .line)
    let mapped = try mapEvidence(
      source, [(segment, Array(lines.utf8))],
      lookups: [
        "tasks": """
        ["1",{"/list":["x","y"],"/n":1.50,"/p":"ask"}]
        ["2",{"/list":null,"/p":" "}]
        ["ä\\u0001",{"/p":{"a":1}}]

        """
      ])
    #expect(mapped.balances)
    return mapped
  }

  @Test func `texts, numbers and lists come from the table`() throws {
    let mapped = try map(
      [
        .prompt: lookup(at("/t"), "/p"), .score: lookup(at("/t"), "/n"), .sourceFiles: lookup(at("/t"), "/list"),
        .modelName: lookup(at("/t"), "/n"), .taskID: lookup(.template([.pointer(reference("/t"))]), "/p"),
      ], #"{"id":"a","t":1}"# + "\n" + #"{"id":"b","t":"1"}"# + "\n" + #"{"id":"c","t":2}"# + "\n")
    let rows = try mapped.evidence
    for row in rows.prefix(2) {
      #expect(row["prompt"] == "ask" && row["score"] == 1.5 && row["source_files"] == ["x", "y"])
      #expect(row["model_name"] == "1.50" && row["task_id"] == "ask")
    }
    #expect(rows[2]["prompt"] == " " && rows[2]["score"] == .null && rows[2]["source_files"] == [])
    #expect(rows[2]["task_id"] == "c")
    #expect(mapped.counts["lookups_missing"] == ["tasks": 0])
    #expect(mapped.counts["fields"]?["prompt"] == 2)
  }

  @Test func `a missing key is null and counted once an object`() throws {
    let mapped = try map(
      [.prompt: lookup(at("/t"), "/p"), .score: lookup(at("/t"), "/n")],
      #"{"id":"a","t":7}"# + "\n" + #"{"id":"b"}"# + "\n" + #"{"id":"c","t":null}"# + "\n" + #"{"id":"d","t":8}"# + "\n"
    )
    #expect(try mapped.evidence.allSatisfy { $0["prompt"] == .null && $0["score"] == .null })
    #expect(mapped.counts["lookups_missing"] == ["tasks": 2])
  }

  @Test func `in a list the next one is taken`() throws {
    let mapped = try map(
      [.prompt: .firstOf([lookup(at("/t"), "/p"), at("/ask")], probe: 0)],
      #"{"id":"a","t":7,"ask":"own"}"# + "\n" + #"{"id":"b","t":1,"ask":"own"}"# + "\n"
        + #"{"id":"c","t":2,"ask":"own"}"#
        + "\n", probes: [probe("list")])
    #expect(try mapped.evidence.map { $0["prompt"] } == ["own", "ask", "own"])
    #expect(mapped.counts["probes"] == [[3]])
  }

  @Test func `a value of another type is a violation`() throws {
    let mapped = try map([.prompt: lookup(at("/t"), "/p")], #"{"id":"a","t":"ä\u0001"}"# + "\n")
    #expect(
      try mapped.quarantine[0]["errors"]
        == ["prompt: the value in the look-up tasks is an object, where text is expected"])
  }

  @Test func `the probe counts values, not keys`() throws {
    let lines = #"{"id":"a","t":1}"# + "\n" + #"{"id":"b","t":2}"# + "\n"
    let mapped = try map(
      [.score: lookup(at("/t", probe: 0), "/n", probe: 1), .prompt: lookup(at("/t"), "/list", probe: 2)],
      #"{"id":"b","t":2}"# + "\n", probes: [probe("/t"), probe("n"), probe("list")])
    #expect(mapped.counts["probes"] == [[1, 0, 1]])
    #expect(
      try map([.score: lookup(at("/t", probe: 0), "/n", probe: 1)], lines, probes: [probe("/t"), probe("n")])
        .counts["probes"] == [[2, 1]])
  }

  // MARK: The stage

  private static let configuration = """
    version: 1
    sources:
      - name: lab
        files: logs/*.jsonl
        lookups: {tasks: {files: "tasks/*.json", records: /results/*, key: /task/id}}
        map:
          run_id: /id
          text: /says
          prompt: {lookup: tasks, key: /sample, value: /task/prompt}
        verdict: [{when: {/ok: true}, is: accepted}, {otherwise: rejected}]
    """

  private func space(_ configuration: String = configuration) -> PipelineSpace {
    PipelineSpace(
      configuration,
      [
        "logs/a.jsonl": #"{"id":"r1","sample":1,"says":"A","ok":true}"# + "\n"
          + #"{"id":"r2","sample":3,"says":"B","ok":true}"#
          + "\n",
        "tasks/a.json": #"{"results":[{"task":{"id":1,"prompt":"ask 1"}},{"task":{"id":2,"prompt":"ask 2"}}]}"#,
        "tasks/b.json": #"{"results":[{"task":{"id":1,"prompt":"ask 1"}},{"task":{}}]}"#,
      ])
  }

  @Test func `look-up files are inputs of the stage`() throws {
    let space = space()
    let reports = try space.build([.buildEvidence])
    #expect(
      reports[0].warnings == [
        "tasks/b.json: 1 of its records have no key, so look-up \"tasks\" of source \"lab\" does not find them"
      ])
    #expect(try space.rows("data/evidence/undated/lab-0000.jsonl").map { $0["prompt"] } == ["ask 1", .null])
    let core = try #require(try space.receipt(.buildEvidence)).core
    #expect(core.inputs.map(\.path.string) == ["logs/a.jsonl", "tasks/a.json", "tasks/b.json"])
    #expect(core.inputs.map(\.recordCount) == [2, 2, 2])
    #expect(core.summary["lookups_missing"] == ["lab": ["tasks": 1]])
    let page = ReportMarkdown.text(
      of: try Report(
        shelf: ReceiptShelf(fileSystem: space.fileSystem, layout: space.layout), fileSystem: space.fileSystem,
        layout: space.layout
      ).facts())
    #expect(page.contains("\n- 1 record of `lab` without their key in the look-up `tasks`\n"))

    space.write(#"{"results":[{"task":{"id":3,"prompt":"ask 3"}}]}"#, to: "tasks/b.json")
    try space.build([.buildEvidence])
    #expect(try space.rows("data/evidence/undated/lab-0000.jsonl").map { $0["prompt"] } == ["ask 1", "ask 3"])
    #expect(try space.receipt(.buildEvidence)?.core.summary["lookups_missing"] == ["lab": ["tasks": 0]])
  }

  @Test func `sources share the files of look-ups`() throws {
    let space = space(
      Self.configuration + "\n"
        + Self.configuration.split(separator: "\n").dropFirst(2).joined(separator: "\n")
        .replacing("name: lab", with: "name: other").replacing("logs/*", with: "more/*"))
    space.write(#"{"id":"r1","sample":2,"says":"A","ok":true}"# + "\n", to: "more/a.jsonl")
    try space.build([.buildEvidence])
    #expect(try space.receipt(.buildEvidence)?.core.inputs.count == 4)
    #expect(try space.rows("data/evidence/undated/other-0000.jsonl")[0]["prompt"] == "ask 2")
  }

  private func failure(_ change: (inout String) -> Void, _ files: [String: String] = [:]) -> String {
    var configuration = Self.configuration
    change(&configuration)
    let space = space(configuration)
    for (path, text) in files { space.write(text, to: path) }
    do {
      let reports = try space.build([.buildEvidence])
      if case .stopped(let error) = reports[0].ending { return "\(error)" }
      return "none"
    } catch {
      return "\(error)"
    }
  }

  @Test func `what can't be right stops the build`() {
    #expect(
      failure { $0.replace("tasks/*.json", with: "task/*.json") }
        == "distill.yaml:5:15: no file matches `task/*.json` of look-up `tasks` of source \"lab\"\n"
        + "  Correct `files`, or take the look-up out.")
    #expect(
      failure { $0.replace("\"tasks/*.json\", records: /results/*", with: "logs/*.jsonl") }
        == "distill.yaml:5:15: logs/a.jsonl is a file of look-up `tasks` of source \"lab\" and a log of source \"lab\"\n"
        + "  Narrow `files`, or take it out of one with `ignore`.")
    #expect(
      failure { $0.replace("key: /task/id", with: "key: /task/ids") }.hasPrefix(
        "distill.yaml:5:15: `lookups.tasks.key` is found in none of the 4 records of the look-up"))
    #expect(
      failure { $0.replace("/task/prompt", with: "/task/promt") }.hasPrefix(
        "distill.yaml:9:24: `{lookup: tasks, value: /task/promt}` of `map.prompt` is found in no record of source \"lab\""
      ))
    #expect(
      failure { $0.replace("/sample", with: "/smple") }.hasPrefix(
        "distill.yaml:9:36: `/smple` of `map.prompt.key` is found in no record of source \"lab\""))
    #expect(
      failure({ _ in }, ["tasks/c.json": #"{"results":[{"task":{"id":2,"prompt":"ask 4"}}]}"#]).hasPrefix(
        "tasks/c.json, record 0: \"2\" has another /task/prompt in tasks/a.json, record 1"))
  }
}
