import Foundation
import Glibc
import JSONTape
import Testing

@Suite("Bad input stops the build")
struct BadInputTests {
  /// The code and the words of `all -q`, and that it changed nothing of what was built before.
  private func expectStop(
    _ space: TestSpace, code: Int32 = 65, _ words: String, through: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let outputs = try space.outputs()
    let receipts = space.state("receipts")
    let result = try space.run("all", "-q", through: through)
    #expect(result.exitCode == code, sourceLocation: sourceLocation)
    #expect(result.stderr == words, sourceLocation: sourceLocation)
    #expect(result.stdout == "", sourceLocation: sourceLocation)
    #expect(differences(outputs, try space.outputs()) == [], sourceLocation: sourceLocation)
    #expect(differences(receipts, space.state("receipts")) == [], sourceLocation: sourceLocation)
  }

  private func edit(_ space: TestSpace, _ old: String, _ new: String) throws {
    try space.write("distill.yaml", Lab.configuration.replacingOccurrences(of: old, with: new))
  }

  // MARK: distill.yaml

  @Test("an unknown key: with its place and the nearest key")
  func unknownKey() throws {
    let space = try Lab.built()
    try edit(space, "    verdict:", "    verdcit:")
    try expectStop(
      space,
      """
      distill-make: distill.yaml:12:5: unknown key `verdcit`
        did you mean `verdict`? keys of a source: name, files, ignore, format, unit, records, max_record_bytes, \
      repository, preset, lookups, parts, kind, map, verdict, thresholds, jq, judged_by, time_zone, never, votes, \
      winner, decide

      """)
  }

  @Test("an unknown field of a map")
  func unknownField() throws {
    let space = try Lab.built()
    try edit(space, "      prompt: /ask", "      promt: /ask")
    let result = try space.run("all", "-q")
    #expect(result.exitCode == 65)
    #expect(result.stderr.hasPrefix("distill-make: distill.yaml:10:7: unknown key `promt`\n  did you mean `prompt`?"))
  }

  @Test("a syntax error of YAML: with its place")
  func syntaxError() throws {
    let space = try Lab.built()
    try space.write("distill.yaml", Lab.configuration + "exports: [\n")
    try expectStop(
      space, "distill-make: distill.yaml:19:1: not YAML: did not find expected node content while parsing a flow node\n"
    )
    try space.write("distill.yaml", "version: 1\n\tsources: []\n")
    let result = try space.run("all", "-q")
    #expect(result.exitCode == 65)
    #expect(result.stderr.hasPrefix("distill-make: distill.yaml:2:1: a tab where YAML wants spaces"))
  }

  @Test("a distill.yaml that is empty, a list or not text", arguments: [[], Array("[1]\n".utf8), [0xFF, 0xFE, 0x00]])
  func notAConfiguration(_ bytes: [UInt8]) throws {
    let space = try Lab.built()
    try space.write("distill.yaml", bytes)
    let result = try space.run("all", "-q")
    #expect(result.exitCode == 65)
    #expect(result.stderr.hasPrefix("distill-make: distill.yaml"), "\(result.stderr)")
  }

