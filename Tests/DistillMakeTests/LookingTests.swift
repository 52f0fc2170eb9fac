import Foundation
import JSONTape
import Testing

@Suite("Commands that look")
struct LookingTests {
  @Test(
    "write nothing, in an empty folder, a new and a built workspace",
    arguments: [
      ["status"], ["status", "--json"], ["status", "--paranoid"], ["all", "--dry-run"], ["all", "-n", "--json"],
      ["all", "-n", "--force"], ["export-rag", "-n", "--include-review"], ["graph"], ["health"], ["health", "--json"],
      ["init", "--stdout"], ["--help"], ["--version"],
    ])
  func writeNothing(_ arguments: [String]) throws {
    let empty = try TestSpace()
    _ = try empty.start(arguments).wait()
    #expect(empty.tree() == [])
    for space in [try Lab.space(), try Lab.built()] {
      let before = space.state()
      #expect(try space.start(arguments).wait().exitCode == 0)
      #expect(differences(before, space.state()) == [])
    }
  }

  @Test("--dry-run and status say what will run, what may and why")
  func forecast() throws {
    let space = try Lab.space()
    for command in [["status"], ["all", "--dry-run"]] {
      let result = try space.start(command).wait()
      #expect(
        result.stdout == """
          build-evidence     will run  never built
                                       reads 2 files, 743 B
          score              will run  never built
                                       may change with build-evidence
          export-rag         will run  never built
                                       may change with build-evidence
                                       may change with score
          export-sft         will run  never built
                                       may change with build-evidence
                                       may change with score
          export-preference  will run  never built
                                       may change with build-evidence
                                       may change with score

          """)
    }
    try space.build("-q")
    #expect(
      try space.run("status").stdout == """
        build-evidence     up to date
        score              up to date
        export-rag         up to date
        export-sft         up to date
        export-preference  up to date

        """)

    try space.write("logs/2026-03-02.jsonl", Lab.secondDay + Lab.line("r9"))
    let changed = try space.run("status").stdout.split(separator: "\n")
    #expect(
      changed.first?.hasPrefix("build-evidence     will run  input changed: logs/2026-03-02.jsonl (") ?? false,
      "\(changed)")
    #expect(changed.contains { $0.hasPrefix("score              may run ") }, "\(changed)")
    try space.remove("logs/2026-03-02.jsonl")
    #expect(try space.run("status").stdout.contains("input gone: logs/2026-03-02.jsonl"))
  }

  @Test("a forecast names the parameter that changed")
  func parameter() throws {
    let space = try Lab.built()
    let result = try space.run("all", "-n", "--include-partial")
    #expect(
      result.stdout == """
        build-evidence     up to date
        score              up to date
        export-rag         up to date
        export-sft         will run    parameter changed: /include_partial: false → true
                                       reads 4 files, 7.4 kB
        export-preference  up to date

        """)
  }

  @Test("--json is JSON with the same facts")
  func json() throws {
    let space = try Lab.space()
    let built = try JSON.parse(Array(try space.run("all", "--json").stdout.utf8))
    #expect(built["ok"] == true)
    let stages = built["stages"]?.array ?? []
    #expect(stages.map { $0["stage"]?.string } == TestSpace.stages)
    for stage in stages {
      let name = stage["stage"]?.string ?? ""
      #expect(stage["state"] == "built")
      #expect(try stage["receipt_sha256"] == space.receipt(name)["receipt_sha256"])
      #expect(try stage["record_counts"]?.canonicalString == space.counts(name).canonicalString)
    }
    let status = try JSON.parse(Array(try space.run("status", "--json").stdout.utf8)).array ?? []
    #expect(status.map { $0["state"]?.string } == Array(repeating: "up_to_date", count: 5))
    #expect(try status.map { $0["receipt_sha256"] } == TestSpace.stages.map { try space.receipt($0)["receipt_sha256"] })
    for command in [["graph", "--json"], ["health", "--json"], ["all", "-n", "--json"], ["report", "--json"]] {
      _ = try JSON.parse(Array(try space.start(command).wait().stdout.utf8))
    }
  }

  @Test("--json on a build that stops is JSON, too, and keeps its code")
  func jsonOfFailure() throws {
    let space = try Lab.built()
    try space.write("logs/2026-03-03.jsonl", "no\nno\n")
    let result = try space.run("all", "--json")
    #expect(result.exitCode == 65)
    let tree = try JSON.parse(Array(result.stdout.utf8))
    #expect(tree["ok"] == false)
    #expect(
      tree["stages"]?.array?.compactMap { $0["state"]?.string } == ["stopped"] + Array(repeating: "not_run", count: 4))
  }

  @Test("graph draws the stages in three ways")
  func graph() throws {
    let space = try Lab.space()
    #expect(
      try space.run("graph").stdout == """
        lab (2)         →  build-evidence
        build-evidence  →  score
        build-evidence  →  export-rag
        score           →  export-rag
        build-evidence  →  export-sft
        score           →  export-sft
        build-evidence  →  export-preference
        score           →  export-preference

        """)
    let mermaid = try space.run("graph", "--format", "mermaid").stdout.split(separator: "\n")
    #expect(mermaid.first == "graph LR")
    #expect(mermaid.contains("  score[\"score\"] --> export_rag[\"export-rag\"]"))
    let dot = try space.run("graph", "--format", "dot").stdout
    #expect(dot.hasPrefix("digraph distill {\n") && dot.hasSuffix("}\n"))
    #expect(dot.contains("  \"build-evidence\" -> \"score\";\n"))
    let edges = try JSON.parse(Array(try space.run("graph", "--json").stdout.utf8)).array ?? []
    #expect(edges.count == 8)
    #expect(edges.contains(["from": "score", "to": "export-sft"]))
  }

  @Test("health finds a good workspace good")
  func goodHealth() throws {
    let space = try Lab.built()
    let result = try space.run("health")
    #expect(result.exitCode == 0)
    #expect(result.stdout.contains("ok    source lab: 2 files, "))
    #expect(!result.stdout.contains("FAIL"))
    let findings = try JSON.parse(Array(try space.run("health", "--json").stdout.utf8)).array ?? []
    #expect(findings.allSatisfy { $0["state"] != "broken" })
    #expect(findings.contains { $0["check"] == "disk" })
  }

  @Test("health says what is wrong with a bad one, and ends with 65")
  func badHealth() throws {
    let space = try Lab.built()
    try space.write("receipts/score/receipt.json", "{}\n")
    try space.write("distill.yaml", Lab.configuration.replacingOccurrences(of: "logs/*", with: "log/*"))
    let result = try space.run("health")
    #expect(result.exitCode == 65)
    #expect(result.stdout.contains("FAIL  sources: distill.yaml:"))
    #expect(result.stdout.contains("no file matches `log/*.jsonl` of source"))
    #expect(result.stdout.contains("warn  receipt score: this is no receipt"))
    try space.write("distill.yaml", "version: 2\n")
    #expect(try space.run("health").exitCode == 65)
    try space.remove("distill.yaml")
    #expect(try space.run("health").stdout.contains("FAIL  configuration: "))
  }

  @Test("health tells a repository that can't be read from none")
  func damagedRepository() throws {
    let space = try Lab.built()
    #expect(try space.run("health").stdout.contains("no repository with a commit around the workspace"))
    try space.write(".git", "gitdir: /nowhere\n")
    let result = try space.run("health")
    #expect(result.exitCode == 0)
    #expect(result.stdout.contains("/.git is there, but no repository with a commit that can be read"))
  }

  @Test("the report says what the receipts say, and writing it again changes nothing")
  func report() throws {
    let space = try Lab.built()
    let page = try space.read("reports/distillation/latest.md")
    let facts = try space.bytes("reports/distillation/latest.json")
    for stage in TestSpace.stages {
      let digest = try space.receipt(stage)["receipt_sha256"]?.string ?? ""
      #expect(page.contains(digest.prefix(12)), "\(stage)")
    }
    let result = try space.run("report")
    #expect(result.exitCode == 0)
    #expect(try space.read("reports/distillation/latest.md") == page)
    #expect(try space.bytes("reports/distillation/latest.json") == facts)
    #expect(result.stdout == page)
  }
}
