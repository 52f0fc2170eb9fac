import Foundation
import Glibc
import JSONTape
import Testing

@Suite("A build that is interrupted")
struct InterruptionTests {
  private static let logs = [Lab.firstDay + Lab.line("r8", says: "Ask again.", tests: "failed"), Lab.line("r8")]

  /// No receipt describes outputs that are not there.
  private func expectTrueReceipts(_ space: TestSpace, _ note: String) throws {
    for stage in TestSpace.stages where space.exists("receipts/\(stage)/receipt.json") {
      let outputs = try space.receipt(stage)["core"]?["outputs"]?.array ?? []
      let list = outputs.map { "\($0["sha256"]?.string ?? "")  \($0["path"]?.string ?? "")\n" }.joined()
      try space.write("../list", list)
      let check = try Machine.run(["sha256sum", "--quiet", "-c", "../list"], in: space.root)
      #expect(check.exitCode == 0, "\(stage) \(note): \(check.stderr)")
    }
  }

  @Test("by kill -9 at any time never leaves a receipt without its bytes, and the next build is as from nothing")
  func killed() throws {
    let space = try Lab.built()
    // How long a whole build takes here, so that the kills are spread over it.
    let clock = ContinuousClock()
    try space.write("logs/2026-03-01.jsonl", Self.logs[1])
    let duration = try clock.measure { try space.build("-q") }
    var killed = 0
    for round in 0..<24 {
      try space.write("logs/2026-03-01.jsonl", Self.logs[round % 2] + Lab.line("k\(round)"))
      let build = try space.start(["all", "-q"])
      usleep(UInt32(duration / .microseconds(1)) * UInt32(round + 1) / 24)
      build.kill()
      if try build.wait().exitCode == 137 { killed += 1 }
      try expectTrueReceipts(space, "round \(round)")
    }
    #expect(killed > 5, "the kills came too late to show anything")

    try space.build("-q")
    #expect(Set(try space.states("all").values) == ["up_to_date"])
    let clean = try Lab.space()
    for log in space.files("logs") { try clean.write(log, try space.bytes(log)) }
    try clean.build("-q")
    #expect(differences(try clean.outputs(), try space.outputs()) == [])
    #expect(differences(try clean.cores(), try space.cores()) == [])
    try expectChecksums(of: space)
    #expect(space.tree("receipts").filter { $0.contains("superseded") || $0.contains("publishing") } == [])
    #expect(space.tree().filter { $0.contains("distill-new") } == [])
    #expect(space.tree(".distill/tmp") == [], "what a killed build left is still there")
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
