import JSONTape
import Testing

/// A checkout can bring links to anywhere: a build removes nothing behind them.
@Suite("Links that lead out of the workspace")
struct LinkTests {
  private func link(_ space: TestSpace, _ path: String, to target: String) throws {
    #expect(try Machine.run(["rm", "-rf", space.path(path)]).exitCode == 0)
    #expect(try Machine.run(["ln", "-s", target, space.path(path)]).exitCode == 0)
  }

  private func elsewhere() throws -> TestSpace {
    let other = try TestSpace("elsewhere")
    for path in ["top", "tmp/mine", "docs/thesis", "01/02/lab.jsonl"] { try other.write(path, "mine\n") }
    return other
  }

  @Test(
    "in the place of a folder that builds empty stop them, and gc",
    arguments: [".distill", ".distill/tmp", ".distill/staging", ".distill/staging/export-rag"])
  func cache(_ path: String) throws {
    let (space, other) = (try Lab.built(), try elsewhere())
    let before = other.state()
    try link(space, path, to: other.root)
    for command in ["all", "gc"] {
      let result = try space.run(command)
      #expect(result.exitCode == 73)
      #expect(
        result.stderr.contains("\(path): a symbolic link stands in the place of a folder that builds empty"),
        "\(result.stderr)")
    }
    #expect(differences(before, other.state()) == [])
  }

  @Test(
    "lead no list of outputs out",
    arguments: [
      ("data/scored-runs/x", "data/scored-runs/x/docs/thesis", nil),
      (
        "data/scored-runs/2025", "data/scored-runs/2025/01/02/lab.jsonl",
        "data/scored-runs/2025: a symbolic link stands in the place of a folder of outputs"
      ),
    ] as [(String, String, String?)])
  func lists(path: String, listed: String, words: String?) throws {
    let (space, other) = (try Lab.built(), try elsewhere())
    let before = other.state()
    try link(space, path, to: other.root)
    try space.write("receipts/score/publishing.json", "[\"\(listed)\"]\n")
    let result = try space.run("all", "-q")
    #expect(result.exitCode == (words == nil ? 0 : 73))
    if let words { #expect(result.stderr.contains(words), "\(result.stderr)") }
    #expect(differences(before, other.state()) == [])
  }
}
