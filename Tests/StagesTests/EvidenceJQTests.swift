import JSONTape
import Receipts
import Testing

@testable import Stages

@Suite struct EvidenceJQTests {
  private func map(_ program: String, _ lines: String, identity: Bool = false) throws -> MappedEvidence {
    let source = simpleSource([.text: at("/text")]) { part in
      part.jq = program
      if identity {
        part.map = fieldMap(
          Dictionary(uniqueKeysWithValues: EvidenceField.allCases.map { ($0, at("/" + $0.rawValue)) }))
        part.map.isIdentity = true
      }
    }
    let mapped = try mapLines(source, lines)
    #expect(mapped.balances)
    return mapped
  }

  private func error(_ program: String, _ line: String = #"{"id":"r"}"#) throws -> String {
    try map(program, line + "\n").quarantine.first?["errors"]?.array?[0].string ?? "none"
  }

  @Test func `a record becomes zero or more objects`() throws {
    let mapped = try map(
      ".runs[] | {id: .n, text: (.n | tostring)}", #"{"runs":[{"n":1},{"n":2}]}"# + "\n" + #"{"runs":[]}"# + "\n")
    #expect(mapped.count("mapped") == 1 && mapped.count("mapped_to_nothing") == 1 && mapped.count("objects") == 2)
    #expect(try mapped.evidence.map { $0["run_id"]?.string } == ["1", "2"])
    #expect(try map("null", "{}\n").count("mapped_to_nothing") == 1)
    #expect(try error("[.]") == "jq: the program gave a list, where an object is expected")
  }

  @Test func `one bad object takes the whole record back`() throws {
    let mapped = try map("{id: 1}, {id: 2}, {text: 3}", "{}\n")
    #expect(try mapped.evidence.isEmpty)
    #expect(mapped.identities.isEmpty)
    #expect(mapped.counts["by_reason"] == ["missing_source_run_id": 1])
  }

  @Test func `errors of the program are the record's`() throws {
    #expect(try error(".id + 1") == #"jq: string ("r") and number (1) cannot be added"#)
    #expect(try error("error({a: 1})") == #"jq: {"a":1}"#)
  }

  @Test(arguments: [
    "now", "env", "input", "inputs", "debug", "stderr", "localtime", "halt", "halt_error", "input_filename",
  ])
  func `what depends on anything but the record fails`(_ name: String) throws {
    #expect(try error("{id: \(name)}") == "jq: \(name) is not allowed: a result may depend on the record alone")
  }

  @Test func `the machine's time zone is out of reach`() throws {
    #expect(try error("{id: (0 | strftime(\"%s\"))}").contains("depends on the machine's time zone"))
    #expect(try map("{id: (0 | todate)}", "{}\n").evidence[0]["run_id"] == "1970-01-01T00:00:00Z")
    #expect(try map("{id: (\"2026-04-26T08:00:00Z\" | fromdate)}", "{}\n").evidence[0]["run_id"] == "1777190400")
    #expect(try error("{id: ([-1] | implode)}") == "jq: implode needs a list of code points")
  }

  @Test func `programs that can't be shadowed are refused when they are compiled`() throws {
    func refusal(_ program: String) -> String? {
      do throws(DistillError) {
        try JQProgram.check(program)
        return nil
      } catch {
        return error.message
      }
    }
    let suffix = ", which is not allowed: a result may depend on the record alone"
    #expect(refusal("{id: $ENV.HOME}") == "the jq program uses $ENV" + suffix)
    #expect(refusal(#"{id: "\($ENV | tojson)"}"#) == "the jq program uses $ENV" + suffix)
    #expect(refusal("import \"a\" as a; .") == "the jq program uses import" + suffix)
    #expect(refusal(##"{id: "$ENV \" include", import: .include} # $ENV"##) == nil)
    #expect(refusal("$ENVELOPE as $x | .")?.contains("ENVELOPE") == true)
    #expect(refusal(". | foo")?.hasPrefix("the jq program does not compile: foo/0 is not defined") == true)
    #expect(refusal("{")?.hasPrefix("the jq program does not compile: syntax error") == true)
    #expect(refusal(". as {a: $x} | $x, $__loc__") == nil)
  }

  @Test func `integers past 2^53 are not touched`() throws {
    #expect(try error(".", #"{"id":9007199254740993}"#).hasPrefix("jq: the record has an integer past 2^53"))
    #expect(try map(".", #"{"id":9007199254740992}"# + "\n").evidence[0]["run_id"] == "9007199254740992")
  }

  @Test func `values keep their meaning on the way`() throws {
    let line = #"{"id":"r","text":"ä\u0000\ud83d\ude00\n","a":[true,null,1.5,-0.25,{"b":[]}]}"#
    let mapped = try map("{id, text: (.text + (.a | tojson))}", line + "\n")
    #expect(try mapped.evidence[0]["text"] == .string("ä\0😀\n[true,null,1.5,-0.25,{\"b\":[]}]"))
    #expect(try mapped.evidence[0]["provenance"]?["byte_length"] == .integer(Int64(line.utf8.count)))
  }

  @Test func `output has a limit`() throws {
    #expect(
      try error("range(200000) | {id: .}") == "jq: the program gives more than 100,000 objects or 256 MiB for a record")
  }

  @Test func `without a map the objects carry the evidence fields`() throws {
    let mapped = try map(
      "{run_id: .id, text: \"t\", score: 1, verdict: \"accepted\", about: {run_id: \"x\"}, judged_by: {kind: \"human\"}, "
        + "validation_results: {a: 1}}", #"{"id":"r"}"# + "\n", identity: true)
    let row = try mapped.evidence[0]
    #expect(row["run_id"] == "r" && row["score"] == 1.0 && row["verdict"] == "accepted")
    #expect(row["about"]?["run_id"] == "x" && row["about"]?["source"] == "lab")
    #expect(row["judged_by"] == ["kind": "human", "name": nil])
    #expect(row["validation_results"] == ["a": 1.0])
    let unknown = try map("{run_id: .id, txt: 1}", #"{"id":"r"}"# + "\n", identity: true)
    #expect(
      try unknown.quarantine[0]["errors"] == ["the jq program's output has the unknown field \"txt\""])
  }

  @Test func `a program that does not end ends the process`() async {
    let result = await #expect(processExitsWith: .exitCode(65), observing: [\.standardErrorContent]) {
      let program = try JQProgram("def f: f; f", timeLimit: 0.3)
      let scope = RecordScope(scratch: WorkerScratch())
      scope.beginFile(path: "logs/a.jsonl", captures: [:], captureNames: [])
      let text = ByteBuffer()
      text.append("{}")
      let parser = JSONParser()
      let record = try parser.parse(text.bytes)
      _ = try program.first(record, scope: scope, parser: JSONParser())
      withExtendedLifetime((parser, text)) {}
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("logs/a.jsonl, record 0: the jq program took more than 0.3 s of processor time"))
  }
}
