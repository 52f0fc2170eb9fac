import JSONTape
import ReceiptsTesting
import Synchronization
import SystemPackage
import Testing

@testable import Receipts

@Suite("Builds")
struct BuildTests {
  private static let files = [
    "notes/a.txt": "apple\nred\n", "notes/b.txt": "berry\nblue\n", "others/x.txt": "xylophone\n",
  ]
  private static let upToDate = ["notes: up to date", "titles: up to date", "other: up to date"]

  private func built(_ files: [String: String] = BuildTests.files) throws -> EngineSpace {
    let space = EngineSpace(files)
    #expect(try space.build().outlines == ["notes: built", "titles: built", "other: built"])
    _ = space.work()
    return space
  }

  // MARK: Building, and not building

  @Test("a build writes outputs, receipts, digests and history")
  func first() throws {
    let space = try built()
    #expect(space.text("data/capitals/a.txt") == "APPLE\nRED\n")
    #expect(space.text("data/capitals/b.txt") == "BERRY\nBLUE\n")
    #expect(space.text("exports/titles.txt") == "APPLE\nBERRY\n")
    #expect(space.text("exports/other.txt") == "XYLOPHONE\n")
    let receipt = try #require(try space.receipt("titles"))
    let core = receipt.receipt.core
    #expect(core.inputs.map(\.path.string) == ["data/capitals/a.txt", "data/capitals/b.txt"])
    #expect(core.inputs.map(\.recordCount) == [2, 2] && core.inputs.map(\.byteCount) == [10, 11])
    #expect(core.outputs.map(\.path.string) == ["exports/titles.txt"] && core.outputs[0].recordCount == 4)
    #expect(core.outputs[0].digest == Digest.of("APPLE\nBERRY\n") && core.outputs[0].byteCount == 12)
    #expect(core.validationPass && receipt.receipt.previous == nil)
    #expect(
      space.text("receipts/titles/outputs.sha256") == "\(Digest.of("APPLE\nBERRY\n").hex)  exports/titles.txt\n")
    #expect(space.text("receipts/history/\(receipt.digest.hex).json") == space.text("receipts/titles/receipt.json"))
    #expect(
      space.files("receipts/titles/") == [
        "receipts/titles/inputs.sha256", "receipts/titles/outputs.sha256", "receipts/titles/receipt.json",
      ])
    #expect(space.files(".distill/staging/").isEmpty && space.files(".distill/tmp/").isEmpty)
  }

  @Test("whatever lies in the folders for temporary files is swept away, folders too")
  func sweep() throws {
    let space = try built()
    space.write("x", to: ".distill/tmp/deep/er/left")
    space.write("x", to: ".distill/staging/notes/deep/left")
    #expect(try space.build().areGood)
    #expect(space.files(".distill/staging/").isEmpty && space.files(".distill/tmp/").isEmpty)
  }

  @Test("a second build is up to date: it reads no log, runs no action, changes no path")
  func second() throws {
    let space = try built()
    for _ in 0..<2 {
      space.fileSystem.forgetCalls()
      #expect(try space.build().outlines == Self.upToDate)
      let read = space.fileSystem.filesRead.map { space.layout.relative($0.string) }
      #expect(!read.contains { $0.hasPrefix("notes/") || $0.hasPrefix("data/") || $0.hasPrefix("exports/") })
      #expect(space.fileSystem.pathsChanged == [] && space.work() == [])
    }
  }

  @Test(
    "what was published is remembered where a change of it would be seen, and none is missed",
    arguments: MemoryFileSystem.ChangeTimes.allCases)
  func settling(changeTimes: MemoryFileSystem.ChangeTimes) throws {
    let space = EngineSpace(Self.files, on: MemoryFileSystem(changeTimes: changeTimes))
    #expect(try space.build().areGood)
    #expect(space.fileSystem.clock.sleeps == (changeTimes == .own ? [] : [20_000_000]))
    let path = RelativePath(unchecked: "exports/other.txt")
    let index = FileIndex(
      fileSystem: space.fileSystem, clock: space.fileSystem.clock, location: space.layout.index, paranoid: false)
    let status = try #require(try space.fileSystem.status(of: space.layout.path(path), followingLinks: false))
    #expect((index.known(path.string, status) != nil) == (changeTimes != .seconds))
    // As long, and at the same instant.
    space.fileSystem.overwrite(space.layout.path(path), with: Array("xylophone\n".utf8))
    let reports = try space.runner(space.stages()).build(["other"])
    #expect(reports.map(\.reasons) == [[.outputChanged(path)]])
    #expect(space.text(path.string) == "XYLOPHONE\n")
  }

  @Test("where it can't be tried whether changes have times of their own, there is waiting, and the build is good")
  func untried() throws {
    let space = EngineSpace(Self.files, on: MemoryFileSystem(changeTimes: .own))
    // No log has to settle, and the next file that is made is the one to try it with.
    space.fileSystem.clock.advance(seconds: 1)
    let epilogue = HookEpilogue { space.fileSystem.plan(PlannedFault(.changing, after: 0, .noSpace)) }
    #expect(try space.runner(space.stages()).build(EngineSpace.everything, epilogue: epilogue).areGood)
    #expect(!space.fileSystem.isFaultPending && space.fileSystem.clock.sleeps == [20_000_000])
  }

  @Test(
    "an output that is edited while the build goes on is seen, though its length and its time stay",
    arguments: PublishingTime.allCases, [MemoryFileSystem.ChangeTimes.clock, .own])
  func edited(publishing: PublishingTime, changeTimes: MemoryFileSystem.ChangeTimes) throws {
    let clean = try built()
    // Before it is read, after that, and when all is published.
    for moment in ["titles", "other", "end"] {
      let space = EngineSpace(Self.files, publishing: publishing, on: MemoryFileSystem(changeTimes: changeTimes))
      let reports = try build(space, at: moment) {
        try edit(space.path("data/capitals/a.txt"), to: "APPLE\nBAD\n", space.fileSystem)
      }
      // What failed for it, or was remembered as it is, is built again.
      let isEdited = space.text("data/capitals/a.txt") == "APPLE\nBAD\n"
      #expect(isEdited || publishing != .atOnce && moment == "titles", "\(moment)")
      #expect(reports.areGood || moment == "titles", "\(moment)")
      #expect(space.text("exports/titles.txt").map { $0 == clean.text("exports/titles.txt") } ?? true, "\(moment)")
      #expect(try space.build().areGood)
      #expect(try space.published() == clean.published(), "\(moment)")
    }
  }

  @Test(
    "an output that is edited before its rename is seen, though its length and its time stay",
    arguments: [("titles", "notes", "APPLE\nBAD\n"), ("other", "titles", "APPLE\nBARRY\n")])
  func editedInStaging(moment: String, stage: String, text: String) throws {
    let clean = try built()
    let space = EngineSpace(Self.files, publishing: .late)
    _ = try build(space, at: moment) {
      let staged = try #require(
        space.files(".distill/staging/\(stage)/").first { space.text($0)?.utf8.count == text.utf8.count })
      try edit(space.path(staged), to: text, space.fileSystem)
    }
    #expect(space.text("exports/titles.txt") != "APPLE\nBERRY\n")
    #expect(try space.build().areGood)
    #expect(try space.published() == clean.published())
  }

  /// Builds everything, and does something when a stage begins, or `end`: when all is published.
  private func build(
    _ space: EngineSpace, at moment: String, _ body: @escaping @Sendable () throws -> Void
  ) throws -> [StageReport] {
    let stages = space.stages { stage in
      guard stage.name.text == moment else { return }
      let sources = stage.sources
      stage.sources = {
        try body()
        return try sources()
      }
    }
    let epilogue = HookEpilogue { if moment == "end" { try? body() } }
    return try space.runner(stages).build(EngineSpace.everything, epilogue: epilogue)
  }

  /// Nothing happens where there is no such file.
  private func edit(_ path: FilePath, to text: String, _ fileSystem: MemoryFileSystem) throws {
    guard let status = try fileSystem.status(of: path, followingLinks: false) else { return }
    fileSystem.clock.advance(nanoseconds: 5_000_000)
    fileSystem.overwrite(path, with: Array(text.utf8))
    fileSystem.setModified(path, to: status.modified)
  }

  @Test("without the cache nothing is run, either: the receipts and the files say enough")
  func withoutCache() throws {
    let space = try built()
    for path in space.files(".distill/") { try space.remove(path) }
    #expect(try space.build().outlines == Self.upToDate)
    #expect(space.work() == [])
    // What is then edited is built from outputs whose fragments nobody remembers.
    space.write("avocado\n", to: "notes/a.txt")
    try space.build()
    #expect(space.text("exports/titles.txt") == "AVOCADO\nBERRY\n")
  }

  @Test("an edited log runs its own actions alone")
  func edited() throws {
    let space = try built()
    space.write("avocado\ngreen\n", to: "notes/a.txt")
    let reports = try space.build()
    #expect(reports.outlines == ["notes: built", "titles: built", "other: up to date"])
    #expect(
      reports[0].reasons == [
        .inputChanged(
          RelativePath("notes/a.txt")!, old: Digest.of("apple\nred\n"), new: Digest.of("avocado\ngreen\n"))
      ])
    #expect(space.work() == ["test.capitals/1 avocado", "test.title/1 AVOCADO"])
    #expect(space.text("exports/titles.txt") == "AVOCADO\nBERRY\n")
    #expect(try space.build().outlines == Self.upToDate)
  }

  @Test("an edit of the same size with the modification time set back is seen")
  func sneaky() throws {
    let space = try built()
    let path = space.path("notes/a.txt")
    let before = try #require(try space.fileSystem.status(of: path, followingLinks: true))
    space.fileSystem.overwrite(path, with: Array("grape\nred\n".utf8))
    space.fileSystem.setModified(path, to: before.modified)
    #expect(try space.build().outlines == ["notes: built", "titles: built", "other: up to date"])
    #expect(space.text("exports/titles.txt") == "GRAPE\nBERRY\n")
  }

  @Test("a log that is touched and not edited is read, and nothing is built")
  func touched() throws {
    let space = try built()
    space.write("apple\nred\n", to: "notes/a.txt")
    #expect(try space.build().outlines == Self.upToDate)
  }

  @Test("an output that was edited or removed by hand is made again", arguments: [true, false])
  func damagedOutput(isEdited: Bool) throws {
    let space = try built()
    let before = try space.published()
    let work = [
      "data/capitals/a.txt": ["test.capitals/1 apple"],
      "exports/titles.txt": ["test.title/1 APPLE", "test.title/1 BERRY"],
    ]
    for path in ["data/capitals/a.txt", "exports/titles.txt"] {
      if isEdited { space.write("DAMAGE\nRED\n", to: path) } else { try space.remove(path) }
      let reports = try space.build()
      let relative = try #require(RelativePath(path))
      #expect(reports.flatMap(\.reasons) == [isEdited ? .outputChanged(relative) : .outputMissing(relative)])
      #expect(reports.areGood && reports.outlines.contains { $0.hasSuffix("unchanged") })
      // A published output is its own object: what was in it and nowhere else is made again, and no more.
      #expect(space.work() == work[path])
      #expect(try space.published() == before)
      #expect(try space.build().outlines == Self.upToDate)
    }
  }

  @Test("an output edited to the same size with its modification time set back is seen")
  func sneakyOutput() throws {
    let space = try built()
    let path = space.path("exports/titles.txt")
    let before = try #require(try space.fileSystem.status(of: path, followingLinks: true))
    space.fileSystem.overwrite(path, with: Array("APPLE\nMERRY\n".utf8))
    space.fileSystem.setModified(path, to: before.modified)
    #expect(try space.build().outlines == ["notes: up to date", "titles: unchanged", "other: up to date"])
    #expect(space.text("exports/titles.txt") == "APPLE\nBERRY\n")
  }

  @Test("a log that is gone takes its output with it, and one that came brings its own")
  func removed() throws {
    let space = try built()
    try space.remove("notes/b.txt")
    let reports = try space.build()
    #expect(reports[0].reasons == [.inputRemoved(RelativePath("notes/b.txt")!)])
    #expect(space.files("data/") == ["data/capitals/a.txt"] && space.text("exports/titles.txt") == "APPLE\n")
    #expect(space.text("receipts/notes/outputs.sha256")?.contains("b.txt") == false)
    space.write("cherry\n", to: "notes/c.txt")
    let more = try space.build()
    #expect(more[0].reasons == [.inputAdded(RelativePath("notes/c.txt")!)])
    #expect(space.text("exports/titles.txt") == "APPLE\nCHERRY\n")
  }

  @Test("a log that was renamed runs no action again")
  func renamed() throws {
    let space = try built()
    try space.fileSystem.rename(space.path("notes/b.txt"), to: space.path("notes/z.txt"))
    try space.build()
    #expect(space.files("data/") == ["data/capitals/a.txt", "data/capitals/z.txt"] && space.work() == [])
  }

  @Test("folders of outputs that hold nothing any more are gone, but what the user put there stays")
  func emptyFolders() throws {
    let space = EngineSpace(["notes/a.txt": "apple\n", "notes/b.txt": "berry\n"])
    let stages = space.stages { stage in
      if stage.name == "notes" { stage.output = { "data/evidence/\($0.stem)/01/\($0.name)" } }
    }
    try space.build(stages: stages)
    space.write("mine\n", to: "data/evidence/b/mine.txt")
    try space.remove("notes/a.txt")
    try space.remove("notes/b.txt")
    try space.build(stages: stages)
    #expect(space.files("data/") == ["data/evidence/b/mine.txt"])
    let folders = try space.fileSystem.entries(of: space.path("data/evidence")).map(\.name)
    #expect(folders == ["b"])
  }

  @Test("a change of parameters, function or program runs the stage and says why")
  func keys() throws {
    let space = try built()
    let reports = try space.build(stages: space.stages(titles: ["deep": ["x": 1], "list": [1, 2]]))
    #expect(reports.outlines == ["notes: up to date", "titles: built", "other: up to date"])
    #expect(
      Set(reports[1].reasons) == [
        .parametersChanged(path: "/deep", old: "null", new: #"{"x":1}"#),
        .parametersChanged(path: "/list", old: "null", new: "[1,2]"),
      ])
    let deeper = try space.build(stages: space.stages(titles: ["list": [1, 3], "deep": ["x": 1]]))
    #expect(deeper[1].reasons == [.parametersChanged(path: "/list/1", old: "2", new: "3")])
    let composed = try space.build(
      stages: space.stages(titles: ["list": [1, 3], "deep": ["x": 1]]) {
        if $0.name == "other" { $0.function = "other/2" }
      })
    #expect(composed.outlines == ["notes: up to date", "titles: up to date", "other: built"])
    #expect(composed[2].reasons == [.functionChanged(to: "other/2")])
    let tool = try space.build(
      ["other"], stages: space.stages { if $0.name == "other" { $0.function = "other/2" } }, tool: "another")
    #expect(tool[0].reasons == [.toolChanged(old: Digest.of("tool"), new: Digest.of("another"))])
  }

  @Test("receipts name the one before them")
  func chain() throws {
    let space = try built()
    let first = try #require(try space.receipt("other"))
    space.write("yak\n", to: "others/x.txt")
    try space.build()
    let second = try #require(try space.receipt("other"))
    #expect(second.receipt.previous == first.digest && second.digest != first.digest)
    #expect(space.text("receipts/history/\(first.digest.hex).json") == String(decoding: first.bytes, as: UTF8.self))
  }

  // MARK: Cutting off

  @Test("a stage whose inputs come out equal does not run, whatever happened upstream")
  func earlyCutoff() throws {
    let space = try built()
    space.write("Apple\nRed\n", to: "notes/a.txt")
    let before = try space.published()
    #expect(try space.build().outlines == ["notes: built", "titles: up to date", "other: up to date"])
    #expect(space.work() == ["test.capitals/1 Apple"])
    #expect(try space.published()["exports/titles.txt"] == before["exports/titles.txt"])
  }

  @Test("an output that comes out equal is neither written nor renamed")
  func untouchedOutputs() throws {
    let space = try built()
    let before = try space.fileSystem.status(of: space.path("data/capitals/b.txt"), followingLinks: true)
    space.write("avocado\n", to: "notes/a.txt")
    space.fileSystem.forgetCalls()
    try space.build()
    #expect(try space.fileSystem.status(of: space.path("data/capitals/b.txt"), followingLinks: true) == before)
    #expect(!space.fileSystem.pathsChanged.contains(space.path("data/capitals/b.txt")))
  }

  @Test("a run whose core comes out equal keeps its receipt byte for byte")
  func sameCore() throws {
    let space = try built()
    let before = space.files("receipts/").map { "\($0) \(space.text($0) ?? "")" }
    var options = BuildOptions()
    options.force = true
    let reports = try space.build(options: options)
    #expect(reports.outlines == ["notes: unchanged", "titles: unchanged", "other: unchanged"])
    #expect(reports.map(\.reasons) == [[.forced], [.forced], [.forced]])
    #expect(space.work().count == 5)
    #expect(space.files("receipts/").map { "\($0) \(space.text($0) ?? "")" } == before)
    #expect(try space.build().outlines == Self.upToDate)
  }

  // MARK: Failing

  @Test("a check that fails leaves everything as it was, says so in failed.json, and stops what is downstream")
  func failedCheck() throws {
    let space = try built()
    let before = try space.published()
    space.write("bad apple\n", to: "notes/a.txt")
    for _ in 0..<2 {
      let reports = try space.build()
      #expect(
        reports.outlines == ["notes: failed", "titles: not run because of notes", "other: not run because of notes"])
      #expect(reports.map(\.isGood) == [false, false, false])
      #expect(try space.published() == before)
      let failed = try #require(space.text("receipts/notes/failed.json"))
      let receipt = try ReceiptCodec.decode(Array(failed.utf8), place: "failed.json").receipt
      #expect(!receipt.core.validationPass && receipt.core.outputs.map(\.path.string).count == 2)
      #expect(receipt.core.outputs[0].digest == Digest.of("BAD APPLE\n"))
      #expect(receipt.previous == (try space.receipt("notes"))?.digest)
      #expect(space.files(".distill/staging/").isEmpty)
    }
    // Back to what it was: up to date, and the failure is forgotten.
    space.write("apple\nred\n", to: "notes/a.txt")
    #expect(try space.build().outlines == Self.upToDate)
    #expect(space.text("receipts/notes/failed.json") == nil)
    // And past a failure to something new.
    space.write("bad\n", to: "notes/a.txt")
    try space.build()
    space.write("cherry\n", to: "notes/a.txt")
    try space.build()
    #expect(space.text("receipts/notes/failed.json") == nil && space.text("exports/titles.txt") == "CHERRY\nBERRY\n")
  }

  @Test("stages that do not depend on the failed one go on when they are asked to")
  func keepGoing() throws {
    let space = EngineSpace(Self.files)
    space.write("bad apple\n", to: "notes/a.txt")
    var options = BuildOptions()
    options.keepGoing = true
    #expect(
      try space.build(options: options).outlines == [
        "notes: failed", "titles: not run because of notes", "other: built",
      ])
    #expect(space.files("data/").isEmpty && space.files("exports/") == ["exports/other.txt"])
    #expect(try space.receipt("notes") == nil)
  }

  @Test("a stage that throws is stopped, with nothing published")
  func thrown() throws {
    let space = try built()
    let before = try space.published()
    let stages = space.stages { stage in
      stage.parameters = ["changed": true]
      if stage.name == "notes" { stage.beforeWork = { throw DistillError(.data, "no") } }
    }
    let reports = try space.build(stages: stages)
    #expect(
      reports.outlines == ["notes: stopped", "titles: not run because of notes", "other: not run because of notes"])
    #expect(reports[0].stopError as? DistillError == DistillError(.data, "no"))
    #expect(try space.published() == before)
    #expect(space.text("receipts/notes/failed.json") == nil)
    #expect(try space.build().outlines == Self.upToDate)
  }

  // MARK: Logs that move

  @Test("a log that changes between being hashed and being read fails the stage, which says so")
  func movedLog() throws {
    let space = try built()
    let before = try space.published()
    space.write("avocado\n", to: "notes/a.txt")
    let stages = space.stages { stage in
      guard stage.name == "notes" else { return }
      stage.beforeWork = { space.write("apricot\n", to: "notes/a.txt") }
    }
    let reports = try space.build(stages: stages)
    #expect(reports.first?.outline == "notes: failed")
    let failed = try #require(space.text("receipts/notes/failed.json"))
    #expect(failed.contains("notes/a.txt changed while it was being read"))
    #expect(try space.published() == before)
    try space.build()
    #expect(space.text("exports/titles.txt") == "APRICOT\nBERRY\n")
  }

  @Test("an output that is edited once a stage of the build has read it fails the next one that reads it")
  func movedOutput() throws {
    let space = EngineSpace(["notes/a.txt": "apple\n", "notes/b.txt": "berry\n"])
    var more = TextStage(
      name: "more", upstream: ["notes"], function: "more/1", parameters: ["more": true], work: "test.title/1",
      output: { _ in "exports/more.txt" })
    more.sources = {
      space.fileSystem.clock.advance(seconds: 1)
      space.write("AMPLE\n", to: "data/capitals/a.txt")
      return []
    }
    let reports = try space.build(["titles", "more"], stages: space.stages() + [more])
    #expect(reports.outlines == ["notes: built", "titles: built", "more: failed"])
    let failed = try #require(space.text("receipts/more/failed.json"))
    #expect(failed.contains("data/capitals/a.txt changed while it was being read"))
  }

  @Test("a log that grows between being hashed and being read is taken as it was, and the rest by the next build")
  func grownLog() throws {
    let space = try built()
    space.write("avocado\n", to: "notes/a.txt")
    let stages = space.stages { stage in
      guard stage.name == "notes" else { return }
      stage.beforeWork = {
        space.fileSystem.overwrite(space.path("notes/a.txt"), with: Array("avocado\nand more\n".utf8))
      }
    }
    #expect(try space.build(stages: stages).first?.outline == "notes: built")
    #expect(space.text("data/capitals/a.txt") == "AVOCADO\n")
    let input = try #require(try space.receipt("notes")?.receipt.core.inputs.first)
    #expect(input.byteCount == 8 && input.digest == Digest.of("avocado\n"))
    try space.build()
    #expect(space.text("data/capitals/a.txt") == "AVOCADO\nAND MORE\n")
  }

  @Test("an uncompressed .jsonl that grows while it is hashed is taken as long as it was at first")
  func growingWhileHashed() throws {
    let space = EngineSpace(["notes/live.jsonl": "one\n"])
    let growing = GrowingFileSystem(space.fileSystem, path: space.path("notes/live.jsonl"), more: "two\n")
    let reports = try space.build(["notes"], on: growing)
    #expect(reports.outlines == ["notes: built"], "\(reports.map { "\($0.stopError as Any)" })")
    #expect(space.text("data/capitals/live.jsonl") == "ONE\n")
    try space.build(["notes"])
    #expect(space.text("data/capitals/live.jsonl") == "ONE\nTWO\n")
  }

  // MARK: Damage in the cache and on the shelf

  @Test("an object that is missing or damaged is made again", arguments: ["gone", "damaged", "longer"])
  func objects(damage: String) throws {
    let space = try built()
    let clean = try space.published()
    for path in space.files(".distill/objects/") {
      switch damage {
      case "gone": try space.remove(path)
      case "damaged": space.write(String(repeating: "?", count: space.text(path)!.utf8.count), to: path)
      default: space.write(space.text(path)! + "?", to: path)
      }
    }
    #expect(try space.build().outlines == Self.upToDate)
    for path in space.files("data/") + space.files("exports/") { try space.remove(path) }
    let reports = try space.build()
    #expect(reports.outlines == ["notes: unchanged", "titles: unchanged", "other: unchanged"])
    #expect(try space.published() == clean)
  }

  @Test("a cached record that is damaged counts as none")
  func records() throws {
    let space = try built()
    let clean = try space.published()
    for path in space.files(".distill/actions/") { space.write(space.text(path)!.replacing("0", with: "1"), to: path) }
    for path in space.files("exports/") { try space.remove(path) }
    #expect(try space.build().areGood)
    #expect(try space.published() == clean)
  }

  @Test("a receipt that can't be read is replaced")
  func unreadableReceipt() throws {
    let space = try built()
    let clean = try space.published()
    space.write("{}", to: "receipts/titles/receipt.json")
    let reports = try space.build()
    #expect(reports.outlines == ["notes: up to date", "titles: built", "other: up to date"])
    guard case .receiptUnreadable? = reports[1].reasons.first else {
      Issue.record("\(reports[1].reasons)")
      return
    }
    #expect(try space.published() == clean)
    #expect(!space.files("receipts/titles/").contains("receipts/titles/superseded.json"))
  }

  @Test("a missing .sha256 file is written again")
  func checksums() throws {
    let space = try built()
    let clean = try space.published()
    try space.remove("receipts/titles/outputs.sha256")
    let reports = try space.build()
    #expect(reports[1].reasons == [.checksumsMissing])
    #expect(try space.published() == clean)
  }

  /// Whoever can write a receipt into a repository must not thereby remove files of those who build it.
  @Test(
    "a receipt or a publishing.json that lists the user's files does not get them removed", arguments: [true, false])
  func foreignLists(isReceipt: Bool) throws {
    let space = try built()
    space.write("mine\n", to: "data/_kb/mine.jsonl")
    space.write("mine\n", to: "distill.yaml")
    let mine = ["data/_kb/mine.jsonl", "distill.yaml", "others/x.txt", "notes/a.txt"]
    if isReceipt {
      var receipt = try #require(try space.receipt("notes")).receipt
      receipt.core.outputs += mine.map {
        Receipt.File(path: RelativePath($0)!, digest: Digest.of($0), byteCount: 1, recordCount: 1)
      }
      space.write(
        String(decoding: ReceiptCodec.encode(receipt).bytes, as: UTF8.self), to: "receipts/notes/receipt.json")
    } else {
      let list = JSON.array(mine.map(JSON.string))
      space.write(list.canonicalString + "\n", to: "receipts/notes/publishing.json")
    }
    try space.build()
    for path in mine { #expect(space.text(path) != nil, "\(path) is gone") }
  }

  @Test("a file that stands where an output had its folder stays")
  func fileInPlaceOfFolder() throws {
    let space = try built()
    var receipt = try #require(try space.receipt("notes")).receipt
    receipt.core.outputs.append(
      Receipt.File(
        path: RelativePath("data/capitals/old/a.txt")!, digest: Digest.of("gone"), byteCount: 4, recordCount: 1))
    space.write(String(decoding: ReceiptCodec.encode(receipt).bytes, as: UTF8.self), to: "receipts/notes/receipt.json")
    space.write("mine\n", to: "data/capitals/old")
    try space.build()
    #expect(space.text("data/capitals/old") == "mine\n")
  }

  @Test("outputs are the same for any number of threads")
  func jobs() throws {
    let files = Dictionary(uniqueKeysWithValues: (0..<12).map { ("notes/\($0).txt", "note \($0)\nmore\n") })
    var results: [[String: String]] = []
    for jobs in [1, 2, 7] {
      let space = EngineSpace(files)
      var options = BuildOptions()
      options.jobs = jobs
      try space.build(options: options)
      results.append(try space.published())
    }
    #expect(results[0] == results[1] && results[1] == results[2])
  }

  @Test("an empty log and a stage without inputs are built like others")
  func empty() throws {
    let space = EngineSpace(["notes/a.txt": ""])
    #expect(try space.build().outlines == ["notes: built", "titles: built", "other: built"])
    #expect(space.text("data/capitals/a.txt") == "" && space.text("exports/other.txt") == nil)
    #expect(space.text("receipts/other/outputs.sha256") == "")
    #expect(try space.build().outlines == Self.upToDate)
  }
}

