import Glibc
import Receipts
import ReceiptsTesting
import StagesTesting
import SystemPackage
import Testing

@testable import Stages

/// All five stages, disturbed at every call that they make of the file system: afterwards each has its old or its new
/// state, no receipt is without its bytes, and the next build leaves what a clean one leaves.
@Suite("A disturbed build of the whole pipeline")
struct PipelineFaultTests {
  /// There are thousands of calls, and two builds for each: every so many of them are disturbed, others by each
  /// disturbance. `DISTILL_EVERY_CALL=1` disturbs all of them, in about seven minutes of one core.
  private static let step = getenv("DISTILL_EVERY_CALL") == nil ? defaultStep : 1
  #if DEBUG
    private static let defaultStep = 499
  #else
    private static let defaultStep = 41
  #endif

  /// Old logs that were built, and the new ones that the disturbed build is of.
  private struct Case {
    let before: RandomLogs
    let after: RandomLogs
    let clean: BuildResult
    let cleanBefore: BuildResult
    /// Built as of `before`, with the logs of `after`.
    private let edited: IncrementalSpace

    init() throws {
      var generator = SeededGenerator(seed: 5)
      before = RandomLogs(records: 14, using: &generator)
      var after = before
      // One day goes, another one comes, and what stays is judged otherwise.
      after.logs["runs/01.jsonl"] = nil
      after.logs["runs/07.jsonl"] = [
        #"{"id":"new","task":"t1","at":"2026-04-01T00:00:00Z","ask":"Why t1?","says":"New.","tests":"passed"}"#
      ]
      after.logs["reviews/00.jsonl"]?.append(#"{"run":"new","at":"2026-04-02T00:00:00Z","tests":"failed","by":"p1"}"#)
      self.after = after
      edited = IncrementalSpace(before, chunkSize: 1000)
      cleanBefore = edited.result()
      edited.put(after)
      clean = IncrementalSpace(after, chunkSize: 1000).result()
      try #require(clean.isGood && cleanBefore.isGood)
      try #require(clean.files["data/evidence/2026/04/01/runs.jsonl"] != nil)
    }

    func rebuild() -> IncrementalSpace { edited.copy() }
    func firstBuild() -> IncrementalSpace { IncrementalSpace(after, chunkSize: 1000) }

    /// Every second time the logs have gone back to what they were when the next build comes.
    func expectMended(_ space: IncrementalSpace, _ number: Int, _ what: String) throws {
      let isTakenBack = number % 2 == 1
      if isTakenBack { space.put(before) }
      let result = space.result()
      let wanted = isTakenBack ? cleanBefore : clean
      if result != wanted { Issue.record("\(what), next build: \(result.differences(from: wanted))") }
      if !space.leftovers.isEmpty { Issue.record("\(what), next build: left over: \(space.leftovers)") }
    }

    /// What holds at every instant.
    func expectSound(_ space: IncrementalSpace, wasBuilt: Bool, _ what: String) throws {
      let untrue = space.untrueReceipts()
      if !untrue.isEmpty { Issue.record("\(what): not as receipt.json says: \(untrue)") }
      guard wasBuilt else { return }
      let shelf = ReceiptShelf(fileSystem: space.fileSystem, layout: space.layout)
      for stage in Pipeline.stages where try shelf.newest(stage) == nil {
        Issue.record("\(what): \(stage) has no receipt any more")
      }
    }
  }

  enum Disturbance: CaseIterable {
    case death, fullDisk, badBlock, halfWrite, unreadable, powerCut

    /// Sets it up for the call with this number. A death is one of the process: nothing works any more.
    func prepare(_ space: IncrementalSpace, _ number: Int) {
      switch self {
      case .death: space.fileSystem.stop(afterChanges: number)
      case .fullDisk: space.fileSystem.plan(PlannedFault(.changing, after: number, .noSpace))
      case .badBlock: space.fileSystem.plan(PlannedFault(.changing, after: number, .ioError))
      case .halfWrite: space.fileSystem.plan(PlannedFault(.changing, after: number, .noSpace, .halfWrite))
      case .unreadable: space.fileSystem.plan(PlannedFault(.looking, after: number, .ioError))
      case .powerCut:
        space.fileSystem.watchDisk()
        space.fileSystem.stop(afterChanges: number)
      }
    }

