import JSONTape
import ReceiptsTesting
import SystemPackage
import Testing

@testable import Receipts

/// A build is interrupted at each of its changes: old or new state, and no receipt without its bytes.
@Suite("Interrupted builds")
struct FaultTests {
  private static let before = [
    "notes/a.txt": "apple\n", "notes/b.txt": "berry\n", "notes/c.txt": "cherry\n", "others/x.txt": "x\n",
  ]
  private static let after = [
    "notes/a.txt": "apricot\n", "notes/c.txt": "cherry\n", "notes/d.txt": "date\n", "others/x.txt": "x\n",
  ]
  private static let stages: [StageName] = ["notes", "titles", "other"]
  /// Paths are so slow without optimisation that a debug build looks at some of the failure points only.
  #if DEBUG
    private static let step = 97
  #else
    private static let step = 1
  #endif

  /// A workspace that is built as of `before`, with the logs of `after`.
  private func edited(singleSyncs: Int? = nil, publishing: PublishingTime = .atOnce) throws -> EngineSpace {
    let space = EngineSpace(Self.before, singleSyncs: singleSyncs, publishing: publishing)
    try space.build()
    for path in Set(Self.before.keys).subtracting(Self.after.keys) { try space.remove(path) }
    for (path, text) in Self.after where Self.before[path] != text { space.write(text, to: path) }
    return space
  }

  private func clean() throws -> [String: String] {
    let space = EngineSpace(Self.after)
    try space.build()
    return try space.published()
  }

  /// What holds at every instant.
  private func expectSound(_ space: EngineSpace, _ known: [StageName: Set<Digest>], _ what: String) throws {
    for stage in Self.stages {
      if let receipt = try space.receipt(stage) {
        for output in receipt.receipt.core.outputs {
          let text = space.text(output.path.string)
          if text.map({ Digest.of($0) }) != output.digest {
            Issue.record("\(what): receipt.json of \(stage) lists \(output.path), which is not there as it says")
          }
        }
      }
      let newest = try ReceiptShelf(fileSystem: space.fileSystem, layout: space.layout).newest(stage)
      if known[stage] != nil, newest == nil { Issue.record("\(what): \(stage) has no receipt any more") }
    }
  }

  private func oldReceipts(_ space: EngineSpace) throws -> [StageName: Set<Digest>] {
    var known: [StageName: Set<Digest>] = [:]
    for stage in Self.stages {
      if let receipt = try space.receipt(stage) { known[stage] = [receipt.digest] }
    }
    return known
  }

  private func expectMended(_ space: EngineSpace, _ clean: [String: String], _ what: String) throws {
    let reports = try space.build()
    if !reports.areGood { Issue.record("\(what): the next build ended with \(reports.outlines)") }
    if try space.published() != clean { Issue.record("\(what): the next build's files are not those of a clean one") }
    let leftovers = space.files("receipts/").filter { path in
      ["publishing.json", "superseded.json", "failed.json"].contains { path.hasSuffix($0) }
    }
    if !(leftovers + space.files(".distill/staging/")).isEmpty {
      Issue.record("\(what): left over: \(leftovers + space.files(".distill/staging/"))")
    }
    if try space.build().outlines != Self.stages.map({ "\($0): up to date" }) {
      Issue.record("\(what): the build after the next is not up to date")
    }
  }

  /// Interrupts the builds of `make()` after 0, 1, 2, … changes, until one gets to its end.
  private func interruptEverywhere(
    _ make: () throws -> EngineSpace, _ check: (EngineSpace, _ count: Int, [StageName: Set<Digest>]) throws -> Void
  ) throws -> Int {
    for count in stride(from: 0, to: 1000, by: Self.step) {
      let space = try make()
      let known = try oldReceipts(space)
      space.fileSystem.stop(afterChanges: count)
      let reports = try? space.build()
      space.fileSystem.stop(afterChanges: nil)
      try check(space, count, known)
      if let reports, reports.areGood { return count }
    }
    Issue.record("the build never ended")
    return 0
  }

  @Test(
    "a first build that dies after any change leaves nothing wrong, and the next one ends it",
    arguments: [0, 32], PublishingTime.allCases)
  func firstBuild(singleSyncs: Int, publishing: PublishingTime) throws {
    let clean = try clean()
    let count = try interruptEverywhere(
      { EngineSpace(Self.after, singleSyncs: singleSyncs, publishing: publishing) }
    ) { space, count, known in
      try expectSound(space, known, "after \(count) changes")
      try expectMended(space, clean, "after \(count) changes")
    }
    #expect(count > 100)
  }