/// Appends to a file once, after bytes of it were read for the first time.
private final class GrowingFileSystem: FileSystem {
  private let inner: MemoryFileSystem
  private let path: FilePath
  private let more: String
  private let hasGrown = Mutex(false)

  init(_ inner: MemoryFileSystem, path: FilePath, more: String) {
    self.inner = inner
    self.path = path
    self.more = more
  }

  private final class File: ReadableFile {
    let inner: any ReadableFile
    let grow: () -> Void

    init(_ inner: any ReadableFile, grow: @escaping () -> Void) {
      self.inner = inner
      self.grow = grow
    }

    func status() throws(FileSystemError) -> FileStatus { try inner.status() }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileSystemError) -> Int {
      defer { grow() }
      return try inner.read(into: buffer, at: offset)
    }
  }

  func open(_ path: FilePath) throws(FileSystemError) -> any ReadableFile {
    let file = try inner.open(path)
    return path == self.path ? File(file) { self.grow() } : file
  }

  private func grow() {
    let isFirst = hasGrown.withLock { hasGrown in
      defer { hasGrown = true }
      return !hasGrown
    }
    guard isFirst, let bytes = inner.bytes(of: path) else { return }
    inner.clock.advance(seconds: 1)
    inner.overwrite(path, with: bytes + Array(more.utf8))
  }

  func status(of path: FilePath, followingLinks: Bool) throws(FileSystemError) -> FileStatus? {
    try inner.status(of: path, followingLinks: followingLinks)
  }
  func entries(of directory: FilePath) throws(FileSystemError) -> [DirectoryEntry] { try inner.entries(of: directory) }
  func create(_ path: FilePath) throws(FileSystemError) -> any WritableFile { try inner.create(path) }
  func append(to path: FilePath) throws(FileSystemError) -> any WritableFile { try inner.append(to: path) }
  func rename(_ source: FilePath, to target: FilePath) throws(FileSystemError) {
    try inner.rename(source, to: target)
  }
  func remove(_ path: FilePath) throws(FileSystemError) -> Bool { try inner.remove(path) }
  func createDirectory(_ path: FilePath) throws(FileSystemError) { try inner.createDirectory(path) }
  func synchronizeDirectory(_ path: FilePath) throws(FileSystemError) { try inner.synchronizeDirectory(path) }
  func linkTarget(of path: FilePath) throws(FileSystemError) -> String { try inner.linkTarget(of: path) }
  func freeSpace(at path: FilePath) throws(FileSystemError) -> Int64 { try inner.freeSpace(at: path) }
  func lock(_ directory: FilePath, waiting: Bool) throws(FileSystemError) -> (any FileLock)? {
    try inner.lock(directory, waiting: waiting)
  }
}

private final class HookEpilogue: BuildEpilogue {
  private let body: () -> Void
  init(_ body: @escaping () -> Void) { self.body = body }
  func write() { body() }
  func remember() {}
}