    func end(_ space: IncrementalSpace, _ number: Int) {
      space.fileSystem.stop(afterChanges: nil)
      space.fileSystem.plan(nil)
      var generator = SeededGenerator(seed: UInt64(number))
      if self == .powerCut { space.fileSystem.cutPower(using: &generator) }
    }
  }

  @Test("leaves the old or the new state, and the next one mends it", arguments: Disturbance.allCases, [true, false])
  func everywhere(_ disturbance: Disturbance, isFirst: Bool) throws {
    let example = try Case()
    let phase = Disturbance.allCases.firstIndex(of: disturbance)! * 5 + (isFirst ? 2 : 0)
    for number in stride(from: Self.step == 1 ? 0 : phase, to: 20_000, by: Self.step) {
      let space = isFirst ? example.firstBuild() : example.rebuild()
      space.singleSyncs = number / 2 % 2 == 0 ? 0 : 32
      space.publishing = PublishingTime.allCases[number / Self.step % 3]
      disturbance.prepare(space, number)
      let isGood = space.result().isGood
      let isOver = isGood && (disturbance == .death || disturbance == .powerCut || space.fileSystem.isFaultPending)
      disturbance.end(space, number)
      let what = "\(disturbance) at \(number)"
      try example.expectSound(space, wasBuilt: !isFirst, what)
      try example.expectMended(space, number, what)
      if isOver {
        #expect(number > 300, "only \(number) calls were disturbed")
        return
      }
    }
    Issue.record("the build never ended")
  }

  @Test("that is killed, started again and then loses its power is mended, too")
  func twice() throws {
    let example = try Case()
    var generator = SeededGenerator(seed: 6)
    for round in 0..<(Self.step == 1 ? 400 : 1600 / Self.step) {
      let space = round % 2 == 0 ? example.rebuild() : example.firstBuild()
      space.singleSyncs = round % 3 == 0 ? 0 : 32
      space.publishing = PublishingTime.allCases[round % 3]
      space.fileSystem.watchDisk()
      var what = "round \(round)"
      for _ in 0...generator.below(2) {
        let count = generator.below(900)
        what += ", killed at \(count)"
        space.fileSystem.stop(afterChanges: count)
        _ = space.result()
        space.fileSystem.stop(afterChanges: nil)
      }
      let count = generator.below(900)
      what += ", power cut at \(count)"
      space.fileSystem.stop(afterChanges: count)
      _ = space.result()
      space.fileSystem.stop(afterChanges: nil)
      space.fileSystem.cutPower(using: &generator)
      try example.expectSound(space, wasBuilt: round % 2 == 0, what)
      try example.expectMended(space, round / 2, what)
    }
  }

  @Test("a build that ended well has lost nothing after a power cut")
  func durable() throws {
    let example = try Case()
    for seed in 0..<UInt64(20) {
      let space = seed % 2 == 0 ? example.rebuild() : example.firstBuild()
      space.singleSyncs = seed % 4 < 2 ? 0 : 32
      space.publishing = PublishingTime.allCases[Int(seed % 3)]
      space.fileSystem.watchDisk()
      let result = space.result()
      var generator = SeededGenerator(seed: seed)
      space.fileSystem.cutPower(using: &generator)
      for (path, bytes) in result.files where path.hasPrefix("data/") || path.hasPrefix("exports/") {
        if space.bytes(path) != bytes { Issue.record("seed \(seed): \(path) is lost") }
      }
      for stage in Pipeline.stages {
        let receipt = try space.receipt(stage)
        let path = "receipts/history/\(receipt?.digest.hex ?? "").json"
        if receipt == nil || space.bytes(path) != receipt?.bytes { Issue.record("seed \(seed): \(path) is lost") }
      }
      try example.expectSound(space, wasBuilt: true, "seed \(seed)")
    }
  }
}