  @Test("no distill.yaml")
  func noConfiguration() throws {
    let space = try TestSpace()
    for command in TestSpace.stages + ["all", "export-all", "status", "graph"] {
      let result = try space.run(command)
      #expect(result.exitCode == 65, "\(command)")
      #expect(
        result.stderr == """
          distill-make: \(space.root): there is no distill.yaml here
            Name the workspace with -C DIR, or let `distill-make init` write one for the logs it finds.

          """, "\(command)")
    }
    #expect(space.tree() == [])
  }

  // MARK: Logs

  @Test("a pointer that is found in no record")
  func pointerThatFindsNothing() throws {
    let space = try Lab.built()
    try edit(space, "text: /says", "text: /sais")
    try expectStop(
      space,
      """
      distill-make: distill.yaml:11:13: `/sais` of `map.text` is found in no record of source "lab"
        Correct the pointer, or mark it with `optional: true` if it may be missing everywhere.

      """)
    try edit(space, "{/tests: flaky}", "{/test: flaky}")
    let result = try space.run("all", "-q")
    #expect(result.exitCode == 65)
    #expect(result.stderr.hasPrefix("distill-make: distill.yaml:14:"), "\(result.stderr)")
    #expect(result.stderr.contains("`/test` "), "\(result.stderr)")
  }

  @Test("a glob that matches nothing")
  func globWithoutMatch() throws {
    let space = try Lab.built()
    try edit(space, "logs/*.jsonl", "log/*.jsonl")
    try expectStop(
      space,
      """
      distill-make: distill.yaml:4:12: no file matches `log/*.jsonl` of source "lab"
        Correct `files`, or take the source out.

      """)
  }

  @Test("a pipe or a folder that a pattern names: a warning where there are files, else an error with its path")
  func notFiles() throws {
    let space = try Lab.space()
    #expect(mkfifo(space.path("logs/pipe.jsonl"), 0o600) == 0)
    try space.write("logs/folder.jsonl/inside.jsonl", Lab.line("r9"))
    let result = try space.run("build-evidence", "--json")
    #expect(result.exitCode == 0)
    let warnings = try JSON.parse(Array(result.stdout.utf8))["stages"]?.array?[0]["warnings"]
    #expect(
      warnings == [
        "logs/folder.jsonl: a pattern of source \"lab\" names it, but it is no file",
        "logs/pipe.jsonl: a pattern of source \"lab\" names it, but it is no file",
      ])
    #expect(try space.run("health").stdout.contains("Named, but no files: logs/folder.jsonl, logs/pipe.jsonl."))
    try edit(space, "logs/*.jsonl", "logs/p*.jsonl")
    try expectStop(
      space,
      """
      distill-make: distill.yaml:4:12: no file matches `logs/p*.jsonl` of source "lab"
        A log is a file, which these are not: logs/pipe.jsonl.

      """)
  }

  @Test("a log whose name is not UTF-8")
  func nameNotUTF8() throws {
    let space = try Lab.built()
    let make = #"printf '{}\n' > "$(printf "$1/logs/b\377.jsonl")""#
    #expect(try Machine.run(["sh", "-c", make, "sh", space.root]).exitCode == 0)
    try expectStop(
      space, code: 74,
      """
      distill-make: \(space.root)/logs/b\u{FFFD}.jsonl: can't open: Invalid or incomplete multibyte or wide character
        Its name is not UTF-8: rename it, or take it out with `ignore` in distill.yaml.

      """)
    try edit(space, "files: logs/*.jsonl", "files: logs/*.jsonl\n    ignore: logs/b*")
    try space.build("-q")
  }

  @Test("a pattern that leaves the workspace", arguments: ["../logs/*.jsonl", "/var/log/*.jsonl"])
  func patternOutside(_ pattern: String) throws {
    let space = try Lab.built()
    try edit(space, "logs/*.jsonl", pattern)
    let result = try space.run("all", "-q")
    #expect(result.exitCode == 65)
    #expect(result.stderr.hasPrefix("distill-make: distill.yaml:4:12: "), "\(result.stderr)")
    #expect(result.stderr.contains("ln -s "), "\(result.stderr)")
  }

  @Test("a log in which no record can be used")
  func logWithoutRecords() throws {
    let space = try Lab.built()
    try space.write("logs/2026-03-03.jsonl", "no\nno\n")
    try expectStop(
      space,
      """
      distill-make: logs/2026-03-03.jsonl: none of its 2 records can be used: record 0: not JSON: expected a value at \
      byte 0 of the record
        Correct the mapping of source "lab", or take the file out with `ignore`.

      """)
  }

  @Test("a source in which no record can be used")
  func sourceWithoutRecords() throws {
    let space = try Lab.built()
    try space.remove("logs/2026-03-02.jsonl")
    try space.write("logs/2026-03-01.jsonl", "no\n")
    try expectStop(
      space,
      """
      distill-make: logs/2026-03-01.jsonl: not even the one record of source "lab" can be used: record 0: not JSON: \
      expected a value at byte 0 of the record
        Correct the source in distill.yaml.

      """)
  }

  @Test("but one bad line among good ones is quarantined, and the build succeeds")
  func oneBadLine() throws {
    let space = try Lab.built()
    let rows = try space.rows("exports/quarantine/evidence.jsonl")
    #expect(rows.count == 1)
    #expect(rows.first?["reason"] == "schema_violation")
    #expect(rows.first?["source_provenance"]?["source_file"] == "logs/2026-03-01.jsonl")
    #expect(rows.first?["source_provenance"]?["line_offset"]?.integer == 3)
    #expect(rows.first?["source_record"] == "{\"id\":\"cut off")
    #expect(try space.counts("build-evidence")["read"]?.integer == 7)
    #expect(try space.counts("build-evidence")["written"]?.integer == 6)
  }

  @Test(
    "a log that can't be read",
    .enabled(if: Machine.unprivileged != nil, "running as root, and setpriv can't run the program as another user"))
  func unreadableLog() throws {
    let through = Machine.unprivileged ?? []
    let space = try Lab.space()
    #expect(try Machine.run(["chmod", "-R", "a+rwX", space.root]).exitCode == 0)
    try space.build("-q", through: through)
    try space.write("logs/2026-03-03.jsonl", Lab.line("r9"))
    chmod(space.path("logs/2026-03-03.jsonl"), 0o000)
    try expectStop(
      space,
      """
      distill-make: logs/2026-03-03.jsonl: can't read it: Permission denied
        Make it readable, or take it out with `ignore` in distill.yaml.

      """, through: through)
  }

  @Test(
    "a workspace that can't be written",
    .enabled(if: Machine.unprivileged != nil, "running as root, and setpriv can't run the program as another user"))
  func readOnlyWorkspace() throws {
    let through = Machine.unprivileged ?? []
    let space = try Lab.space()
    #expect(try Machine.run(["chmod", "-R", "a+rX,a-w", space.root]).exitCode == 0)
    defer { _ = try? Machine.run(["chmod", "-R", "u+w", space.root]) }
    try expectStop(
      space, code: 73,
      """
      distill-make: .distill: can't create: Permission denied
        Make the workspace writable for this user.

      """, through: through)
    #expect(try space.run("status", through: through).exitCode == 0)
    #expect(try space.run("all", "--dry-run", through: through).exitCode == 0)
    let health = try space.run("health", through: through)
    #expect(health.exitCode == 0 && health.stdout.contains("warn  disk: can't write in "))
    #expect(try space.run("graph", through: through).exitCode == 0)
  }

  @Test(
    "outputs on another file system than `.distill`",
    .enabled(if: Machine.canMount, "no file system can be mounted here"))
  func outputsElsewhere() throws {
    let space = try Lab.space()
    try space.write("exports/rag/none", "")
    #expect(try Machine.run(["mount", "-t", "tmpfs", "tmpfs", space.path("exports")]).exitCode == 0)
    defer { _ = try? Machine.run(["umount", "-l", space.path("exports")]) }
    let build = try space.run("all", "-q")
    #expect(build.exitCode == 73)
    #expect(
      build.stderr == """
        distill-make: exports/quarantine/evidence.jsonl: can't rename: Invalid cross-device link
          `.distill` must be on the same file system as the outputs, because they are moved into place.

        """)
    let health = try space.run("health")
    #expect(health.exitCode == 65)
    #expect(health.stdout.contains("FAIL  disk: exports is on another file system than .distill"), "\(health.stdout)")
  }

  // MARK: The command line

  @Test(
    "wrong arguments: code 64 and what is wrong",
    arguments: [
      (["all", "-j", "0"], "Error: -j takes a number from 1 to 256"),
      (["all", "-j", "257"], "Error: -j takes a number from 1 to 256"),
      (["all", "-j", "two"], "Error: The value 'two' is invalid for '-j <n>'"),
      (["all", "--include-everything"], "Error: Unknown option '--include-everything'"),
      (["al"], "distill-make: there is no command `al`\n  did you mean `all`?"),
      (["graph", "--format", "svg"], "Error: The value 'svg' is invalid for '--format <format>'"),
      (["-C"], "Error: "),
      (["-C", "nowhere", "all"], "distill-make: nowhere: there is no such folder: No such file or directory"),
      (["-C", "distill.yaml", "all"], "distill-make: distill.yaml: this is not a folder"),
    ])
  func wrongArguments(_ call: (arguments: [String], words: String)) throws {
    let space = try Lab.space()
    let before = space.state()
    let result = try space.start(call.arguments).wait()
    #expect(result.exitCode == 64)
    #expect(result.stderr.hasPrefix(call.words), "\(result.stderr)")
    #expect(result.stdout == "")
    #expect(differences(before, space.state()) == [])
  }
}
