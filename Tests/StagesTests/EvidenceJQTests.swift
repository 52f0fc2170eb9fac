import Glibc
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
    for format in ["%10Es", "%10EZ", "%_-^5Os", "%010s", "%EO9Z"] {
      #expect(try error("{id: (0 | strftime(\"\(format)\"))}").contains("depends on the machine's time zone"))
      #expect(try error("{id: (\"1\" | strptime(\"\(format)\"))}").contains("depends on the machine's time zone"))
    }
  }

  /// With each, libjq 1.6 ends the process by itself.
  @Test(arguments: [
    (".v | todate", "1.714e18"), (".v | strftime(\"%Y\")", "-1e300"), (".v as $f | 0 | strftime($f)", "null"),
    (".v as $f | \"1\" | strptime($f)", "[]"), ("(\"nan\" | tonumber) as $v | [1, 2] | .[$v:] | tojson", "0"),
    (".v as $v | [1, 2] | .[($v | sqrt):]", "-1"), (".v as $v | [1] | .[$v | sqrt:] = [2]", "-1"),
    (".v as $v | [1] | path(.[$v | sqrt:])", "-1"), (".v as $v | [1] | del(.[$v | sqrt:])", "-1"),
    (".v as $v | \"abc\" | .[$v | sqrt:]", "-1"), (".v as $v | [] | .[$v] = 1", "400000000"),
    (".v as $v | [] | .[$v] |= 1", "400000000"), (".v as $v | [] | .[$v] += 1", "1e300"),
    (".v as $v | null | setpath([\"a\", $v]; 1)", "400000000"), (".v as $v | \"x\" * $v", "1e9"),
    (".v as $v | \"x\" | indices($v)", "\"\""), (".v as $v | \"x\" | index($v)", "\"\""), (".v | implode", "[55296]"),
  ])
  func `what breaks libjq is the record's fault, and changes no neighbour`(_ program: String, _ value: String) throws {
    let other = #"{"id":"other","v":1}"#
    let mapped = try map(
      "{id, text: (if .id == \"r\" then (\(program)) else 1 end | tojson)}",
      "\(other)\n{\"id\":\"r\",\"v\":\(value)}\n\(other)\n")
    #expect(mapped.count("written") == 1 && mapped.count("duplicates") == 1)
    #expect(mapped.counts["by_reason"] == ["schema_violation": 1, "duplicate_id": 1])
    #expect(try mapped.evidence[0]["text"] == "1")
  }

  @Test func `functions that are guarded do what they did`() throws {
    let programs = [
      ("[(10, 20) % (3, 7), 5 % -1, -7 % 3, 1e300 % -1.5]", "[1,2,3,6,0,-1,0]"),
      ("[(2, \"ab\") * (2, 3)]", #"[4,"abab",6,"ababab"]"#),
      ("[1, 2, 3] | .[1] = 5 | .[0] |= . + 1 | .[2] += 4 | .[4] = 1 | .[5:] = [9]", "[2,5,7,null,1,9]"),
      ("{a: [{b: 1}]} | .a[].b |= empty | (.c, .d) = (1)", #"{"a":[{}],"c":1,"d":1}"#),
      ("null | setpath([\"a\", 1]; 2)", #"{"a":[null,2]}"#),
      ("[\"abcb\" | indices(\"b\"), index(\"b\"), rindex(\"b\")]", "[[1,3],1,3]"), ("[1, 2, 1] | indices(1)", "[0,2]"),
      ("[2024, 1, 1, 1, 1, 1, 4, 31] | strftime(\"%Y-%j\")", #""2024-032""#),
      (
        "[try error(\"x\") catch ., try error({a: 1}) catch ., first(1, 2), (label $f | 1, break $f, 2)]",
        #"["x",{"a":1},1,1]"#
      ),
    ]
    for (program, wanted) in programs {
      let text = try map("{id: 1, text: (\(program) | tojson)}", "{}\n").evidence[0]["text"]
      #expect(text == .string(wanted), "\(program)")
    }
  }

  @Test func `an error without a reason is an error`() throws {
    for call in ["error(.none)", ".none | error", "[error(null)]"] {
      #expect(try error("{id: 1}, (\(call))") == "jq: the program called error with null")
    }
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
    #expect(refusal("[path(.[$ENV:])]") == "the jq program uses $ENV" + suffix)
    #expect(refusal("[path(.[$ ENV : 1])]") == "the jq program uses $ENV" + suffix)
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
      try runAlone("def f: f; f", timeLimit: 0.3)
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("logs/a.jsonl, record 0: the jq program took more than 0.3 s of processor time"))
  }

  @Test func `a program that takes memory without end ends the process`() async {
    let result = await #expect(processExitsWith: .exitCode(65), observing: [\.standardErrorContent]) {
      try runAlone("[range(1e9)]", memoryLimit: 64 << 20)
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("logs/a.jsonl, record 0: the jq program took more than 64 MiB of memory"))
  }

  @Test func `memory that is not there ends the process with the record's place`() async {
    let result = await #expect(processExitsWith: .exitCode(65), observing: [\.standardErrorContent]) {
      try runAlone("[] | fromstream([[400000000], 1], [[400000000]])", addressSpace: 4 << 30)
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("logs/a.jsonl, record 0: the jq program needs more memory for this record than there is"))
  }

  @Test func `a stack that is full ends the process with the record's place`() async {
    let result = await #expect(processExitsWith: .exitCode(65), observing: [\.standardErrorContent]) {
      try runAlone("reduce range(2000000) as $i (0; [.]) | 1")
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("logs/a.jsonl, record 0: libjq 1.6 breaks down"))
  }
}

/// Runs a program on `{}`, in a process that may end.
private func runAlone(
  _ text: String, timeLimit: Double = 20, memoryLimit: Int = 2 << 30, addressSpace: UInt? = nil
) throws {
  if let addressSpace {
    var limit = rlimit(rlim_cur: addressSpace, rlim_max: addressSpace)
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
  }
  let program = try JQProgram(text, timeLimit: timeLimit, memoryLimit: memoryLimit)
  let scope = RecordScope(scratch: WorkerScratch())
  scope.beginFile(path: "logs/a.jsonl", captures: [:], captureNames: [])
  let record = ByteBuffer()
  record.append("{}")
  let parser = JSONParser()
  _ = try program.first(try parser.parse(record.bytes), scope: scope, parser: JSONParser())
  withExtendedLifetime((parser, record)) {}
}
