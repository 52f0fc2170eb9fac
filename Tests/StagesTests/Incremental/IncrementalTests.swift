import Glibc
import Receipts
import ReceiptsTesting
import StagesTesting
import Testing

@testable import Stages

/// Whatever happened between two builds, the second one leaves what a build from nothing leaves.
@Suite("Incremental builds")
struct IncrementalTests {
  /// A long run over other seeds: `DISTILL_SEEDS=1000-9999 swift test --filter IncrementalTests`.
  static var seeds: ClosedRange<UInt64> {
    let words = getenv("DISTILL_SEEDS").map { String(cString: $0) }?.split(separator: "-").compactMap { UInt64($0) }
    if let words, words.count == 2, words[0] <= words[1] { return words[0]...words[1] }
    #if DEBUG
      return 1...2
    #else
      return 1...36
    #endif
  }

  /// A workspace on its way through edits and mishaps.
  private struct Journey {
    let seed: UInt64
    var generator: SeededGenerator
    var workspace: RandomLogs
    let space: IncrementalSpace
    var past: [(workspace: RandomLogs, space: IncrementalSpace)] = []
    var story: [String] = []

    init(seed: UInt64) {
      self.seed = seed
      generator = SeededGenerator(seed: seed)
      workspace = RandomLogs(records: 20 + generator.below(60), using: &generator)
      space = IncrementalSpace(workspace, chunkSize: generator.pick([150, 500, 2500, 16 << 20]))
    }

    /// Edits, mishaps, and now and then the way back to where it was before.
    mutating func change() {
      story = []
      if past.count > 1, generator.chance(12) { restore() }
      for _ in 0..<generator.below(4) { story.append(workspace.edit(using: &generator)) }
      for _ in 0..<generator.below(3) {
        story.append(generator.pick(Mischief.allCases).happen(to: space, using: &generator))
      }
      space.put(workspace, hiding: generator.chance(30))
      if generator.chance(20) { past.append((workspace, space.copy())) }
    }

    private mutating func restore() {
      let (workspace, space) = generator.pick(past)
      switch generator.below(4) {
      case 0:
        self.workspace = workspace
        story.append("restore the logs")
      case 1:
        self.space.files(".distill").forEach(self.space.remove)
        for (path, bytes) in space.contents(".distill") { self.space.write(path, bytes) }
        story.append("restore the cache")
      case 2:
        self.workspace = workspace
        self.space.files("data", "exports", "receipts").forEach(self.space.remove)
        for (path, bytes) in space.contents("data", "exports", "receipts") { self.space.write(path, bytes) }
        story.append("restore everything but the cache")
      default:
        self.workspace = workspace
        self.space.become(space)
        story.append("restore everything")
      }
    }

    var clean: BuildResult {
      let clean = IncrementalSpace(workspace, chunkSize: space.chunkSize)
      clean.tool = space.tool
      return clean.result()
    }

    func fail(_ what: String, step: Int) {
      Issue.record("seed \(seed), step \(step) (\(story.joined(separator: "; "))): \(what)")
    }
  }

  @Test("leave what a clean build leaves, whatever was edited, damaged, lost or restored before")
  func equalsClean() throws {
    for seed in Self.seeds {
      var journey = Journey(seed: seed)
      for step in 0..<6 {
        if step > 0 { journey.change() }
        let result = journey.space.result(jobs: 1 + journey.generator.below(4))
        let clean = journey.clean
        if result != clean { return journey.fail(result.differences(from: clean), step: step) }
        guard result.isGood else { continue }
        if !journey.space.leftovers.isEmpty { return journey.fail("left over: \(journey.space.leftovers)", step: step) }
      }
    }
  }

  @Test("do what a dry run said, which itself changes nothing")
  func forecasts() throws {
    var said: [String: Int] = [:]
    for seed in Self.seeds {
      var journey = Journey(seed: seed &+ 1_000_000)
      for step in 0..<4 {
        if step > 0 { journey.change() }
        journey.space.fileSystem.forgetCalls()
        guard let forecasts = try? journey.space.forecast() else { continue }
        if !journey.space.fileSystem.pathsChanged.isEmpty {
          return journey.fail("the dry run changed \(journey.space.fileSystem.pathsChanged)", step: step)
        }
        for (forecast, report) in zip(forecasts, try journey.space.build(jobs: 1 + journey.generator.below(4))) {
          let isTrue: Bool
          switch (forecast.state, report.ending) {
          case (_, .notRun): continue
          case (.upToDate, .upToDate): isTrue = true
          case (.upToDate, _): isTrue = false
          case (.willRun, .upToDate): isTrue = false
          case (.willRun, _), (.mayRun, _): isTrue = true
          }
          if !isTrue { return journey.fail("\(forecast.stage): \(forecast.state), but \(report.ending)", step: step) }
          said[forecast.state.word, default: 0] += 1
        }
      }
    }
    #expect(said.count == 3, "\(said)")
  }

  @Test("that have nothing to do read no log, run no action and change nothing")
  func nothingToDo() throws {
    for seed in Self.seeds.prefix(20) {
      let journey = Journey(seed: seed &+ 2_000_000)
      guard journey.space.result().isGood else { continue }
      journey.space.fileSystem.forgetCalls()
      _ = journey.space.functions.take()
      let reports = try journey.space.build()
      #expect(reports.allSatisfy { if case .upToDate = $0.ending { true } else { false } }, "seed \(seed)")
      #expect(journey.space.functions.take() == [:], "seed \(seed)")
      #expect(journey.space.fileSystem.pathsChanged == [], "seed \(seed)")
      let logs = Set(journey.workspace.files.keys.map { journey.space.path($0) })
      #expect(journey.space.fileSystem.filesRead.filter { logs.contains($0) } == [], "seed \(seed)")
    }
  }
}

extension StageState {
  fileprivate var word: String {
    switch self {
    case .upToDate: "up to date"
    case .willRun: "will run"
    case .mayRun: "may run"
    }
  }
}
