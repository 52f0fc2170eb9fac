import JSONTape
import Testing

@Suite struct ExplainTests {
  private func reasons(_ space: TestSpace, _ stage: String, _ arguments: String...) throws -> [String] {
    let result = try space.start(["explain", stage, "--json"] + arguments).wait()
    #expect(result.exitCode == 0)
    return try JSON.parse(Array(result.stdout.utf8))["reasons"]?.array?.compactMap(\.string) ?? []
  }

  @Test func `each input and parameter that changed is named with its old and new value`() throws {
    let space = try Lab.built()
    let upToDate = try space.run("explain", "score")
    #expect(
      upToDate.stdout.hasPrefix("score: up to date\n")
        && upToDate.stdout.contains("key now                    the same"))
    #expect(
      try reasons(space, "export-sft", "--include-partial") == ["parameter changed: /include_partial: false → true"])
    let old = try #require(try space.receipt("build-evidence")["core"]?["inputs"]?.array?[0]["sha256"]?.string)
    try space.write("logs/2026-03-01.jsonl", Lab.firstDay + Lab.line("r9"))
    try space.write("logs/2026-03-03.jsonl", Lab.line("r10"))
    try space.remove("logs/2026-03-02.jsonl")
    let found = try reasons(space, "build-evidence")
    #expect(found.count == 3)
    #expect(found[0].hasPrefix("input changed: logs/2026-03-01.jsonl (\(old.prefix(12)) → "))
    #expect(found[1] == "input added: logs/2026-03-03.jsonl" && found[2] == "input gone: logs/2026-03-02.jsonl")
    // Downstream nothing is known before the stages above have run.
    let below = try space.run("explain", "export-rag")
    #expect(below.stdout.hasPrefix("export-rag: may run\n") && below.stdout.contains("build-evidence: will run"))
  }

  @Test func `it changes nothing, and a stage that is not there is a mistake`() throws {
    let space = try Lab.built()
    let before = space.state()
    _ = try space.run("explain", "export-preference")
    #expect(differences(before, space.state()).isEmpty)
    let wrong = try space.run("explain", "export-raq")
    #expect(wrong.exitCode == 64 && wrong.stderr.contains("export-rag"))
  }
}
