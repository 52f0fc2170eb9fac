import JSONTape
import ReceiptsTesting
import Synchronization
import SystemPackage
import Testing

@testable import Receipts

@Suite("Fragments written while actions run")
struct OutputSpoolTests {
  private static let notes = Dictionary(
    uniqueKeysWithValues: (0..<12).map { ("notes/\($0 + 10).txt", "note \($0)\n") })

  private func clean(_ files: [String: String]) throws -> [String: String] {
    let space = EngineSpace(files)
    try space.build()
    return try space.published()
  }

  @Test("no fragment of an output is an object of its own")
  func noObjects() throws {
    let space = EngineSpace(Self.notes)
    #expect(try space.build(["titles"]).areGood)
    #expect(space.files(".distill/objects/") == [])
    space.write("another\n", to: "notes/15.txt")
    _ = space.work()
    #expect(try space.build(["titles"]).areGood)
    #expect(space.work() == ["test.capitals/1 another", "test.title/1 ANOTHER"])
    #expect(space.files(".distill/objects/") == [])
    #expect(space.text("exports/titles.txt")?.contains("NOTE 4\nANOTHER\nNOTE 6\n") ?? false)
  }

  @Test("fragments that nobody reads alone are found in the published file, and made again after a kill")
  func notReadAlone() throws {
    let clean = try clean(Self.notes)
    func stages(_ space: EngineSpace) -> [TextStage] {
      space.stages { if $0.name == "titles" { $0.fragmentsAreReadAlone = false } }
    }
    for count in stride(from: 0, to: 2000, by: 7) {
      let space = EngineSpace(Self.notes)
      space.fileSystem.stop(afterChanges: count)
      let isDone = (try? space.build(stages: stages(space)).areGood) ?? false
      space.fileSystem.stop(afterChanges: nil)
      #expect(try space.build(stages: stages(space)).areGood)
      #expect(try space.published() == clean)
      #expect(space.files(".distill/staging/") == [])
      _ = space.work()
      space.write("another\n", to: "notes/15.txt")
      try space.build(stages: stages(space))
      #expect(space.work() == ["test.capitals/1 another", "test.title/1 ANOTHER"])
      if isDone { return }
    }
    Issue.record("the build never ended")
  }

  @Test("what an interrupted build finished is found again, wherever it died")
  func resumed() throws {
    let clean = try clean(Self.notes)
    var saved = 0
    for count in 0..<400 {
      let space = EngineSpace(Self.notes)
      space.fileSystem.stop(afterChanges: count)
      let isDone = (try? space.build().areGood) ?? false
      space.fileSystem.stop(afterChanges: nil)
      let first = space.work().count
      #expect(try space.build().areGood)
      let all = first + space.work().count
      // One more than in a clean build: the action whose fragment was being written.
      #expect(all <= Self.notes.count * 2 + 1, "after \(count) changes: \(all)")
      if first > 1 { saved += 1 }
      #expect(try space.published() == clean)
      #expect(space.files(".distill/staging/") == [])
      if isDone { break }
    }
    #expect(saved > 20)
  }

  @Test("a second interruption does not lose what the first one left")
  func resumedTwice() throws {
    let space = EngineSpace(Self.notes)
    space.fileSystem.stop(afterChanges: 60)
    _ = try? space.build()
    let first = space.work().count
    #expect(first > 5)
    space.fileSystem.stop(afterChanges: 6)
    _ = try? space.build()
    space.fileSystem.stop(afterChanges: nil)
    #expect(try space.build().areGood)
    #expect(first + space.work().count <= Self.notes.count * 2 + 2)
    #expect(try space.published() == clean(Self.notes))
  }

  @Test("files of an interrupted build that were altered are not believed")
  func altered() throws {
    let clean = try clean(Self.notes)
    for damage in ["", "x", "NOTE 9\nNOTE 9\n"] {
      let space = EngineSpace(Self.notes)
      space.fileSystem.stop(afterChanges: 45)
      _ = try? space.build()
      space.fileSystem.stop(afterChanges: nil)
      let left = space.files(".distill/staging/")
      #expect(left.contains { $0.hasSuffix("/journal") } && left.count > 3)
      for path in left where !path.hasSuffix("/journal") { space.write(damage, to: path) }
      #expect(try space.build().areGood)
      #expect(try space.published() == clean)
    }
  }

