import Foundation
import Glibc
import JSONTape
import Receipts
import StagesTesting
import Testing

@Suite("A build that is interrupted")
struct InterruptionTests {
  /// No receipt describes outputs that are not there.
  private func expectTrueReceipts(_ space: TestSpace, _ note: String) throws {
    for stage in TestSpace.stages where space.exists("receipts/\(stage)/receipt.json") {
      for output in try space.receipt(stage)["core"]?["outputs"]?.array ?? [] {
        let path = output["path"]?.string ?? ""
        let bytes = try? space.bytes(path)
        if bytes.map({ Digest.of($0).hex }) != output["sha256"]?.string {
          Issue.record("\(note): \(path) is not as the receipt of \(stage) says")
        }
      }
    }
  }

  /// Rounds of a new log each, whose build is killed at a random time. A megabyte of logs in all.
  @Test(
    "by kill -9 at any of a hundred times never leaves a receipt without its bytes, and the next build is as from nothing"
  )
  func killed() throws {
    var generator = SeededGenerator(seed: 100)
    var workspace = RandomLogs(records: 8000, identities: 4000, using: &generator)
    let space = try TestSpace()
    func put(_ space: TestSpace) throws {
      for (path, bytes) in workspace.files where (try? space.bytes(path)) != bytes { try space.write(path, bytes) }
    }
    try space.write("distill.yaml", workspace.configuration)
    try put(space)
    try space.build("-q")
    // How long a build takes here, so that the kills are spread over it.
    workspace.logs["runs/01.jsonl"]?.removeFirst(9)
    try put(space)
    let duration = try ContinuousClock().measure { try space.build("-q") } / .microseconds(1)
    var killed = 0
    for round in 0..<100 {
      // The oldest lines go, so that every chunk and partition changes.
      workspace.logs["runs/0\(round % 3).jsonl"]?.removeFirst(1 + round % 7)
      try put(space)
      let build = try space.start(["all", "-q", "-j", "\(1 + round % 3)"])
      usleep(UInt32(duration * Double(generator.below(1000)) / 1000))
      build.kill()
      if try build.wait().exitCode == 137 { killed += 1 }
      try expectTrueReceipts(space, "round \(round)")
    }
    #expect(killed > 50, "the kills came too late to show anything")

    try space.build("-q")
    #expect(Set(try space.states("all").values) == ["up_to_date"])
    let clean = try TestSpace("clean")
    try clean.write("distill.yaml", workspace.configuration)
    try put(clean)
    try clean.build("-q")
    #expect(differences(try clean.outputs(), try space.outputs()) == [])
    #expect(differences(try clean.cores(), try space.cores()) == [])
    try expectChecksums(of: space)
    #expect(space.tree("receipts").filter { $0.contains("superseded") || $0.contains("publishing") } == [])
    #expect(
      space.tree(".distill/tmp") + space.files(".distill/staging") == [], "what a killed build left is still there")
  }

  @Test("by a first build's death leaves nothing in the way of the next", arguments: 0..<6)
  func killedFirst(_ round: Int) throws {
    let space = try Lab.space()
    let build = try space.start(["all", "-q"])
    usleep(UInt32(4000 * (1 << round)))
    build.kill()
    _ = try build.wait()
    try expectTrueReceipts(space, "round \(round)")
    try space.build("-q")
    let clean = try Lab.built()
    #expect(differences(try clean.outputs(), try space.outputs()) == [])
    #expect(differences(try clean.cores(), try space.cores()) == [])
  }

  @Test("by SIGINT or SIGTERM ends with 130 or 143", arguments: [(SIGINT, Int32(130)), (SIGTERM, Int32(143))])
  func stopped(_ signal: (number: Int32, code: Int32)) throws {
    let space = try Lab.space()
    try space.write(
      "logs/2026-03-04.jsonl", (0..<20_000).map { Lab.line("m\($0)", task: "t\($0 % 50)") }.joined())
    let build = try space.start(["all", "-q"])
    // It has begun when it has made its folder.
    for _ in 0..<2000 where !space.exists(".distill") { usleep(1000) }
    _ = Glibc.kill(build.process, signal.number)
    #expect(try build.wait().exitCode == signal.code)
    try expectTrueReceipts(space, "after signal \(signal.number)")
    try space.build("-q")
    try expectChecksums(of: space)
  }
}
