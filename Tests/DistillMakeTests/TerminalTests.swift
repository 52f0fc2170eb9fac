import Foundation
import JSONTape
import Testing

@Suite("The terminal")
struct TerminalTests {
  @Test(
    "results that can't be written end with 73",
    arguments: [
      "schema sft", "audit --json", "report", "status", "all --json", "all", "log", "init --stdout", "verify",
    ])
  func fullOutput(_ command: String) throws {
    let space = try Lab.built()
    let result = try RunningCommand.start(
      ["sh", "-c", "exec \"$0\" \(command) > /dev/full", TestSpace.program], in: space.root,
      environment: TestSpace.environment
    ).wait()
    #expect(result.exitCode == 73)
    #expect(result.stderr.hasSuffix("distill-make: can't write to standard output: No space left on device\n"))
  }

  @Test("what went wrong in a build is told also where its results can't be")
  func failureAndFullOutput() throws {
    let space = try Lab.space()
    try space.write("logs/2026-03-01.jsonl", "no\nJSON\n")
    let result = try RunningCommand.start(
      ["sh", "-c", "exec \"$0\" all --json > /dev/full", TestSpace.program], in: space.root,
      environment: TestSpace.environment
    ).wait()
    #expect(result.exitCode == 65)
    #expect(result.stderr.contains("logs/2026-03-01.jsonl"))
  }

  @Test("a reader that went away is no error")
  func closedPipe() throws {
    let space = try Lab.built()
    let result = try Machine.run(
      [
        "bash", "-c",
        "trap '' PIPE; sleep 1 | { \"$0\" schema receipt -h >/dev/null; }; (\"$0\" schema receipt; echo $? >&2) | true",
        TestSpace.program,
      ], in: space.root)
    #expect(result.stderr == "0\n")
  }

  @Test("control characters of names don't reach the terminal")
  func controlCharacters() throws {
    let space = try Lab.space()
    try space.write("logs/\u{1B}[31mred\u{7}.jsonl", "no JSON\nneither\n")
    let result = try space.run("all", "-q")
    #expect(result.exitCode == 65)
    #expect(result.stderr.contains("logs/?[31mred?.jsonl"))
    #expect(!result.stderr.contains("\u{1B}"))
  }

  @Test("a mistyped command: with the nearest one")
  func mistypedCommand() throws {
    let space = try TestSpace()
    let result = try space.run("-C", space.root, "al")
    #expect(result.exitCode == 64)
    #expect(
      result.stderr.hasPrefix("distill-make: there is no command `al`\n  did you mean `all`? commands: init, all, "))
    for arguments in [["help"], ["help", "all"], ["--help"], ["all", "--help"], ["--version"], []] {
      #expect(try space.start(arguments).wait().exitCode == 0, "\(arguments)")
    }
    #expect(try space.run("all", "--nonsense").exitCode == 64)
  }

  @Test("one bound of -j for all that have threads", arguments: ["all", "verify", "audit"])
  func jobs(_ command: String) throws {
    let space = try TestSpace()
    for jobs in ["-j0", "-j257"] {
      let result = try space.run(command, jobs)
      #expect(result.exitCode == 64)
      #expect(result.stderr.contains("-j takes a number from 1 to 256"))
    }
  }

  @Test("without a terminal a line for each stage that runs, and none for others")
  func stagesThatRun() throws {
    let space = try Lab.space()
    let first = try space.build().stderr
    #expect(first == TestSpace.stages.map { "\($0): building\n" }.joined())
    #expect(try space.build().stderr == "")
    try space.remove("exports/rag")
    #expect(try space.build().stderr == "export-rag: building\n")
  }

  @Test("the last column says where all records went")
  func summary() throws {
    let space = try Lab.space()
    let file = FileHandle(forWritingAtPath: space.path("logs/2026-03-02.jsonl"))
    try file?.seekToEnd()
    try file?.write(contentsOf: Data("{\"id\":".utf8))
    try file?.close()
    #expect(try space.build().stdout.contains("1: schema_violation 1; pending 1"))
    try space.write(
      "distill.yaml",
      "version: 1\nsources:\n  - {name: a, files: logs/*.jsonl, jq: 'select(.id == \"r1\") | {run_id: .id, text: .says}'}\n"
    )
    #expect(try space.build().stdout.contains("1: schema_violation 1; pending 1; mapped to nothing 5"))
  }

  @Test("status names each kind of reason once")
  func reasons() throws {
    let space = try Lab.built()
    for folder in ["data/evidence", "data/scored-runs"] { try space.remove(folder) }
    try space.write("logs/2026-03-03.jsonl", Lab.line("r9"))
    try space.write("logs/2026-03-04.jsonl", Lab.line("r10"))
    let lines = try space.run("status").stdout.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    #expect(lines.first == "build-evidence     will run  2 outputs missing: data/evidence/2026/03/01/lab.jsonl, …")
    #expect(lines[1] == "2 inputs added: logs/2026-03-03.jsonl, …")
  }
}