  @Test("a journal that is damaged, or lies about places, is passed over")
  func damagedJournal() throws {
    let clean = try clean(Self.notes)
    let digest = Digest.of("NOTE 0\n").hex
    for line in [
      "\(digest) 0 \(Int64.max) 7", "\(digest) 0 0 \(Int64.max)", "\(digest) 0 \(Int64.max) \(Int64.max)",
      "\(digest) 7 0 7", "\(digest) -1 0 7", "\(digest) ../../x 0 7", "\(digest) 0 -7 7", "\(digest)", "x", "\u{0}",
    ] {
      let space = EngineSpace(Self.notes)
      space.write("NOTE 0\n", to: ".distill/staging/notes/0/0")
      space.write("\(line)\n\(digest) 0 0 7\n\(digest) 0", to: ".distill/staging/notes/0/journal")
      #expect(try space.build().areGood)
      #expect(try space.published() == clean)
      #expect(space.files(".distill/staging/") == [])
    }
  }

  @Test("a full disk leaves nothing of the attempt behind")
  func fullDisk() throws {
    let space = EngineSpace(Self.notes)
    let staged = space.layout.staging("notes").appending("0").appending("3")
    space.fileSystem.failNext(operation: "write", path: staged, errno: .noSpace)
    #expect(try !space.build().areGood)
    #expect(space.files(".distill/staging/") == [])
    #expect(try space.build().areGood)
  }

  // MARK: By itself

  private func build(_ space: EngineSpace, jobs: Int = 1) throws -> Build {
    var options = BuildOptions()
    options.jobs = jobs
    let index = FileIndex(
      fileSystem: space.fileSystem, clock: space.fileSystem.clock, location: space.layout.index, paranoid: false)
    let environment = BuildEnvironment(
      fileSystem: space.fileSystem, clock: space.fileSystem.clock,
      tool: Pending(ToolIdentity(name: "test", version: "1", digest: Digest.of("tool"))),
      host: Receipt.Host(system: "test", architecture: "test", processors: 1), git: { nil },
      functions: FunctionTable([]), progress: SilentProgress())
    return Build(environment: environment, options: options, layout: space.layout, index: index)
  }

  /// - Parameter isReadAlone: false: the fragment has a digest that is not that of its bytes.
  private func add(
    _ text: String, to path: RelativePath, _ spool: OutputSpool, isKnown: Bool = false, isReadAlone: Bool = true
  ) throws -> Fragment {
    let buffer = ByteBuffer()
    buffer.append(text)
    let digest = Digest.of(isReadAlone ? text : "how \(text) was made")
    // The digest of bytes that are read alone is the spool's to make.
    var output = ActionOutput(
      name: "text", digest: isReadAlone && !isKnown ? .ofNothing : digest, byteCount: text.utf8.count, recordCount: 1)
    output.digest = try spool.append(
      output, isKnown ? nil : buffer.bytes, isReadAlone: isReadAlone, to: path)
    #expect(output.digest == digest)
    return Fragment(output)
  }

  @Test("more outputs than descriptors, in turn, and all are on the disk at the end", arguments: [true, false])
  func manyOutputs(isAtOnce: Bool) throws {
    let space = EngineSpace()
    space.fileSystem.watchDisk()
    let build = try build(space)
    let spool = OutputSpool(build: build, folder: space.path("staged"))
    try space.fileSystem.createDirectory(space.path("staged"))
    let paths = (0..<200).map { RelativePath(unchecked: "data/\($0)") }
    var fragments: [RelativePath: [Fragment]] = [:]
    for round in 0..<3 {
      for path in paths { fragments[path, default: []].append(try add("\(path) \(round)\n", to: path, spool)) }
    }
    let outputs = try spool.finish(paths.map { PlannedOutput(path: $0, fragments: fragments[$0]!) }, inPlace: [:])
    try outputs.synchronize(build, isAtOnce ? try space.fileSystem.barrier(at: space.path("staged")) : nil)
    try space.fileSystem.synchronizeDirectory(space.path("staged"))
    try space.fileSystem.synchronizeDirectory(space.path(""))
    try space.fileSystem.synchronizeDirectory("/")
    var generator = SystemRandomNumberGenerator()
    space.fileSystem.cutPower(using: &generator)
    for output in outputs.staged {
      let text = (0..<3).map { "\(output.file.path) \($0)\n" }.joined()
      #expect(output.file.digest == Digest.of(text) && output.file.recordCount == 3)
      #expect(space.fileSystem.text(of: try #require(output.temporary)) == text)
    }
  }

