import Foundation
import Testing

@Suite("init")
struct InitTests {
  @Test("writes a distill.yaml that builds the logs it found")
  func handWrittenLogs() throws {
    let space = try TestSpace()
    let log = (0..<8).map {
      Lab.line("run-\($0)", task: "t\($0 % 2)", says: "Answer \($0)", tests: $0 % 2 == 0 ? "passed" : "failed")
    }
    try space.write("runs/2026.jsonl", log.joined())
    let result = try space.run("init")
    #expect(result.exitCode == 0)
    #expect(result.stderr.contains("Wrote "))
    #expect(try space.run("health").exitCode == 0)
    try space.build()
    #expect(try space.counts("build-evidence")["written"]?.integer == 8)
  }

  @Test("finds the presets of real logs", .enabled(if: RealLogs.areThere, "the real logs or python3 are not there"))
  func realLogs() throws {
    let space = try TestSpace()
    let data = RealLogs.folder ?? ""
    let evaluations = data + "/mifeval-es/evaluations"
    let run = try FileManager.default.contentsOfDirectory(atPath: evaluations).sorted()[0]
    let results = try FileManager.default.contentsOfDirectory(atPath: data + "/bashkit-eval/results").sorted()
      .filter { $0.hasPrefix("eval-") && $0.hasSuffix(".json") }
    let airline = try FileManager.default.contentsOfDirectory(
      atPath: data + "/tau-airline/historical_trajectories"
    ).filter { $0.hasSuffix("-airline.json") }.sorted()
    for (from, to) in [
      ("\(evaluations)/\(run)", "mifeval/\(run)"),
      ("\(data)/bashkit-eval/results/\(results[0])", "bashkit/\(results[0])"),
      ("\(data)/tau-airline/historical_trajectories/\(airline[0])", "tau/\(airline[0])"),
    ] {
      try space.write(to.split(separator: "/")[0] + "/.keep", "")
      try FileManager.default.copyItem(atPath: from, toPath: space.path(to))
    }
    #expect(try space.run("init").exitCode == 0)
    let text = try space.read("distill.yaml")
    for preset in ["tau-bench", "bashkit-eval", "m-ifeval"] { #expect(text.contains("preset: \(preset)"), "\(text)") }
    try space.build()
    let counts = try space.counts("build-evidence")
    #expect(counts["quarantined"]?.integer == 0)
    #expect(try space.counts("score")["by_category"]?["accepted"]?.integer ?? 0 > 84)
  }

  @Test("finds the logs behind a link in the folder, and says where it found none")
  func links() throws {
    let elsewhere = try TestSpace("elsewhere")
    try elsewhere.write("2026/a.jsonl", Lab.line("r1"))
    let space = try TestSpace()
    let empty = try space.run("init", "--stdout")
    #expect(empty.stderr == "No logs were found below \(space.root): distill.yaml is an example.\n")
    try FileManager.default.createSymbolicLink(atPath: space.path("logs"), withDestinationPath: elsewhere.root)
    let result = try space.run("init")
    #expect(!result.stderr.contains("No logs"))
    #expect(try space.read("distill.yaml").contains("    files: logs/2026/*.jsonl\n"))
    try space.build()
    #expect(try space.counts("build-evidence")["written"]?.integer == 1)
  }

  @Test("leads to a build that exports nothing, and says why")
  func unedited() throws {
    let space = try TestSpace()
    try space.write("runs/a.jsonl", Lab.line("r1") + Lab.line("r2"))
    #expect(try space.run("init").exitCode == 0)
    let words =
      "distill-make: nothing was exported: no run of source runs has a verdict; see `verdict` in distill.yaml\n"
    #expect(try space.build().stderr.hasSuffix(words))
    #expect(try !space.build("--include-review", "-q").stderr.contains("nothing was exported"))
    #expect(try !Lab.space().build().stderr.contains("nothing was exported"))
  }

  @Test("leaves a distill.yaml that is there alone")
  func existing() throws {
    let space = try Lab.space()
    let before = space.state()
    let result = try space.run("init")
    #expect(result.exitCode == 73)
    #expect(
      result.stderr == """
        distill-make: \(space.root)/distill.yaml: there is a distill.yaml already
          `distill-make init --stdout` prints what it would write.

        """)
    #expect(differences(before, space.state()) == [])
    #expect(try space.run("init", "--stdout").stdout.contains("version: 1\n"))
  }
}

@Suite("The workspace")
struct WorkspaceChoiceTests {
  @Test(
    "is named by -C before or behind the subcommand, by DISTILL_ROOT, or is the working directory",
    arguments: [
      "-C DIR status", "status -C DIR", "-CDIR status", "--directory DIR status", "status --directory=DIR",
      "DISTILL_ROOT", "working directory",
    ])
  func choice(_ way: String) throws {
    let space = try Lab.built()
    let elsewhere = try TestSpace("elsewhere")
    let result: CommandResult
    switch way {
    case "DISTILL_ROOT": result = try elsewhere.run("status", environment: ["DISTILL_ROOT": space.root])
    case "working directory": result = try space.run("status")
    default:
      let arguments = way.split(separator: " ").map { $0.replacingOccurrences(of: "DIR", with: space.root) }
      result = try elsewhere.start(arguments).wait()
    }
    #expect(result.exitCode == 0, "\(result.stderr)")
    #expect(result.stdout.contains("export-preference  up to date"))
    #expect(elsewhere.tree() == [])
  }

  @Test("named by -C wins over DISTILL_ROOT, and may be relative or lead through a link")
  func precedence() throws {
    let space = try Lab.built()
    let elsewhere = try TestSpace("elsewhere")
    try FileManager.default.createSymbolicLink(atPath: elsewhere.path("link"), withDestinationPath: space.root)
    let result = try elsewhere.run("status", "-C", "link", environment: ["DISTILL_ROOT": elsewhere.root])
    #expect(result.exitCode == 0)
    #expect(result.stdout.contains("build-evidence     up to date"))
  }
}
