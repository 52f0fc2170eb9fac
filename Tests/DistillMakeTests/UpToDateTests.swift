import Foundation
import JSONTape
import Testing

@Suite("A build with nothing to do")
struct UpToDateTests {
  @Test("says that every stage is up to date, ends with 0 and changes no file, the cache included")
  func changesNothing() throws {
    let space = try Lab.built()
    let before = space.state()
    let result = try space.run("all")
    #expect(result.exitCode == 0)
    for stage in TestSpace.stages {
      #expect(
        result.stdout.split(separator: "\n").contains { $0.hasPrefix("\(stage) ") && $0.contains("up to date") },
        "\(stage)")
    }
    #expect(Set(try space.states("all").values) == ["up_to_date"])
    #expect(differences(before, space.state()) == [])
  }

  @Test(
    "holds for numbers in distill.yaml that are past 64 bits",
    arguments: ["1e19", "9.3e18", "1234567890123456789e2", "-1e20"])
  func largeNumber(_ number: String) throws {
    let space = try Lab.space()
    let rule = "          - {when: {/tests: \(number)}, is: rejected}\n"
    try space.write(
      "distill.yaml",
      Lab.configuration.replacingOccurrences(of: "    judged_by:", with: rule.dropFirst(4) + "    judged_by:"))
    try space.build()
    #expect(Set(try space.states("all").values) == ["up_to_date"])
    for stage in TestSpace.stages { #expect(try space.receipt(stage)["core"]?["validation_pass"] == true) }
  }

  @Test("opens nothing for writing and reads no log", .enabled(if: Machine.canTrace, "strace does not work here"))
  func opensNothing() throws {
    let space = try Lab.built()
    // One more, so that the index has settled.
    try space.build()
    let trace = try TestSpace("trace")
    let calls =
      "trace=open,openat,openat2,creat,unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,link,linkat,"
      + "symlink,symlinkat,truncate,ftruncate,chmod,fchmod,fchmodat,utimensat,fallocate,fsync,fdatasync"
    let result = try space.run(
      "all", through: ["strace", "-f", "-y", "-s", "4096", "-e", calls, "-o", trace.path("log")])
    #expect(result.exitCode == 0)

    let lines = try trace.read("log").split(separator: "\n")
    let opens = lines.filter { $0.contains("open") && !$0.contains("ENOENT") }
    #expect(opens.contains { $0.contains("distill.yaml") }, "the trace shows nothing")
    for line in opens where line.contains(space.root) {
      for flag in ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"] { #expect(!line.contains(flag), "\(line)") }
      #expect(!line.contains("/logs/"), "a log was opened: \(line)")
    }
    for line in lines where !line.contains("open") && line.contains("(") {
      #expect(!line.contains(space.root), "\(line)")
    }
  }

  @Test("needs no cache: without .distill the outputs and receipts stay as they are")
  func withoutCache() throws {
    let space = try Lab.built()
    let outputs = try space.outputs()
    let receipts = space.state("receipts")
    try space.remove(".distill")
    #expect(Set(try space.states("all").values) == ["up_to_date"])
    #expect(differences(outputs, try space.outputs()) == [])
    #expect(differences(receipts, space.state("receipts")) == [])
  }

  @Test("is what a changed comment in distill.yaml, a touched log and a copied workspace need")
  func nothingThatMatters() throws {
    let space = try Lab.built()
    try space.write("distill.yaml", "# A comment.\n" + Lab.configuration + "# Another.\n")
    try space.write("logs/2026-03-01.jsonl", Lab.firstDay)
    #expect(Set(try space.states("all").values) == ["up_to_date"])

    let copy = try TestSpace("copy")
    try copy.remove("")
    #expect(try Machine.run(["cp", "-r", space.root, copy.root]).exitCode == 0)
    #expect(Set(try copy.states("all").values) == ["up_to_date"])
  }

  @Test("removes what an earlier failed run left")
  func removesFailure() throws {
    let space = try Lab.built()
    try space.write("receipts/score/failed.json", try space.bytes("receipts/score/receipt.json"))
    #expect(Set(try space.states("all").values) == ["up_to_date"])
    #expect(!space.exists("receipts/score/failed.json"))
  }
}
