import Foundation
import JSONTape
import Receipts
import Testing

/// What an exporter must have read to stop what it has to stop.
@Suite("Audit of the files of runs, and of held-out prompts", .enabled(if: Machine.hasGit, "needs git"))
struct AuditGuardTests {
  private static let facts = "data/repository-facts.json"
  private static let exports = ["export-rag", "export-sft", "export-preference"]

  private static func git(_ space: TestSpace, _ arguments: String...) throws -> String {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    let result = try Machine.run(["git"] + identity + arguments, in: space.root)
    guard result.exitCode == 0 else { throw TestSpaceError("git \(arguments): \(result.stderr)") }
    return result.stdout.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static let source = """
    version: 1
    sources:
      - name: lab
        files: logs/*.jsonl
        map:
          run_id: /id
          prompt: /ask
          text: /says
          source_files: /files
          git_sha: {from: /commit, optional: true}
        verdict: [{when: {/ok: true}, is: accepted}]

    """

  private static let guards = """
        repository: .
    exports:
      holdout: {files: evals/*.jsonl, prompt: /q}

    """

  /// A workspace in a repository, with a run that names a file which is not there, and one that asks what is held out.
  private static func space(_ guards: String = guards) throws -> TestSpace {
    let space = try TestSpace()
    try space.write("distill.yaml", source + guards)
    try space.write("real.py", "x = 1\n")
    try space.write("evals/e.jsonl", "{\"q\":\"Secret?\"}\n")
    _ = try git(space, "init", "-q")
    _ = try git(space, "add", "real.py")
    _ = try git(space, "commit", "-q", "-m", "one")
    let first = try git(space, "rev-parse", "HEAD")
    let runs: [JSON] = [
      ["id": "r1", "ask": "Why?", "says": "A", "files": ["real.py"], "ok": true],
      ["id": "r2", "ask": "Why?", "says": "B", "files": ["ghost.py"], "ok": true],
      ["id": "r3", "ask": "Why?", "says": "C", "files": ["ghost.py"], "commit": .string(first), "ok": true],
      ["id": "r4", "ask": "Secret?", "says": "D", "files": [], "ok": true],
    ]
    try space.write("logs/a.jsonl", runs.map { $0.canonicalString + "\n" }.joined())
    try space.build("-q")
    return space
  }

  @Test("an honest set has no findings, now and when the repository has gone on")
  func honest() throws {
    let space = try Self.space()
    #expect(try space.rows("exports/rag/playbooks.jsonl").map { $0["source_run_id"] } == ["r1"])
    #expect(try space.audit("--strict") == [])
    try space.write("ghost.py", "y = 2\n")
    _ = try Self.git(space, "add", "ghost.py")
    _ = try Self.git(space, "rm", "-q", "real.py")
    _ = try Self.git(space, "commit", "-q", "-m", "two")
    #expect(try space.audit("--strict") == [])
  }

  /// The outputs and receipts of a workspace that stops less, with the parameters of one that stops more.
  private static func disguised(_ guards: String, _ member: String) throws -> TestSpace {
    let honest = try space()
    let space = try space(guards)
    let forgery = Forgery(space: space)
    if member == "repository" {
      try space.write("data/repository-paths.jsonl", try honest.bytes("data/repository-paths.jsonl"))
    }
    for stage in ["build-evidence"] + exports {
      let other = try Forgery(space: honest).receipt(stage)
      var receipt = try forgery.receipt(stage)
      receipt.core.parameters = other.core.parameters
      if stage == "build-evidence", member == "repository" {
        receipt.core.outputs += other.core.outputs.filter { $0.path.string == "data/repository-paths.jsonl" }
        receipt.core.outputs.sort { $0.path < $1.path }
      }
      try forgery.write(receipt)
    }
    return space
  }

  @Test("an export that did not read the answers of the repository is found")
  func withoutFacts() throws {
    let space = try Self.disguised("exports:\n  holdout: {files: evals/*.jsonl, prompt: /q}\n", "repository")
    #expect(try space.read("exports/rag/playbooks.jsonl").contains("ghost.py"))
    #expect(
      try space.audit() == Self.exports.map { "stage-link-broken receipts/\($0)/receipt.json" }.sorted())
  }

  @Test("an export that did not read what is held out is found")
  func withoutHoldout() throws {
    let space = try Self.disguised("    repository: .\n", "holdout")
    #expect(try space.read("exports/rag/playbooks.jsonl").contains("Secret?"))
    #expect(
      try space.audit() == Self.exports.map { "stage-link-broken receipts/\($0)/receipt.json" }.sorted())
  }

  @Test("answers that the repository does not give are found, and answers to other questions")
  func facts() throws {
    for (change, isAnswered) in [
      ({ $0.replacingOccurrences(of: "missing", with: "file") }, true),
      ({ $0.replacingOccurrences(of: "\"file\"", with: "\"missing\"") }, true),
      ({ $0.replacingOccurrences(of: "ghost.py", with: "other.py") }, false),
      ({ $0.replacingOccurrences(of: "\"sources\"", with: "\"a\":1,\"sources\"") }, false),
    ] as [((String) -> String, Bool)] {
      let space = try Self.space()
      let forgery = Forgery(space: space)
      try space.write(Self.facts, change(try space.read(Self.facts)))
      for stage in Self.exports {
        var receipt = try forgery.receipt(stage)
        let place = try #require(receipt.core.inputs.firstIndex { $0.path.string == Self.facts })
        let bytes = try space.bytes(Self.facts)
        receipt.core.inputs[place].digest = .of(bytes)
        receipt.core.inputs[place].byteCount = bytes.count
        try forgery.write(receipt)
      }
      let found = try space.audit()
      #expect(found.contains("facts-differ \(Self.facts)"), "\(found)")
      // Whoever may not look at the logs asks no repository either.
      #expect(try space.audit("--no-inputs").contains("facts-differ \(Self.facts)") == !isAnswered)
    }
  }
}
