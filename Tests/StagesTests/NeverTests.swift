import JSONTape
import Receipts
import ReceiptsTesting
import StagesTesting
import SystemPackage
import Testing

@testable import Stages

/// What may not leave the log does not: no field, no program and no excerpt has it.
@Suite struct NeverTests {
  private func source(_ lines: String) throws -> Source {
    let indented = lines.split(separator: "\n").map { "    \($0)\n" }.joined()
    return try Configuration.read("version: 1\nsources:\n  - name: a\n\(indented)", fileName: "distill.yaml").sources[0]
  }

  private func error(_ lines: String) -> String {
    do {
      _ = try source(lines)
      return "none"
    } catch {
      return "\(error)"
    }
  }

  // MARK: Configuration

  @Test(arguments: [
    (
      "never: /a/b\nmap: {run_id: /i, text: /a/b}",
      "6:29: `map.text` reads /a/b, which `never` keeps in the log\n  take the pointer out of the one or the other"
    ),
    (
      "never: [/x, /a]\nmap: {run_id: /i, text: [/t, /a/b]}",
      "6:34: `map.text` reads /a/b, and `never` keeps all of /a in the log\n  take the pointer out of the one or the other"
    ),
    (
      "never: /a/b\nmap: {run_id: /i, validation_results: /a}",
      "6:43: `map.validation_results` reads /a, which holds /a/b, and `never` keeps that in the log\n"
        + "  point past it, to what may leave"
    ),
    (
      "never: /a/*/b\nmap: {run_id: /i, messages: {from: /a, shape: openai}}",
      "6:40: `map.messages` reads /a, which holds /a/*/b, and `never` keeps that in the log\n  point past it, to what may leave"
    ),
    (
      "never: /a/*/b\nmap: {run_id: /i, text: /a/0/b/c}",
      "6:29: `map.text` reads /a/0/b/c, and `never` keeps all of /a/*/b in the log\n"
        + "  take the pointer out of the one or the other"
    ),
    (
      "never: /a\nmap: {run_id: '{sha256:/i,/a}'}",
      "6:19: `map.run_id` reads /a, which `never` keeps in the log\n  take the pointer out of the one or the other"
    ),
    (
      "never: /a\nmap: {run_id: 'x-{/a}'}",
      "6:19: `map.run_id` reads /a, which `never` keeps in the log\n  take the pointer out of the one or the other"
    ),
    (
      "never: /a\nmap: {run_id: $root}",
      "6:19: `map.run_id` reads $root, which holds /a, and `never` keeps that in the log\n  point past it, to what may leave"
    ),
    (
      "never: /a\nmap: {run_id: /i}\nverdict: [{when: {/a: 1}, is: rejected}]",
      "7:23: `verdict[0].when` reads /a, which `never` keeps in the log\n  take the pointer out of the one or the other"
    ),
    (
      "never: /a\nkind: verdict\nmap: {about: {run_id: /a}}",
      "7:27: `map.about.run_id` reads /a, which `never` keeps in the log\n  take the pointer out of the one or the other"
    ),
    (
      "never: /a\nmap: {run_id: /i}\njudged_by: {kind: test, name: /a}",
      "7:35: `judged_by.name` reads /a, which `never` keeps in the log\n  take the pointer out of the one or the other"
    ),
    (
      "never: /a\nlookups: {t: {files: t.json, key: /i}}\nmap: {run_id: /i, prompt: {lookup: t, key: /a, value: /p}}",
      "7:48: `map.prompt.key` reads /a, which `never` keeps in the log\n  take the pointer out of the one or the other"
    ),
    (
      "never: a\nmap: {run_id: /i}",
      "5:12: `never` names no pointer\n  as in never: [/info/answer, /steps/*/secret], where * is every element"
    ),
    (
      "never: $root\nmap: {run_id: /i}",
      "5:12: `never` keeps whole records in the log\n  point to what is secret in them"
    ),
    ("never:\nmap: {run_id: /i}", "5:11: `never` is empty, expected a list of pointers"),
    (
      "map: {run_id: /i, text: /a}\nparts: [{only: x*}, {only: 'y*', never: /a}]",
      "5:29: `map.text` reads /a, which `never` keeps in the log\n  take the pointer out of the one or the other"
    ),
  ])
  func `a mapping that points there is refused`(lines: String, text: String) {
    #expect(error("files: a.jsonl\n\(lines)") == "distill.yaml:\(text)")
  }

