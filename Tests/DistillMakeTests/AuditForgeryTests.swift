import Foundation
import Glibc
import JSONTape
import Receipts
import Testing

/// Every forgery here fits in itself, and says something that no build says.
@Suite("Audit of what a stage can have written")
struct AuditForgeryTests {
  private static let rag = "exports/rag/playbooks.jsonl"
  private static let sft = "exports/sft/instruction_response.jsonl"
  private static let preference = "exports/preference/chosen_rejected.jsonl"
  private static let quarantine = "exports/quarantine/sft.jsonl"

  private static func receipt(_ stage: String) -> String { "receipts/\(stage)/receipt.json" }

  // MARK: Numbers

  @Test("thresholds that other programs spell with more digits are no finding")
  func thresholds() throws {
    let space = try TestSpace()
    try space.write(
      "distill.yaml",
      """
      version: 1
      sources:
        - name: lab
          files: logs/*.jsonl
          map:
            run_id: /id
            text: /says
            score: {from: /score, optional: true}
            validation_results: {grounded_fraction: /grounded}
          thresholds: {grounded_fraction: {accept_at: 0.7, partial_at: 0.5}}

      """)
    let numbers = ["0.69999999999999996", "0.95000000000000001", "1e-400", "12345678901234567890", "0.5", "7e-1"]
    try space.write(
      "logs/a.jsonl",
      numbers.enumerated().map { "{\"id\":\"r\($0)\",\"says\":\"A \($0)\",\"grounded\":\($1)}\n" }.joined())
    try space.build()
    #expect(try space.rows("exports/rag/playbooks.jsonl").count == 5)
    #expect(try space.audit("--strict") == [])
  }

  @Test("texts of more days than files are held open at once are compared all the same")
  func manyDays() throws {
    let space = try TestSpace()
    try space.write("distill.yaml", Lab.configuration + "exports:\n  sft: {dedupe: exact}\n")
    let start = Date(timeIntervalSince1970: 1_700_000_000)
    try space.write(
      "logs/a.jsonl",
      (0..<400).map { day in
        let time = ISO8601DateFormatter().string(from: start.addingTimeInterval(Double(day) * 86_400))
        return Lab.line(
          "r\(day)", at: time, says: "Answer \(day / 2), which is long enough to be one of its own.",
          tests: day % 2 == 0 ? "passed" : day % 3 == 0 ? "failed" : "passed")
      }.joined())
    try space.build("-q")
    #expect(try space.audit("--strict") == [])
  }

  /// Numbers that can be added up to more than 64 bits hold.
  @Test(
    "numbers as large as there are end nothing but in a finding",
    arguments: ["input records", "input bytes", "output bytes", "by_source", "pending"])
  func largeNumbers(_ place: String) throws {
    let space = try Lab.built()
    let forgery = Forgery(space: space)
    var receipt = try forgery.receipt("build-evidence")
    switch place {
    case "input records": for file in receipt.core.inputs.indices { receipt.core.inputs[file].recordCount = .max }
    case "input bytes": for file in receipt.core.inputs.indices { receipt.core.inputs[file].byteCount = .max }
    case "output bytes": for file in receipt.core.outputs.indices { receipt.core.outputs[file].byteCount = .max }
    case "by_source":
      for term in ["read", "mapped", "objects"] { receipt.count("by_source/lab/\(term)", .max - 100) }
    default: receipt.count("pending", .max - 100)
    }
    try forgery.write(receipt)
    #expect(try space.audit().contains("receipt-malformed \(Self.receipt("build-evidence"))"))
    for command in [["report"], ["status"], ["log"], ["all"]] {
      let result = try space.start(command).wait()
      #expect([0, 65].contains(result.exitCode), "\(command): \(result.exitCode) \(result.stderr)")
    }
  }

  @Test(
    "spans past the end of every file are findings",
    arguments: [
      ("byte_length", Int64.max), ("byte_offset", .max), ("line_offset", .max), ("byte_length", -1),
    ] as [(String, Int64)])
  func largeSpans(_ member: String, _ value: Int64) throws {
    let space = try Lab.built()
    let forgery = Forgery(space: space)
    let evidence = "data/evidence/2026/03/01/lab.jsonl"
    try forgery.edit(evidence) { row in
      var row = row
      var provenance = row["provenance"]?.object ?? [:]
      if row["run_id"] == "r1" { provenance[member] = .integer(value) }
      row["provenance"] = .object(provenance)
      return row
    }
    try forgery.fit()
    #expect(try space.audit().contains { $0.hasSuffix(evidence) })
    #expect(try !space.audit("--no-inputs").isEmpty)
    let id = try space.rows(Self.rag)[0]["id"]?.string ?? ""
    for command in [["trace", id], ["report"], ["all"]] {
      let result = try space.start(command).wait()
      #expect([0, 1, 65].contains(result.exitCode), "\(command): \(result.exitCode) \(result.stderr)")
    }
  }