  @Test("an output of other fragments than were written is put together anew", arguments: [true, false])
  func otherFragments(isReadAlone: Bool) throws {
    let space = EngineSpace()
    let spool = OutputSpool(build: try build(space), folder: space.path("staged"))
    try space.fileSystem.createDirectory(space.path("staged"))
    let path = RelativePath(unchecked: "data/a")
    let parts = try ["one ", "two ", "three "].map {
      try add($0, to: path, spool, isReadAlone: isReadAlone)
    }
    for (plan, text) in [
      ([0, 1, 2], "one two three "), ([0, 2], "one three "), ([2, 1, 0, 0], "three two one one "), ([], ""),
    ] {
      let output = PlannedOutput(path: path, fragments: plan.map { parts[$0] })
      let staged = try #require(try spool.finish([output], inPlace: [:]).staged.first)
      #expect(staged.file.digest == Digest.of(text))
      #expect(space.fileSystem.text(of: try #require(staged.temporary)) == text)
    }
  }

  /// A published file of three neighbours, which the catalog knows as they were when the file had `status`.
  private func locate(
    _ parts: [String], in path: RelativePath, _ space: EngineSpace, _ build: Build
  ) throws -> [Fragment] {
    space.write(parts.joined(), to: path.string)
    let status = try #require(try space.fileSystem.status(of: space.path(path.string), followingLinks: true))
    var offset: Int64 = 0
    return parts.map { part in
      let slice = FileSlice(
        path: space.path(path.string), name: path.string, offset: offset, byteCount: part.utf8.count,
        trust: .unchanged(status), isCopy: true)
      #expect(build.catalog.addCopy(slice, of: Digest.of(part)))
      offset += Int64(part.utf8.count)
      return Fragment(digest: Digest.of(part), byteCount: part.utf8.count, recordCount: 1)
    }
  }

  @Test("what is new and nobody reads soon bypasses the cache; what begins with a copy of the last one does not")
  func bypassing() throws {
    for (isReadAlone, beginsWithCopy) in [(false, false), (false, true), (true, false)] {
      let space = EngineSpace()
      let build = try build(space)
      let path = RelativePath(unchecked: "data/a")
      try space.fileSystem.createDirectory(space.path("staged"))
      let old = beginsWithCopy ? try locate(["old "], in: path, space, build) : []
      let spool = OutputSpool(build: build, folder: space.path("staged"))
      for fragment in old {
        let output = ActionOutput(
          name: "text", digest: fragment.digest, byteCount: fragment.byteCount, recordCount: fragment.recordCount)
        #expect(try spool.append(output, nil, isReadAlone: isReadAlone, to: path) == fragment.digest)
      }
      let new = try add("new ", to: path, spool, isReadAlone: isReadAlone)
      let outputs = try spool.finish([PlannedOutput(path: path, fragments: old + [new])], inPlace: [:])
      try outputs.synchronize(build, nil)
      let temporary = try #require(outputs.staged.first?.temporary)
      #expect(space.fileSystem.text(of: temporary) == (beginsWithCopy ? "old new " : "new "))
      #expect(space.fileSystem.pathsBypassingCache == (isReadAlone || beginsWithCopy ? [] : [temporary]))
    }
  }