  @Test(
    "a rebuild that dies after any change leaves the old or the new state, and the next one ends it",
    arguments: [0, 32], PublishingTime.allCases)
  func rebuild(singleSyncs: Int, publishing: PublishingTime) throws {
    let clean = try clean()
    let count = try interruptEverywhere(
      { try edited(singleSyncs: singleSyncs, publishing: publishing) }
    ) { space, count, known in
      try expectSound(space, known, "after \(count) changes")
      try expectMended(space, clean, "after \(count) changes")
    }
    #expect(count > 60)
  }

  @Test("a mending build may die, too, and the log go back to what it was")
  func twice() throws {
    let clean = try clean()
    for first in stride(from: 5, to: 130, by: 6 + 2 * Self.step) {
      for second in stride(from: 1, to: 80, by: 4 + 2 * Self.step) {
        let space = try edited()
        let known = try oldReceipts(space)
        for count in [first, second] {
          space.fileSystem.stop(afterChanges: count)
          _ = try? space.build()
          space.fileSystem.stop(afterChanges: nil)
          try expectSound(space, known, "after \(first) and \(second) changes")
        }
        try expectMended(space, clean, "after \(first) and \(second) changes")
      }
    }
  }

  @Test("a build that dies leaves nothing behind when the logs go back to what they were")
  func takenBack() throws {
    let space = EngineSpace(Self.before)
    try space.build()
    let old = try space.published()
    _ = try interruptEverywhere({ try edited() }) { space, count, known in
      for path in Self.after.keys where Self.before[path] == nil { try space.remove(path) }
      for (path, text) in Self.before { space.write(text, to: path) }
      try expectMended(space, old, "after \(count) changes")
    }
  }

  @Test("temporary files of a build that died are gone after the next one")
  func temporaries() throws {
    var left: [String: Int] = [:]
    _ = try interruptEverywhere({ try edited() }) { space, count, _ in
      try space.build()
      for path in space.files("") where path.hasSuffix(".distill-new") || path.hasPrefix(".distill/tmp/") {
        let name = path.split(separator: "/").map { $0.count > 40 ? "<digest>" : String($0) }.joined(separator: "/")
        left[path.hasPrefix(".distill/tmp/") ? ".distill/tmp/…" : name, default: 0] += 1
      }
    }
    #expect(left.isEmpty, "\(left)")
  }

  @Test(
    "a full disk or a bad block at any call stops the stage, and the next build ends it",
    arguments: [Errno.noSpace, Errno.ioError], PublishingTime.allCases)
  func refusedCalls(errno: Errno, publishing: PublishingTime) throws {
    let clean = try clean()
    let probe = try edited(publishing: publishing)
    probe.fileSystem.forgetCalls()
    try probe.build()
    let paths = Set(probe.fileSystem.pathsChanged.map(\.string)).filter { !$0.contains("/.distill/tmp/") }
    #expect(paths.count > 15)
    let calls = paths.sorted().flatMap { path in
      ["create", "write", "synchronize", "close", "rename", "remove"].map { (operation: $0, path: path) }
    }
    for index in stride(from: 0, to: calls.count, by: Self.step) {
      let (operation, path) = calls[index]
      let space = try edited(publishing: publishing)
      let known = try oldReceipts(space)
      space.fileSystem.failNext(operation: operation, path: FilePath(path), errno: errno)
      let what = "\(operation) \(path)"
      let reports = try? space.build()
      try expectSound(space, known, what)
      if let reports {
        for report in reports {
          guard let error = report.stopError else { continue }
          if (error as? FileSystemError)?.errno != errno { Issue.record("\(what): stopped by \(error)") }
        }
      }
      try expectMended(space, clean, what)
    }
  }

  @Test("many outputs are synced all at once; where that is refused, nothing is published, and the next build ends it")
  func refusedBarrier() throws {
    let notes = Dictionary(uniqueKeysWithValues: (0..<40).map { ("notes/\($0).txt", "note \($0)\n") })
    let clean = EngineSpace(notes, singleSyncs: 32)
    clean.fileSystem.watchDisk()
    #expect(try clean.build().areGood)
    let published = try clean.published()
    var generator = SystemRandomNumberGenerator()
    clean.fileSystem.cutPower(using: &generator)
    #expect(try clean.published() == published)
    let space = EngineSpace(notes, singleSyncs: 32)
    let folder = space.layout.staging("notes").appending("0")
    space.fileSystem.failNext(operation: "synchronize", path: folder, errno: .ioError)
    let report = try #require(try space.build().first)
    #expect((report.stopError as? FileSystemError)?.path == folder.string)
    #expect(space.files("data/capitals/") == [] && space.text("receipts/notes/publishing.json") == nil)
    try expectMended(space, published, "after a refused sync")
  }

