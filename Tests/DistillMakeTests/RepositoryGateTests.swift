import Foundation
import JSONTape
import Testing

@Suite("Files that a run names", .enabled(if: Machine.hasGit, "needs git"))
struct RepositoryGateTests {
  private static let configuration = """
    version: 1
    sources:
      - name: lab
        files: logs/*.jsonl
        repository: code
        map: {run_id: /id, text: /says, source_files: /files, git_sha: {from: /commit, optional: true}}
        verdict: [{when: {/ok: true}, is: accepted}]

    """

  private func git(_ space: TestSpace, _ arguments: String...) throws -> String {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    let result = try Machine.run(["git"] + identity + arguments, in: space.path("code"))
    guard result.exitCode == 0 else { throw TestSpaceError("git \(arguments): \(result.stderr)") }
    return result.stdout.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// A repository with a folder, a link to it, a submodule and a second commit without `old.c`.
  private func space() throws -> (space: TestSpace, first: String) {
    let space = try TestSpace()
    try space.write("distill.yaml", Self.configuration)
    for file in ["code/src/main.c", "code/old.c"] { try space.write(file, "int x;\n") }
    try FileManager.default.createSymbolicLink(atPath: space.path("code/link"), withDestinationPath: "src")
    _ = try git(space, "init", "-q")
    _ = try git(space, "add", ".")
    _ = try git(space, "commit", "-q", "-m", "one")
    let first = try git(space, "rev-parse", "HEAD")
    _ = try git(space, "update-index", "--add", "--cacheinfo", "160000,\(first),vendor")
    _ = try git(space, "rm", "-q", "old.c")
    _ = try git(space, "commit", "-q", "-m", "two")
    return (space, first)
  }

  @Test("are looked up however they are written, and a run that names one in vain is quarantined with why")
  func gate() throws {
    let (space, first) = try space()
    let root = URL(fileURLWithPath: space.path("code")).resolvingSymlinksInPath().path
    let none = "0123456789012345678901234567890123456789"
    let cases: [(id: String, file: String, commit: String?, error: String?)] = [
      ("plain", "src/main.c", nil, nil), ("dot", "./src/./main.c", nil, nil), ("up", "src/../src/main.c", nil, nil),
      ("absolute", "\(root)/src/main.c", nil, nil), ("folder", "src", nil, nil), ("submodule", "vendor", nil, nil),
      ("link", "link/main.c", nil, nil), ("then", "old.c", first, nil),
      ("short", "old.c", String(first.prefix(8)), nil),
      ("now", "old.c", nil, "old.c is not in the tree of HEAD"),
      ("invented", "src/gone.c", first, "src/gone.c is not in the tree of commit \(first)"),
      (
        "inside", "vendor/lib.c", nil,
        "vendor/lib.c is inside a submodule, whose files are not in the tree of HEAD"
      ),
      ("out", "../distill.yaml", nil, "../distill.yaml is outside of the repository"),
      ("elsewhere", "/etc/passwd", nil, "/etc/passwd is outside of the repository"),
      ("lost", "src/main.c", none, "src/main.c can't be looked up: the repository has no commit \(none)"),
      ("odd", "src/main.c", "HEAD", "src/main.c can't be looked up: the repository has no commit HEAD"),
    ]
    let lines = cases.map { run in
      let record: JSON = [
        "id": .string(run.id), "says": "A", "files": [.string(run.file)],
        "commit": run.commit.map(JSON.string) ?? .null, "ok": true,
      ]
      return record.canonicalString + "\n"
    }
    try space.write("logs/a.jsonl", lines.joined())
    try space.build()
    let exported = try space.rows("exports/rag/playbooks.jsonl").compactMap { $0["source_run_id"]?.string }
    #expect(exported == cases.filter { $0.error == nil }.map(\.id))
    for stage in ["rag", "preference"] {
      let stopped = try space.rows("exports/quarantine/\(stage).jsonl")
      #expect(stopped.allSatisfy { $0["reason"] == "hallucinated_file_path" })
      let expected = cases.filter { $0.error != nil }
      #expect(stopped.map { $0["source_record"]?["evidence_run_id"]?.string } == expected.map(\.id))
      #expect(stopped.map { $0["errors"]?.array?[0].string } == expected.map(\.error))
    }
  }
}
