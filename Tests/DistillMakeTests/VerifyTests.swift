import Foundation
import JSONTape
import Receipts
import Testing

@Suite("verify")
struct VerifyTests {
  private func verify(_ space: TestSpace, _ arguments: String...) throws -> (code: Int32, tree: JSON) {
    let result = try space.start(["verify", "--json"] + arguments).wait()
    guard let tree = try? JSON.parse(Array(result.stdout.utf8)) else { throw TestSpaceError(result.stderr) }
    return (result.exitCode, tree)
  }

  private func results(_ tree: JSON, _ level: String = "finding") -> [JSON] {
    (tree["results"]?.array ?? []).filter { $0["level"]?.string == level }
  }

  /// Writes a receipt that says something else and has the right hashes of it, as a forger would.
  private func forge(_ space: TestSpace, _ stage: String, _ change: (inout Receipt.Core) -> Void) throws {
    let path = "receipts/\(stage)/receipt.json"
    var receipt = try ReceiptCodec.decode(space.bytes(path), place: path).receipt
    change(&receipt.core)
    try space.write(path, ReceiptCodec.encode(receipt).bytes)
  }

  @Test("finds a built workspace equal, without its cache and its distill.yaml, and writes nothing there")
  func equal() throws {
    let space = try Lab.built()
    try space.remove(".distill")
    try space.remove("distill.yaml")
    let before = space.state()
    let result = try space.run("verify")
    #expect(result.exitCode == 0, "\(result.stderr)")
    #expect(
      result.stdout == """
        stage              outputs  equal  different  receipt
        build-evidence           3      3          0  equal
        score                    3      3          0  equal
        export-rag               2      2          0  equal
        export-sft               2      2          0  equal
        export-preference        2      2          0  equal
        Everything is equal.

        """)
    #expect(differences(before, space.state()) == [])
  }

  @Test("leaves nothing behind, but with --keep the rebuild")
  func folders() throws {
    let space = try Lab.built()
    let temporary = try TestSpace("temporary")
    #expect(try space.run("verify", environment: ["TMPDIR": temporary.root]).exitCode == 0)
    #expect(temporary.tree() == [])
    let folder = temporary.path("a/b")
    #expect(try space.run("verify", "--folder", folder).exitCode == 0)
    #expect(!temporary.exists("a/b"))
    #expect(try space.run("verify", "--folder", folder, "--keep").exitCode == 0)
    for (path, bytes) in try space.outputs() { #expect(try temporary.bytes("a/b/rebuild/\(path)") == bytes) }

    // A folder that was there stays, also where a link leads to it.
    try temporary.write("given/x", "")
    try temporary.remove("given/x")
    try FileManager.default.createSymbolicLink(atPath: temporary.path("link"), withDestinationPath: "given")
    for name in ["given", "link"] {
      #expect(try space.run("verify", "--folder", temporary.path(name)).exitCode == 0)
      #expect(temporary.exists(name) && temporary.tree("given") == [])
    }

    let before = (space.state(), temporary.state())
    for folder in [folder, space.path("new"), space.root, "new/folder"] {
      let result = try space.run("verify", "--folder", folder)
      #expect(result.exitCode == 64, "\(folder)")
    }
    #expect(try space.run("verify", environment: ["TMPDIR": space.path("logs")]).exitCode == 64)
    #expect(differences(before.0, space.state()).filter { $0 != "logs" } == [])
    #expect(differences(before.1, temporary.state()) == [])
  }

  @Test(
    "works on a workspace that nobody may write to",
    .enabled(if: Machine.unprivileged != nil, "no unprivileged user to run as"))
  func readOnly() throws {
    let space = try Lab.built()
    try space.remove(".distill")
    #expect(try Machine.run(["chmod", "-R", "a-w,a+rX", space.root]).exitCode == 0)
    defer { _ = try? Machine.run(["chmod", "-R", "u+w", space.root]) }
    let result = try space.run("verify", through: Machine.unprivileged ?? [])
    #expect(result.exitCode == 0, "\(result.stderr)")
    #expect(result.stdout.hasSuffix("Everything is equal.\n"))
  }

  @Test("waits for no lock")
  func lock() throws {
    let space = try Lab.built()
    let holder = try RunningCommand.start(
      ["flock", space.root, "sleep", "60"], in: "/", environment: TestSpace.environment)
    defer {
      holder.kill()
      _ = try? holder.wait()
    }
    #expect(try space.run("verify", "-q").exitCode == 0)
  }

  @Test("names record and field of a published file that was altered")
  func alteredOutput() throws {
    let space = try Lab.built()
    let path = "exports/rag/playbooks.jsonl"
    let rows = try space.rows(path)
    try space.write(path, try space.read(path).replacingOccurrences(of: "Ask the owner.", with: "Ask nobody."))
    let (code, tree) = try verify(space)
    #expect(code == 1)
    let found = results(tree)
    #expect(found.map { $0["code"]?.string } == ["published-changed"])
    let place = try #require(rows.firstIndex { $0["source_run_id"] == "r4" })
    #expect(found[0]["line"]?.integer == Int64(place + 1))
    #expect(found[0]["record"] == rows[place]["id"])
    #expect(found[0]["pointer"] == "/title")
    #expect(found[0]["expected"]?.string?.contains("Ask the owner.") ?? false)
    #expect(found[0]["found"]?.string?.contains("Ask nobody.") ?? false)
    #expect(try space.run("verify").stdout.contains("at /title\n  expected  \"Ask the owner."))

    try space.remove(path)
    let (_, without) = try verify(space)
    #expect(results(without).map { $0["code"]?.string } == ["published-missing"])
    let (alone, _) = try verify(space, "--no-outputs")
    #expect(alone == 0)
  }

  @Test("finds out a forged output whose receipt has the right hashes, down to record and field")
  func forgedOutput() throws {
    let space = try Lab.built()
    let path = "exports/sft/instruction_response.jsonl"
    let rows = try space.rows(path)
    try space.write(path, try space.read(path).replacingOccurrences(of: "Read the log first.", with: "Delete the log."))
    let bytes = try space.bytes(path)
    try forge(space, "export-sft") { core in
      for index in core.outputs.indices where core.outputs[index].path.string == path {
        core.outputs[index].digest = Digest.of(bytes)
        core.outputs[index].byteCount = bytes.count
      }
    }
    let (code, tree) = try verify(space)
    #expect(code == 1)
    let found = results(tree)
    #expect(found.map { $0["code"]?.string } == ["output-differs"])
    #expect(found[0]["record"] == rows.first { $0["source_run_id"] == "r1" }?["id"])
    #expect(found[0]["pointer"] == "/response")
    #expect(found[0]["expected"] == "\"Delete the log.\"" && found[0]["found"] == "\"Read the log first.\"")
    let stages = tree["stages"]?.array ?? []
    #expect(stages.map { $0["core"]?.string } == ["equal", "equal", "equal", "different", "equal"])
  }

  @Test("finds out a forged receipt, wherever it lies")
  func forgedReceipt() throws {
    let lies: [(String, String, @Sendable (inout Receipt.Core) -> Void)] = [
      (
        "export-rag", "/core/record_counts/exported",
        { core in
          var counts = core.recordCounts.object ?? [:]
          counts["exported"] = 99
          core.recordCounts = .object(counts)
        }
      ),
      ("score", "/core/validation/0/facts/0", { $0.validation[0].facts[0] = "all is well" }),
      ("score", "/core/inputs/0", { $0.inputs[0].recordCount += 1 }),
      ("export-preference", "/core/key", { $0.key = Digest.of("key") }),
    ]
    for (stage, pointer, lie) in lies {
      let space = try Lab.built()
      try forge(space, stage, lie)
      let (code, tree) = try verify(space)
      #expect(code == 1)
      #expect(results(tree).map { $0["pointer"]?.string } == [pointer])
      #expect(results(tree).map { $0["stage"]?.string } == [stage])
      #expect(results(tree)[0]["path"]?.string == "receipts/\(stage)/receipt.json")
    }
    // Parameters: what is built with them is not what was published.
    let space = try Lab.built()
    try forge(space, "export-rag") { $0.parameters = ["include_review": true, "holdout": nil] }
    let (code, tree) = try verify(space)
    #expect(code == 1)
    #expect(results(tree).contains { $0["code"] == "output-differs" })

    try space.write("receipts/score/receipt.json", "{}\n")
    let (broken, words) = try verify(space)
    #expect(broken == 1)
    #expect(results(words).contains { $0["code"] == "receipt-malformed" && $0["stage"] == "score" })
    let cores = words["stages"]?.array?.map { $0["core"]?.string }
    #expect(cores == ["equal"] + Array(repeating: "not-compared", count: 4))
  }

  @Test("rebuilds nothing where a log is another or gone, and says which")
  func otherLogs() throws {
    let space = try Lab.built()
    let log = try space.read("logs/2026-03-01.jsonl")
    try space.write("logs/2026-03-01.jsonl", log.replacingOccurrences(of: "Guess.", with: "Quess."))
    try space.remove("logs/2026-03-02.jsonl")
    let (code, tree) = try verify(space)
    #expect(code == 1)
    #expect(tree["rebuilt"] == false)
    #expect(results(tree).map { $0["code"]?.string } == ["input-changed", "input-missing"])
    #expect(results(tree).map { $0["path"]?.string } == ["logs/2026-03-01.jsonl", "logs/2026-03-02.jsonl"])
    #expect(try space.run("verify").stdout.hasSuffix("Nothing was rebuilt: the logs are not those of the receipts.\n"))
  }

  @Test("takes of a log that grew what the receipt says, and leaves new logs aside")
  func grownLogs() throws {
    let space = try Lab.built()
    try space.write("logs/2026-03-01.jsonl", try space.read("logs/2026-03-01.jsonl") + Lab.line("r7"))
    try space.write("logs/2026-03-03.jsonl", Lab.line("r8"))
    let (code, tree) = try verify(space)
    #expect(code == 0)
    #expect(results(tree) == [])
    #expect(results(tree, "note").map { $0["code"]?.string } == ["input-grown", "input-added"])
  }

  @Test("rebuilds with the flags of the build, and says where distill.yaml differs")
  func flags() throws {
    let space = try Lab.space()
    try space.build("--include-review", "--include-partial")
    let (code, tree) = try verify(space)
    #expect(code == 0, "\(tree.pretty())")
    #expect(
      results(tree, "note").map { $0["found"]?.string } == [
        "parameter changed: /include_review: true → false", "parameter changed: /include_partial: true → false",
      ])
    #expect(results(tree, "note").allSatisfy { $0["code"] == "configuration-differs" })
  }

  @Test("without receipts there is nothing to verify")
  func noReceipts() throws {
    let space = try Lab.space()
    let result = try space.run("verify")
    #expect(result.exitCode == 65)
    #expect(result.stderr.contains("there are no receipts to verify"))
  }

  @Test("--vary finds the quickstart equal under every circumstance")
  func vary() throws {
    let space = try TestSpace()
    for name in ["distill.yaml", "Examples"] {
      try FileManager.default.copyItem(atPath: TestSpace.repository + "/" + name, toPath: space.path(name))
    }
    try space.build()
    let before = space.state()
    let result = try space.run("verify", "--vary")
    #expect(result.exitCode == 0, "\(result.stdout)\(result.stderr)")
    #expect(result.stdout.hasSuffix("equal, in the rebuild and under 2 other sets of circumstances.\n"))
    for word in ["TZ=Pacific/Kiritimati", "LC_ALL=tr_TR.UTF-8", "umask 77", "-j 1,", "TZ=America/St_Johns"] {
      #expect(result.stderr.contains(word), "\(word)")
    }
    #expect(differences(before, space.state()) == [])
  }

  @Test(
    "reproduces the committed receipts",
    .enabled(if: QuickstartTests.isCommitted, "no receipts are committed"))
  func committed() throws {
    let space = try TestSpace()
    for name in ["distill.yaml", "Examples", "receipts"] {
      try FileManager.default.copyItem(atPath: TestSpace.repository + "/" + name, toPath: space.path(name))
    }
    let (code, tree) = try verify(space, "--no-outputs")
    #expect(code == 0, "\(tree.pretty())")
    #expect(tree["stages"]?.array?.allSatisfy { $0["core"] == "equal" } ?? false)
  }

  @Test(
    "--vary finds three sets of real logs equal under every circumstance",
    .enabled(if: RealLogs.areThere, "the real logs or python3 are not there"))
  func realLogs() throws {
    let result = try RealLogs.built().run("verify", "--vary", "--json")
    #expect(result.exitCode == 0, "\(result.stdout)\(result.stderr)")
    let tree = try JSON.parse(Array(result.stdout.utf8))
    #expect(tree["ok"] == true && tree["rebuilt"] == true)
    #expect(tree["results"] == [])
    for stage in tree["stages"]?.array ?? [] {
      #expect(stage["core"] == "equal" && stage["outputs"] == stage["equal"])
    }
  }
}