  @Test(
    "a stage that could not be published while the next one worked is stopped, and so are those that read from it",
    arguments: [PublishingTime.beside, .late], [true, false])
  func refusedPublication(publishing: PublishingTime, isDownstream: Bool) throws {
    let space = try edited(publishing: publishing)
    let old = try #require(try space.receipt("titles"))
    let refused = isDownstream ? "receipts/notes/receipt.json" : "receipts/other/receipt.json"
    space.write("y\n", to: "others/y.txt")
    space.fileSystem.failNext(operation: "rename", path: space.path(refused), errno: .ioError)
    var options = BuildOptions()
    options.keepGoing = true
    let reports = try space.build(["titles", "other"], options: options)
    #expect(
      reports.outlines
        == (isDownstream
          ? ["notes: stopped", "titles: not run because of notes", "other: built"]
          : ["notes: built", "titles: built", "other: stopped"]))
    let error = reports[isDownstream ? 0 : 2].stopError as? FileSystemError
    #expect(error?.errno == .ioError && error?.path == space.path(refused).string)
    if isDownstream { #expect(try space.receipt("titles")?.bytes == old.bytes) }
    #expect(try space.build().areGood)
    let clean = EngineSpace(Self.after.merging(["others/y.txt": "y\n"]) { $1 })
    try clean.build()
    #expect(try space.published() == clean.published())
  }

  @Test("an interrupted stage is not up to date, and its old receipt counts until the new one is there")
  func superseded() throws {
    let space = try edited()
    let old = try #require(try space.receipt("notes"))
    // Dies when the first output is about to be renamed into its place.
    space.fileSystem.failNext(operation: "rename", path: space.path("data/capitals/a.txt"), errno: .ioError)
    #expect(try space.build().first?.outline == "notes: stopped")
    #expect(space.text("receipts/notes/receipt.json") == nil)
    #expect(space.text("receipts/notes/superseded.json") == String(decoding: old.bytes, as: UTF8.self))
    #expect(space.text("receipts/notes/inputs.sha256") == nil)
    let list = try JSON.parse(Array(try #require(space.text("receipts/notes/publishing.json")).utf8))
    #expect(
      list == ["data/capitals/a.txt", "data/capitals/b.txt", "data/capitals/c.txt", "data/capitals/d.txt"])
    let forecast = try space.runner(space.stages()).forecast(["notes"])
    guard case .willRun(let reasons) = forecast[0].state else {
      Issue.record("\(forecast)")
      return
    }
    #expect(reasons.contains(.interrupted))
    try space.build()
    let new = try #require(try space.receipt("notes"))
    #expect(new.receipt.previous == old.digest)
  }

  @Test("an output that no longer belongs goes also where the receipt that listed it is gone or damaged")
  func lostReceipt() throws {
    for damage in ["", "{}", nil] {
      let space = EngineSpace(Self.before)
      try space.build()
      try space.remove("notes/b.txt")
      if let damage {
        space.write(damage, to: "receipts/notes/receipt.json")
      } else {
        try space.remove("receipts/notes/receipt.json")
      }
      #expect(try space.build().areGood)
      #expect(space.files("data/capitals/") == ["data/capitals/a.txt", "data/capitals/c.txt"])
    }
  }

  @Test("a receipt that the disk refuses to give stops the stage: it may be sound")
  func refusedReceipt() throws {
    let space = EngineSpace(Self.before)
    try space.build()
    let receipt = space.text("receipts/notes/receipt.json")
    try space.remove("data/capitals/a.txt")
    space.fileSystem.failNext(operation: "open", path: space.path("receipts/notes/receipt.json"), errno: .ioError)
    #expect(try space.build().first?.outline == "notes: stopped")
    #expect(space.text("receipts/notes/receipt.json") == receipt)
    #expect(try space.build().areGood)
    #expect(space.text("receipts/notes/receipt.json") == receipt)
  }
}