  @Test func `paths are compared from the document`() {
    let files = "files: a.json\nrecords: /results/*\n"
    func message(_ never: String, _ pointer: String, _ files: String = files) -> String {
      error("\(files)never: \(never)\nmap: {run_id: /i, text: \(pointer)}").split(separator: "\n")[0].description
    }
    #expect(message("/a", "$root/results/0/a").hasSuffix("reads $root/results/0/a, which `never` keeps in the log"))
    #expect(message("$root/results/*/a", "/a").hasSuffix("reads /a, which `never` keeps in the log"))
    #expect(message("$root/results/7/a", "/a").hasSuffix("reads /a, which `never` keeps in the log"))
    #expect(message("$root/key", "$root").hasSuffix("which holds $root/key, and `never` keeps that in the log"))
    #expect(message("/a", "$root/a") == "none")
    #expect(message("$root/a", "/a") == "none")
    #expect(message("$root/results", "/b").hasSuffix("`never` keeps whole records in the log"))
    // A file of lines has its records as documents.
    #expect(
      message("/a", "$root/a", "files: [a.json, b.jsonl]\nrecords: /results/*\n").hasSuffix("keeps in the log"))
  }

  @Test func `what is near may be read`() throws {
    let part = try source(
      """
      files: a.jsonl
      never: [/info/actions, /b/*/c]
      map: {run_id: /i, text: /info/action, prompt: /b/0/d}
      verdict: [{when: {/info: {present: true}, "/b/*/d": {any: 1}}, is: rejected}]
      """
    ).parts[0]
    #expect(part.never.map(\.text) == ["/b/*/c", "/info/actions"])
    // A program's objects are not the record.
    let program = "files: a.jsonl\nnever: /a\njq: '{i: 1, a: 2}'\n"
    #expect(error(program + "map: {run_id: /i, text: /a}") == "none")
    #expect(error(program + "map: {run_id: /i, text: $root/a}").contains("keeps in the log"))
  }

  @Test func `never adds up, whoever says it`() throws {
    let preset = try source("files: a.json\npreset: tau-bench\nnever: [/info/user_cost, /info/task/actions]")
    #expect(
      preset.parts[0].never.map(\.text) == ["/info/reward_info/actions", "/info/task/actions", "/info/user_cost"])
    let parts = try source("files: a.jsonl\nnever: /a\nmap: {run_id: /i}\nparts: [{only: x*, never: /b}, {only: y*}]")
      .parts
    #expect(parts.map { $0.never.map(\.text) } == [["/a", "/b"], ["/a"]])
  }

  @Test func `parts that share a file keep each other's secrets`() throws {
    let fileSystem = MemoryFileSystem()
    let workspace: FilePath = "/space"
    func write(_ name: String) { fileSystem.write("", to: workspace.appending(name)) }
    let yaml = """
      files: "*.jsonl"
      map: {run_id: /i}
      parts:
        - {only: "a*", map: {text: /s}}
        - {only: "*b.jsonl", never: /s}
      """
    let configuration = Configuration(sources: [try source(yaml)], exports: ExportOptions())
    write("a.jsonl")
    write("b.jsonl")
    #expect(try SourceLogs.find(configuration, in: workspace, of: fileSystem).entries[0].files.count == 2)
    write("ab.jsonl")
    #expect {
      try SourceLogs.find(configuration, in: workspace, of: fileSystem)
    } throws: {
      "\($0)"
        == "distill.yaml:3:5: ab.jsonl is taken by two parts: one reads /s, which `never` of the other keeps in the log\n"
        + "  Narrow `only`, or take the pointer out of the one or the other."
    }
  }

  // MARK: Programs

  private func hiding(_ never: [String], records: String = "", adjust: (inout Part) -> Void = { _ in }) -> Source {
    simpleSource([.text: at("/text")], records: records) { part in
      part.never = never.map { reference($0) }
      adjust(&part)
    }
  }

  @Test func `a program does not see it`() throws {
    let line = #"{"id":"r","secret":{"a":1},"list":[{"s":1,"t":2},{"s":3}],"pair":[5,6],"keep":{"secret":7}}"#
    let source = hiding(["/secret", "/list/*/s", "/pair/0"]) { $0.jq = "{id, text: tojson}" }
    let mapped = try mapLines(source, line + "\n")
    #expect(
      try texts(mapped) == [#"{"id":"r","keep":{"secret":7},"list":[{"t":2},{}],"pair":[null,6]}"#])
    #expect(
      try mapped.evidence[0]["provenance"]?["sig_hash"]
        == .string(Digest.of(JSON.parse(Array(line.utf8)).canonicalString).hex))
    // Nor does one that fills a field; the objects of a program are not the record.
    var field = hiding(["/secret"])
    field.parts[0].map.fields[.text] = .jq("tojson")
    #expect(try mapLines(field, #"{"id":"r","secret":1}"# + "\n").evidence[0]["text"] == #"{"id":"r"}"#)
    field.parts[0].jq = "{id, secret: 2}"
    #expect(try mapLines(field, #"{"id":"r","secret":1}"# + "\n").evidence[0]["text"] == #"{"id":"r","secret":2}"#)
  }

  /// What programs wrote, with the keys in order.
  private func texts(_ mapped: MappedEvidence) throws -> [String] {
    try mapped.evidence.map { try JSON.parse(Array(($0["text"]?.string ?? "").utf8)).canonicalString }
  }

  @Test func `a hidden number is not looked at`() throws {
    let source = hiding(["/secret"]) { $0.jq = "{id}" }
    #expect(try mapLines(source, #"{"id":"r","secret":[9007199254740993]}"# + "\n").count("written") == 1)
  }

  @Test func `a pointer from the document reaches into records`() throws {
    let source = hiding(["$root/runs/*/secret"], records: "/runs/*") { $0.jq = "{id, text: tojson}" }
    let mapped = try mapDocument(source, #"{"runs":[{"id":"r","secret":1},{"id":"s","b":2}]}"#)
    #expect(try texts(mapped) == [#"{"id":"r"}"#, #"{"b":2,"id":"s"}"#])
  }

  // MARK: Quarantine

  private func excerpts(_ source: Source, _ lines: String) throws -> [JSON?] {
    let mapped = try mapLines(source, lines)
    #expect(mapped.balances)
    return try mapped.quarantine.map { $0["source_record"] }
  }

  @Test func `an excerpt has null in its place`() throws {
    let source = hiding(["/secret", "/steps/*/answer"])
    #expect(
      try excerpts(source, #"{"secret": "s3cr3t", "x": [1,  2], "steps":[{"answer":"s3cr3t","b":"ä"},7]}"# + "\n")
        == [#"{"secret":null,"x":[1,  2],"steps":[{"answer":null,"b":"ä"},7]}"#])
    let long = String(repeating: "ä", count: 500)
    let cut = try excerpts(source, #"{"a":{"b":"\#(long)"},"secret":"s3cr3t"}"# + "\n")[0]?.string
    #expect(cut == #"{"a":{"b":""# + String(repeating: "ä", count: 94))
    #expect(cut?.utf8.count == 199)
  }

  @Test func `what can't be read as a record is not shown`() throws {
    let source = hiding(["/secret"])
    #expect(try excerpts(source, "{\"secret\":\"s3cr3t\",}\n") == [.null])
    #expect(try excerpts(hiding([]), "{\"secret\":\"s3cr3t\",}\n") == [#"{"secret":"s3cr3t",}"#])
    let short = hiding(["/secret"], records: "/*")
    let document = try mapDocument(short, #"3"#)
    #expect(try document.quarantine[0]["source_record"] == .null)
    #expect(try mapDocument(short, "[{").quarantine[0]["source_record"] == .null)
  }

  @Test func `an error does not name a key of it`() throws {
    let mapped = try mapLines(hiding(["/secret"]), #"{"id":1,"secret":{"s3cr3t":1,"s3cr3t":2}}"# + "\n")
    #expect(try mapped.quarantine[0]["errors"] == ["a key that an object has twice at byte 29 of the record"])
    #expect(try mapped.quarantine[0]["source_record"] == #"{"id":1,"secret":null}"#)
    #expect(mapped.counts.canonicalString.contains("s3cr3t") == false)
  }

  @Test func `a duplicate's excerpt has null in its place, too`() throws {
    let segment = EvidenceSegment(input: "0", path: "logs/a.jsonl", format: .jsonl, unit: .line)
    let text = #"{"id":"r","secret":"s3cr3t"}"# + "\n"
    let mapped = try mapEvidence(
      hiding(["/secret"]), [(segment, Array(text.utf8))],
      overlay: #"{"row":0,"duplicate_of":{"path":"logs/0.jsonl","line":4}}"# + "\n")
    #expect(try mapped.quarantine[0]["source_record"] == #"{"id":"r","secret":null}"#)
  }

  @Test func `no byte of it gets out of damaged records`() throws {
    let source = hiding(["/a/secret", "/b/*/secret"]) { $0.jq = ".id, {id, text}" }
    let line = Array(#"{"id":"r","a":{"secret":"QQQQ"},"b":[{"secret":["QQQQ"]}],"text":"t","secret":1}"#.utf8)
    var generator = SeededGenerator(seed: 11)
    let structure = Array(#"{}[],:" 0"#.utf8)
    for _ in 0..<400 {
      var damaged = line
      // Anything but the names on the way, which say what is secret.
      let spots = damaged.indices.filter { !damaged[$0].isLetter }
      for _ in 0..<Int.random(in: 1...2, using: &generator) {
        damaged[spots.randomElement(using: &generator)!] = structure.randomElement(using: &generator)!
      }
      guard (try? JSON.parse(damaged)).map({ $0["a"]?["secret"] != nil && $0["b"]?.array != nil }) ?? true else {
        continue
      }
      let mapped = try mapLines(source, damaged + [10])
      for text in mapped.outputs.values { #expect(!text.contains("Q"), "\(String(decoding: damaged, as: UTF8.self))") }
    }
  }

  @Test func `which pointers were met is counted`() throws {
    let source = hiding(["/secret", "/secrt", "/list/*/s"])
    let mapped = try mapLines(source, #"{"id":1}"# + "\n" + #"{"id":2,"secret":null,"list":[{},{"s":1}]}"# + "\n")
    #expect(mapped.counts["never"] == [[1, 0, 1]])
    #expect(try mapLines(hiding([]), "{}\n").counts["never"] == nil)
  }
}

extension UInt8 {
  fileprivate var isLetter: Bool { (97...122).contains(self | 0x20) }
}
