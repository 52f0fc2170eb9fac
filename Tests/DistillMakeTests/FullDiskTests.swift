import Foundation
import Glibc
import Testing

@Suite("A full disk", .enabled(if: Machine.canMount, "a file system of a given size can't be mounted here"))
struct FullDiskTests {
  /// A workspace on a file system of `kilobytes`, unmounted at the end.
  private func withSmallDisk(_ kilobytes: Int, _ body: (TestSpace) throws -> Void) throws {
    let space = try TestSpace()
    #expect(try Machine.run(["mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", space.root]).exitCode == 0)
    defer { _ = try? Machine.run(["umount", "-l", space.root]) }
    try body(space)
  }

  /// Writes until `free` kilobytes are left.
  private func fill(_ space: TestSpace, leaving free: Int) throws {
    var status = statvfs()
    guard statvfs(space.root, &status) == 0 else { throw TestSpaceError("no statvfs: \(errno)") }
    let left = Int(status.f_bavail) * Int(status.f_frsize)
    try space.write("filler", [UInt8](repeating: 0, count: max(0, left - free * 1024)))
  }

  private static let secondLog = (0..<120).map { number in
    Lab.line(
      "x\(number)", task: "t\(number % 9)", at: "2026-03-0\(3 + number % 3)T00:00:00Z", says: "Answer \(number)",
      tests: number % 2 == 0 ? "passed" : "failed")
  }.joined()

  @Test(
    "ends the build with 73, publishes nothing by halves, and is forgotten when there is room",
    arguments: [0, 12, 40, 80, 120, 160, 200, 260])
  func fullDisk(_ free: Int) throws {
    try withSmallDisk(1600) { space in
      try space.write("distill.yaml", Lab.configuration)
      try space.write("logs/2026-03-01.jsonl", Lab.firstDay)
      try space.build("-q")
      let receipts = try TestSpace.stages.map { try space.bytes("receipts/\($0)/receipt.json") }
      let outputs = try space.outputs()
      try space.write("logs/2026-03-03.jsonl", Self.secondLog)
      try fill(space, leaving: free)

      let result = try space.run("all")
      #expect(result.exitCode == 73, "\(result.stdout)")
      #expect(
        result.stderr.hasSuffix(
          """
          : No space left on device
            Free some space and run the same command again: it repairs what was left half done. No \
          receipt.json lists what is not there.

          """), "\(result.stderr)")
      // A stage is as it was or as it is to be; its receipt says which.
      for (stage, receipt) in zip(TestSpace.stages, receipts) {
        // Where the disk was full in the middle of a publication, the old receipt waits under another name.
        guard space.exists("receipts/\(stage)/receipt.json") else {
          #expect(space.exists("receipts/\(stage)/superseded.json"))
          continue
        }
        let now = try space.bytes("receipts/\(stage)/receipt.json")
        if now == receipt {
          for output in try space.receipt(stage)["core"]?["outputs"]?.array ?? [] {
            let path = output["path"]?.string ?? ""
            #expect(try space.bytes(path) == outputs[path], "\(path)")
          }
        }
        let check = try Machine.run(
          ["sha256sum", "--quiet", "-c", "receipts/\(stage)/outputs.sha256"], in: space.root)
        #expect(check.exitCode == 0, "\(check.stderr)")
      }
      let leftovers = space.tree().filter { !$0.hasPrefix(".distill") && $0.contains("distill-new") }
      #expect(leftovers == [])

      try space.remove("filler")
      try space.build("-q")
      #expect(Set(try space.states("all").values) == ["up_to_date"])
      let clean = try TestSpace()
      try clean.write("distill.yaml", Lab.configuration)
      for log in space.files("logs") { try clean.write(log, try space.bytes(log)) }
      try clean.build("-q")
      #expect(differences(try clean.outputs(), try space.outputs()) == [])
      #expect(differences(try clean.cores(), try space.cores()) == [])
    }
  }

  @Test("names the stage that stopped, also when neither index nor report can be written")
  func namesTheStage() throws {
    try withSmallDisk(1600) { space in
      try space.write("distill.yaml", Lab.configuration)
      try space.write("logs/2026-03-01.jsonl", Lab.firstDay)
      try space.build("-q")
      try space.write("logs/2026-03-03.jsonl", Self.secondLog)
      try fill(space, leaving: 0)
      let result = try space.run("all")
      #expect(result.exitCode == 73)
      // The table of the stages is printed all the same.
      #expect(result.stdout.contains("STOPPED"), "\(result.stdout)\(result.stderr)")
    }
  }
}