  // MARK: Outputs

  /// Changes the outputs of a receipt, which are sorted again.
  private static func list(
    _ space: TestSpace, _ stage: String, _ change: (inout [Receipt.File]) throws -> Void
  ) throws {
    let forgery = Forgery(space: space)
    var receipt = try forgery.receipt(stage)
    try change(&receipt.core.outputs)
    receipt.core.outputs.sort { $0.path < $1.path }
    try forgery.write(receipt)
  }

  private static func file(_ space: TestSpace, _ path: String) throws -> Receipt.File {
    let bytes = try space.bytes(path)
    return Receipt.File(
      path: try #require(RelativePath(path)), digest: .of(bytes), byteCount: bytes.count,
      recordCount: bytes.count { $0 == UInt8(ascii: "\n") })
  }

  @Test(
    "a file where its stage writes none is found, whichever receipt lists it",
    arguments: [
      ("build-evidence", "exports/sft/extra.jsonl"), ("score", "exports/sft/extra.jsonl"),
      ("export-sft", "exports/sft/extra.jsonl"), ("export-sft", "docs/more.jsonl"),
      ("build-evidence", "data/evidence/2026/03/01/other.jsonl"), ("build-evidence", "data/evidence/lab.jsonl"),
      ("build-evidence", "data/evidence/undated/lab-1.jsonl"), ("build-evidence", "data/repository-paths.jsonl"),
      ("score", "data/scored-runs/2026/03/09/lab.jsonl"), ("score", "data/evidence/2026/03/09/lab.jsonl"),
    ])
  func misplaced(_ stage: String, _ path: String) throws {
    let space = try Lab.built()
    try space.write(path, path.hasPrefix("data/") ? "" : try space.read(Self.quarantine))
    try Self.list(space, stage) { $0.append(try Self.file(space, path)) }
    let found = try space.audit("--strict")
    #expect(found.contains { $0.hasSuffix(Self.receipt(stage)) }, "\(found)")
  }

  @Test("an export under another name, elsewhere, in two files or left out is found")
  func moved() throws {
    for path in ["exports/rag/Playbooks.jsonl", "docs/pb.jsonl", nil] {
      let space = try Lab.built()
      if let path {
        try space.write(path, try space.bytes(Self.rag))
        try Self.list(space, "export-rag") { $0.append(try Self.file(space, path)) }
      }
      try space.remove(Self.rag)
      try Self.list(space, "export-rag") { $0.removeAll { $0.path.string == Self.rag } }
      #expect(try space.audit("--strict").contains("receipt-malformed \(Self.receipt("export-rag"))"))
    }
    let space = try Lab.built()
    let rows = try space.read(Self.rag).split(separator: "\n", omittingEmptySubsequences: true).map { "\($0)\n" }
    try space.write(Self.rag, rows[0])
    try space.write("exports/rag/more.jsonl", rows.dropFirst().joined())
    try Self.list(space, "export-rag") {
      $0.removeAll { $0.path.string == Self.rag }
      $0 += [try Self.file(space, Self.rag), try Self.file(space, "exports/rag/more.jsonl")]
    }
    #expect(try space.audit("--strict") == ["receipt-malformed \(Self.receipt("export-rag"))"])
  }

  @Test("a partition of scored runs that is left out is found")
  func withoutPartition() throws {
    let space = try Lab.built()
    let path = "data/scored-runs/2026/03/02/lab.jsonl"
    try space.remove(path)
    try Self.list(space, "score") { $0.removeAll { $0.path.string == path } }
    #expect(try space.audit().contains("stage-link-broken \(Self.receipt("score"))"))
  }

