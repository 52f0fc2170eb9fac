import Foundation
import JSONTape
import Receipts
import Testing

@Suite("Audit of receipts and files")
struct AuditTests {
  private static let rag = "exports/rag/playbooks.jsonl"
  private static let day = "data/evidence/2026/03/01/lab.jsonl"

  /// What is done to a built workspace, and what an audit then finds.
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var expected: [String]
    var arguments: [String] = []
    var notes = false
    var change: @Sendable (TestSpace) throws -> Void

    init(
      _ description: String, _ expected: String..., arguments: [String] = [], notes: Bool = false,
      change: @escaping @Sendable (TestSpace) throws -> Void
    ) {
      testDescription = description
      self.expected = expected
      self.arguments = arguments
      self.notes = notes
      self.change = change
    }
  }

  private static func replace(_ file: String, _ old: String, _ new: String) -> @Sendable (TestSpace) throws -> Void {
    { space in
      let text = try space.read(file)
      guard text.contains(old) else { throw TestSpaceError("\(file) has no \(old)") }
      try space.write(file, text.replacingOccurrences(of: old, with: new))
    }
  }

  private static let score = "receipts/score/receipt.json"

  private static let receipts: [Case] = [
    Case("nothing") { _ in },
    Case(
      "a receipt is gone", "output-unreceipted data/scored-runs/2026/03/01/lab.jsonl",
      "output-unreceipted data/scored-runs/2026/03/02/lab.jsonl", "output-unreceipted exports/quarantine/score.jsonl",
      "receipt-missing \(score)"
    ) { try $0.remove(score) },
    Case("not JSON", "receipt-malformed \(score)") { try $0.write(score, "{\n") },
    Case("an unknown key", "receipt-malformed \(score)", change: replace(score, ",\"git\":", ",\"get\":null,\"git\":")),
    Case(
      "a key twice", "receipt-malformed \(score)", change: replace(score, ",\"git\":null", ",\"git\":null,\"git\":null")
    ),
    Case(
      "a key twice inside of the parameters", "receipt-malformed \(score)",
      change: replace(score, "\"scorer_version\":1", "\"scorer_version\":1,\"scorer_version\":1")),
    Case("a key is missing", "receipt-malformed \(score)", change: replace(score, "\"git\":null,", "")),
    Case(
      "keys in another order", "receipt-malformed \(score)",
      change: replace(
        score, "{\"schema\":\"distill-make/receipt/v1\",\"stage\":\"score\"",
        "{\"stage\":\"score\",\"schema\":\"distill-make/receipt/v1\"")),
    Case("another type", "receipt-malformed \(score)", change: replace(score, "\"git\":null", "\"git\":{}")),
    Case("white space", "receipt-malformed \(score)", change: replace(score, ",\"git\":null", ", \"git\":null")),
    Case(
      "an escape that is not needed", "receipt-malformed \(score)",
      change: replace(score, "\"stage\":\"score\"", "\"stage\":\"sc\\u006fre\"")),
    Case("no line end", "receipt-malformed \(score)") { try $0.write(score, Array($0.bytes(score).dropLast())) },
    Case("another stage's receipt", "receipt-malformed \(score)") {
      try $0.write(score, $0.bytes("receipts/export-rag/receipt.json"))
    },
    Case(
      "a path out of the workspace", "receipt-malformed \(score)",
      change: replace(score, "data/scored-runs/2026/03/01/lab.jsonl", "../scored-runs/2026/03/01/lab.jsonl")),
    Case(
      "the core was edited", "core-hash-mismatch \(score)", "receipt-hash-mismatch \(score)",
      change: replace(score, "\"judgements\":0", "\"judgements\":1")),
    Case(
      "the rest was edited", "receipt-hash-mismatch \(score)",
      change: replace(score, "\"git\":null", "\"git\":{\"dirty\":false,\"sha\":\"00\"}")),
    Case("the history lacks the receipt", "chain-broken \(score)") { space in
      let digest = try space.receipt("score")["receipt_sha256"]?.string ?? ""
      try space.remove("receipts/history/\(digest).json")
    },
    Case("a stranger in the history", "chain-broken receipts/history/notes.txt") {
      try $0.write("receipts/history/notes.txt", "")
    },
    Case(
      "a list of digests was edited", "checksum-list-differs receipts/score/outputs.sha256",
      change: replace("receipts/score/outputs.sha256", "lab.jsonl", "lib.jsonl")),
    Case("a list of digests is gone", "checksum-list-differs receipts/score/inputs.sha256") {
      try $0.remove("receipts/score/inputs.sha256")
    },
    Case("a run that failed", "validation-failed receipts/score/failed.json") { space in
      let forgery = Forgery(space: space)
      var receipt = try forgery.receipt("score")
      receipt.core.validation[0].pass = false
      try space.write("receipts/score/failed.json", ReceiptCodec.encode(receipt).bytes)
    },
    Case("a receipt that says of itself that it failed", "validation-failed \(score)") {
      try Forgery(space: $0).fit { if $0 == "score" { $1.core.validation[0].pass = false } }
    },
    Case("a commit, but no repository", "commit-unknown \(score)", arguments: ["--strict"]) {
      try Forgery(space: $0).fit {
        if $0 == "score" { $1.git = GitState(sha: String(repeating: "0", count: 40), dirty: false) }
      }
    },
    Case("another program", "tool-differs \(score)", notes: true) {
      try Forgery(space: $0).fit { if $0 == "score" { $1.core.tool.version = "0" } }
    },
    Case("a previous receipt that is not there, told as a note", "chain-broken \(score)", notes: true) {
      try Forgery(space: $0).fit { if $0 == "score" { $1.previous = .of("gone") } }
    },
    Case("the same, strictly", "chain-broken \(score)", arguments: ["--strict"]) {
      try Forgery(space: $0).fit { if $0 == "score" { $1.previous = .of("gone") } }
    },
    Case("a stage read something else", "stage-link-broken receipts/export-sft/receipt.json") {
      try Forgery(space: $0).fit { if $0 == "export-sft" { $1.core.inputs[0].digest = .of("else") } }
    },
    Case("a stage left something out", "stage-link-broken receipts/export-sft/receipt.json") {
      try Forgery(space: $0).fit { if $0 == "export-sft" { $1.core.inputs.remove(at: 0) } }
    },
    Case("other thresholds than build-evidence was told", "stage-link-broken \(score)") {
      try Forgery(space: $0).fit { stage, receipt in
        guard stage == "score" else { return }
        receipt.core.parameters = [
          "scorer_version": 1,
          "thresholds": [
            [
              "source": "lab", "only": nil, "kind": "run", "score": ["accept_at": 0.0, "partial_at": nil],
              "grounded_fraction": nil,
            ]
          ],
        ]
      }
    },
    Case("a count", "books-unbalanced \(score)") {
      try Forgery(space: $0).fit { if $0 == "score" { $1.count("by_category/accepted", 1) } }
    },
    Case("a number of records", "books-unbalanced receipts/export-rag/receipt.json") {
      try Forgery(space: $0).fit { if $0 == "export-rag" { $1.core.outputs[1].recordCount += 1 } }
    },
  ]

  private static let files: [Case] = [
    Case(
      "a log was edited", "input-changed logs/2026-03-01.jsonl",
      change: replace("logs/2026-03-01.jsonl", "Guess.", "Guess!")),
    Case("a log grew", "input-grown logs/2026-03-02.jsonl", notes: true) {
      try $0.write("logs/2026-03-02.jsonl", Lab.secondDay + Lab.line("r9"))
    },
    Case("a log is gone", "input-unavailable logs/2026-03-02.jsonl") { try $0.remove("logs/2026-03-02.jsonl") },
    Case("the logs are private", arguments: ["--no-inputs"]) { try $0.remove("logs") },
    Case(
      "an output was edited", "output-changed \(rag)", "row-differs \(rag)",
      change: replace(rag, "Read half", "Read all")),
    Case("an output is gone", "output-missing \(rag)") { try $0.remove(rag) },
    Case("an output is a folder", "output-missing \(rag)") {
      try $0.remove(rag)
      try FileManager.default.createDirectory(atPath: $0.path(rag), withIntermediateDirectories: true)
    },
    Case(
      "a file among the outputs", "output-unreceipted data/evidence/2026/03/01/more.jsonl",
      "output-unreceipted exports/rag/more.jsonl"
    ) {
      try $0.write("data/evidence/2026/03/01/more.jsonl", "")
      try $0.write("exports/rag/more.jsonl", "")
    },
    Case("a folder of outputs is elsewhere, and a link leads there", "output-unreceipted exports/back") {
      try FileManager.default.moveItem(atPath: $0.path("exports/rag"), toPath: $0.path("moved"))
      try FileManager.default.createSymbolicLink(atPath: $0.path("exports/rag"), withDestinationPath: "../moved")
      try FileManager.default.createSymbolicLink(atPath: $0.path("exports/back"), withDestinationPath: ".")
    },
    Case(
      "evidence was edited", "output-changed \(day)", "provenance-mismatch \(day)",
      change: replace(day, "Guess.", "Guess!")),
  ]

  @Test("finds what is wrong, and nothing else", arguments: receipts + files)
  func finds(_ example: Case) throws {
    let space = try Lab.built()
    try example.change(space)
    let before = space.state()
    let found = try space.start(["audit", "--json"] + example.arguments).wait()
    let results = try JSON.parse(Array(found.stdout.utf8))["results"]?.array ?? []
    let told = Set(
      results.filter { example.notes || $0["level"] == "finding" }
        .map { "\($0["code"]?.string ?? "") \($0["path"]?.string ?? "")" })
    #expect(told.sorted() == example.expected, "\(found.stdout)\(found.stderr)")
    #expect(found.exitCode == (results.contains { $0["level"] == "finding" } ? 1 : 0))
    #expect(results.allSatisfy { $0["expected"]?.string?.isEmpty == false && $0["found"]?.string?.isEmpty == false })
    // It looks, and touches nothing.
    #expect(differences(before, space.state()) == [])
  }

  @Test("a commit that the repository lacks")
  func commit() throws {
    let space = try Lab.space()
    func git(_ arguments: String...) throws {
      let author = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
      let result = try Machine.run(["git"] + author + arguments, in: space.root)
      try #require(result.exitCode == 0, "\(result.stderr)")
    }
    try git("init", "-q")
    try git("add", "distill.yaml")
    try git("commit", "-q", "-m", "first")
    try space.build()
    #expect(try space.audit("--strict") == [])
    try Forgery(space: space).fit { $1.git?.sha = String(repeating: "0", count: 40) }
    #expect(
      try space.audit() == TestSpace.stages.map { "commit-unknown receipts/\($0)/receipt.json" }.sorted())
  }

  @Test("an older receipt that the history has is followed, and one that is damaged is found")
  func history() throws {
    let space = try Lab.built()
    let old = try space.receipt("export-sft")["receipt_sha256"]?.string ?? ""
    try space.build("--include-partial")
    #expect(try space.audit("--strict") == [])
    let path = "receipts/history/\(old).json"
    let bytes = try space.bytes(path)
    try space.write(path, bytes.map { $0 == UInt8(ascii: "7") ? UInt8(ascii: "8") : $0 })
    #expect(try space.audit().contains { $0.hasSuffix(path) })
    try space.remove(path)
    #expect(try space.audit() == [])
    #expect(try space.audit("--strict") == ["chain-broken receipts/export-sft/receipt.json"])
  }

  @Test("named stages are audited with what they read from, and no others")
  func stages() throws {
    let space = try Lab.built()
    try space.remove(Self.rag)
    try space.remove("exports/sft/instruction_response.jsonl")
    #expect(try space.audit("export-rag") == ["output-missing \(Self.rag)"])
    #expect(try space.audit("score") == [])
    #expect(try space.run("audit", "export-all").exitCode == 64)
  }

  @Test("works without distill.yaml, without the cache and where nothing may be written")
  func readOnly() throws {
    guard let unprivileged = Machine.unprivileged else { return }
    let space = try Lab.built()
    try space.remove("distill.yaml")
    try space.remove(".distill")
    let id = try space.rows(Self.rag)[0]["id"]?.string ?? ""
    _ = try Machine.run(["chmod", "-R", "a-w", space.root])
    defer { _ = try? Machine.run(["chmod", "-R", "u+w", space.root]) }
    for command in [["audit"], ["trace", id], ["log"], ["diff", "score", "score"]] {
      let result = try space.start(command, through: unprivileged).wait()
      #expect(result.exitCode == 0, "\(command): \(result.stderr)")
    }
  }

  @Test("SARIF names rules, files and lines")
  func sarif() throws {
    let space = try Lab.built()
    try Self.replace(Self.rag, "Read half", "Read all")(space)
    let result = try space.run("audit", "--sarif", "findings.sarif")
    #expect(result.exitCode == 1)
    let log = try space.json("findings.sarif")
    #expect(log["version"] == "2.1.0")
    let run = log["runs"]?.array?.first
    let rules = run?["tool"]?["driver"]?["rules"]?.array ?? []
    #expect(Set(rules.compactMap { $0["id"]?.string }).count == rules.count)
    let results = run?["results"]?.array ?? []
    #expect(results.count >= 2)
    for result in results {
      let index = Int(result["ruleIndex"]?.integer ?? -1)
      #expect(rules[index]["id"] == result["ruleId"])
      #expect(["error", "note"].contains(result["level"]))
      #expect(result["message"]?["text"]?.string?.isEmpty == false)
    }
    let place = results.first { $0["ruleId"] == "row-differs" }?["locations"]?.array?.first?["physicalLocation"]
    #expect(place?["artifactLocation"]?["uri"] == .string(Self.rag))
    #expect(place?["region"]?["startLine"] == 2)
  }
}