  @Test("neighbours in a published file are one copy, with what is new before and behind them", arguments: [1, 2])
  func neighbours(jobs: Int) throws {
    let space = EngineSpace()
    let build = try build(space, jobs: jobs)
    let path = RelativePath(unchecked: "data/a")
    let parts = (0..<3).map { number in (0..<60_000).map { "\(number) \($0) " }.joined() }
    let old = try locate(parts, in: path, space, build)
    try space.fileSystem.createDirectory(space.path("staged"))
    for order in [[0, 1, 2], [1, 2], [2, 0, 1], [0, 2]] {
      let spool = OutputSpool(build: build, folder: space.path("staged"))
      let first = try add("first ", to: path, spool)
      let planned = [first] + order.map { old[$0] } + [Fragment(digest: .of("last"), byteCount: 4, recordCount: 1)]
      for number in order { _ = try add(parts[number], to: path, spool, isKnown: true) }
      _ = try add("last", to: path, spool)
      space.fileSystem.forgetCalls()
      let staged = try spool.finish([PlannedOutput(path: path, fragments: planned)], inPlace: [:]).staged
      let text = "first " + order.map { parts[$0] }.joined() + "last"
      #expect(staged[0].file.digest == Digest.of(text))
      #expect(space.fileSystem.text(of: try #require(staged[0].temporary)) == text)
      spool.end()
    }
  }

  @Test("a published file that is not what it was any more is not copied", arguments: [1, 2])
  func changedMeanwhile(jobs: Int) throws {
    let space = EngineSpace()
    let build = try build(space, jobs: jobs)
    let path = RelativePath(unchecked: "data/a")
    let parts = ["one ", "two "]
    for change in ["ONE TWO ", "one ", ""] {
      let old = try locate(parts, in: path, space, build)
      space.fileSystem.clock.advance(seconds: 1)
      space.write(change, to: path.string)
      try space.fileSystem.createDirectory(space.path("staged"))
      let spool = OutputSpool(build: build, folder: space.path("staged"))
      #expect(throws: MissingObject.self) {
        try spool.finish([PlannedOutput(path: path, fragments: old)], inPlace: [:]).staged
      }
      #expect(build.catalog.slice(old[0].digest) == nil && build.catalog.slice(old[1].digest) == nil)
    }
  }

  @Test("an output that somebody edits while its stage runs is made anew")
  func editedMeanwhile() throws {
    let space = EngineSpace(Self.notes)
    #expect(try space.build().areGood)
    space.write("another\n", to: "notes/15.txt")
    let text = try #require(space.text("exports/titles.txt"))
    let isEdited = Mutex(false)
    let stages = space.stages { stage in
      guard stage.name == "titles" else { return }
      stage.beforeWork = {
        let isFirst = isEdited.withLock { isEdited in
          defer { isEdited = true }
          return !isEdited
        }
        if isFirst { space.write(String(text.map { $0 == "O" ? "X" : $0 }), to: "exports/titles.txt") }
      }
    }
    #expect(try space.build(stages: stages).areGood)
    #expect(isEdited.withLock { $0 })
    #expect(try space.published() == clean(Self.notes.merging(["notes/15.txt": "another\n"]) { $1 }))
  }

  @Test("an output that comes out as it was is not written")
  func inPlace() throws {
    let space = EngineSpace(["data/a": "one two "])
    let build = try build(space)
    let path = RelativePath(unchecked: "data/a")
    let status = try #require(try space.fileSystem.status(of: space.path("data/a"), followingLinks: true))
    for (text, offset) in [("one ", Int64(0)), ("two ", 4)] {
      let slice = FileSlice(
        path: space.path("data/a"), name: "data/a", offset: offset, byteCount: 4, trust: .unchanged(status),
        isCopy: true)
      #expect(build.catalog.addCopy(slice, of: Digest.of(text)))
    }
    try space.fileSystem.createDirectory(space.path("staged"))
    for isRepeated in [false, true] {
      let spool = OutputSpool(build: build, folder: space.path("staged"))
      let parts = try ["one ", "two "].map { try add($0, to: path, spool, isKnown: true) }
      let output = PlannedOutput(path: path, fragments: parts)
      space.fileSystem.forgetCalls()
      let staged = try spool.finish([output], inPlace: [path: Digest.of("one two ")]).staged
      #expect(staged.map(\.temporary) == [nil] && staged.map(\.file.digest) == [Digest.of("one two ")])
      // The first time nobody knows what the two come to.
      #expect(!isRepeated || space.fileSystem.pathsChanged == [])
      #expect(space.files("staged") == [])
      spool.end()
    }
  }
}