  @Test("a link in the place of an output is no output: for audit, verify and attest")
  func link() throws {
    let space = try Lab.built()
    try FileManager.default.moveItem(atPath: space.path(Self.rag), toPath: space.path("moved.jsonl"))
    try FileManager.default.createSymbolicLink(
      atPath: space.path(Self.rag), withDestinationPath: "../../moved.jsonl")
    #expect(try space.audit() == ["output-missing \(Self.rag)"])
    #expect(try space.run("verify").exitCode == 1)
    #expect(try space.run("keygen", "key.pem").exitCode == 0)
    #expect(try space.run("attest", "--key", "key.pem").exitCode == 1)
  }

  // MARK: Spelling

  @Test(
    "a row in another spelling is found", arguments: [rag, sft, preference, quarantine],
    [(",\"", ", \""), ("\"r", "\"\\u0072"), ("{\"schema_version\":1", "{ \"schema_version\":1"), ("}\n", "} \n")])
  func spelling(_ file: String, _ change: (String, String)) throws {
    let space = try Lab.built()
    var text = try space.read(file)
    let place = try #require(text.range(of: change.0))
    text.replaceSubrange(place, with: change.1)
    try space.write(file, text)
    try Forgery(space: space).fit()
    let found = try space.audit("--no-inputs")
    #expect(found.contains("row-invalid \(file)"), "\(found)")
  }

  // MARK: Receipts

  @Test(
    "a receipt with checks, counts or parameters that its stage has not, or without those that it has",
    arguments: [
      ("export-rag", "no checks"), ("export-rag", "an invented check"), ("export-rag", "an unknown count"),
      ("export-rag", "no count"), ("export-rag", "an unknown reason"), ("export-rag", "an unknown parameter"),
      ("export-rag", "include_review"), ("export-rag", "holdout"), ("export-sft", "dedupe"),
      ("export-sft", "require_judge"), ("export-preference", "max_pairs_per_task"), ("score", "scorer_version"),
      ("build-evidence", "a source"), ("build-evidence", "an unknown summary"),
    ])
  func contents(_ stage: String, _ change: String) throws {
    let space = try Lab.built()
    let forgery = Forgery(space: space)
    var receipt = try forgery.receipt(stage)
    var parameters = receipt.core.parameters.object ?? [:]
    switch change {
    case "no checks": receipt.core.validation = []
    case "an invented check": receipt.core.validation = [Receipt.Check("moon-phase", pass: true, facts: ["full"])]
    case "an unknown count": receipt.count("zz", 1)
    case "no count":
      var counts = receipt.core.recordCounts.object ?? [:]
      counts["by_source"] = nil
      receipt.core.recordCounts = .object(counts)
    case "an unknown reason": receipt.count("by_reason/bad_mood", 1)
    case "an unknown parameter": parameters["approved_by"] = "Legal"
    case "include_review": parameters[change] = "true"
    case "holdout": parameters[change] = "x"
    case "dedupe": parameters[change] = "EXACT"
    case "require_judge": parameters[change] = ["nobody"]
    case "max_pairs_per_task": parameters[change] = 0
    case "scorer_version": parameters[change] = 99
    case "a source":
      var sources = parameters["sources"]?.array ?? []
      var source = sources[0].object ?? [:]
      source["approved_by"] = "Legal"
      sources[0] = .object(source)
      parameters["sources"] = .array(sources)
    default:
      var summary = receipt.core.summary.object ?? [:]
      summary["mood"] = "good"
      receipt.core.summary = .object(summary)
    }
    receipt.core.parameters = .object(parameters)
    try forgery.write(receipt)
    #expect(try space.audit() == ["receipt-malformed \(Self.receipt(stage))"])
  }

  @Test("a folder or a pipe among the receipts is a finding, and ends nothing")
  func noFiles() throws {
    let name = "receipts/history/\(String(repeating: "a", count: 64)).json"
    for isPipe in [false, true] {
      let space = try Lab.built()
      func put(_ path: String) throws {
        if isPipe {
          try #require(mkfifo(space.path(path), 0o644) == 0)
        } else {
          try FileManager.default.createDirectory(atPath: space.path(path), withIntermediateDirectories: true)
        }
      }
      try put(name)
      #expect(try space.audit() == ["chain-broken \(name)"])
      try space.remove(name)
      try space.remove("receipts/score/outputs.sha256")
      try put("receipts/score/outputs.sha256")
      #expect(try space.audit() == ["checksum-list-differs receipts/score/outputs.sha256"])
    }
  }
}
