import JSONTape
import Testing

@Suite struct GarbageCollectionTests {
  private func bytes(_ space: TestSpace, _ arguments: String...) throws -> (freed: Int64, kept: Int64) {
    let result = try space.start(["gc", "--json"] + arguments).wait()
    #expect(result.exitCode == 0)
    let tree = try JSON.parse(Array(result.stdout.utf8))
    return (tree["freed"]?["bytes"]?.integer ?? -1, tree["kept"]?["bytes"]?.integer ?? -1)
  }

  @Test func `what the newest receipts need stays, and so does everything outside of the cache`() throws {
    let (space, other) = (try Lab.built(), try Lab.built())
    #expect(try bytes(space).freed == 0)
    for space in [space, other] {
      try space.build("--include-review")
      try space.write("logs/2026-03-02.jsonl", Lab.secondDay + Lab.line("r7", task: "t2", says: "Sleep."))
      try space.build()
    }
    let outside = space.state().filter { !$0.key.isEmpty && !$0.key.hasPrefix(".distill") }
    let planned = try bytes(space, "--dry-run")
    #expect(planned.freed > 0)
    #expect(try bytes(space, "-n") == planned)
    #expect(try bytes(space) == planned)
    #expect(try bytes(space).freed == 0)
    #expect(differences(outside, space.state().filter { !$0.key.isEmpty && !$0.key.hasPrefix(".distill") }).isEmpty)

    // Nothing that is still needed is gone: the same actions run as where nothing was freed.
    for stage in ["export-rag", "export-sft"] {
      #expect(try space.run("explain", stage).stdout.contains("up to date"))
    }
    for space in [space, other] {
      try space.write("logs/2026-03-01.jsonl", Lab.firstDay + Lab.line("r8", says: "Look again."))
      try space.build()
    }
    for stage in TestSpace.stages {
      #expect(try space.receipt(stage)["run"]?["actions"] == other.receipt(stage)["run"]?["actions"], "\(stage)")
    }
    let clean = try Lab.space()
    for log in ["logs/2026-03-01.jsonl", "logs/2026-03-02.jsonl"] { try clean.write(log, try space.bytes(log)) }
    try clean.build()
    #expect(try differences(space.outputs(), clean.outputs()).isEmpty)
  }

  @Test func `bounds spare what is young, or fits`() throws {
    let space = try Lab.built()
    try space.build("--include-review")
    try space.build()
    let all = try bytes(space, "-n")
    #expect(try bytes(space, "-n", "--keep-days", "1").freed == 0)
    #expect(try bytes(space, "-n", "--keep-size", "1GB").freed == 0)
    let some = try bytes(space, "-n", "--keep-size", "\(all.kept + all.freed - 1)")
    #expect(some.freed > 0 && some.freed < all.freed)
    #expect(try space.run("gc", "--keep-size", "5 parsecs").exitCode == 64)
    #expect(try space.run("gc", "--keep-days", "-1").exitCode == 64)
    #expect(try TestSpace().run("gc").exitCode == 65)
  }

  @Test func `what a killed build left is freed, unless it is young enough`() throws {
    let space = try Lab.built()
    try space.write(".distill/staging/score/0/0", String(repeating: "x", count: 5000))
    try space.write(".distill/staging/score/0/journal", "")
    #expect(try bytes(space, "-n").freed == 5000)
    #expect(try bytes(space, "--keep-days", "1").freed == 0)
    #expect(space.exists(".distill/staging/score/0/0"))
    #expect(try bytes(space).freed == 5000)
    #expect(!space.exists(".distill/staging/score/0"))
  }

  @Test func `a cache that is gone, and receipts that can't be read, are fine`() throws {
    let space = try Lab.built()
    try space.write("receipts/score/receipt.json", "{}\n")
    #expect(try bytes(space).kept > 0)
    try space.build()
    try space.remove(".distill")
    #expect(try bytes(space) == (0, 0))
  }
}
