import JSONTape
import ReceiptsTesting
import Testing

@testable import Receipts

@Suite("Outputs of an action in one object")
struct OutputPackTests {
  /// Parts each note into its lines, and puts each line in capitals.
  private struct Lines: Stage {
    let name: StageName = "notes"
    let upstream: [StageName] = []
    let function = "lines/1"
    var parameters: JSON = [:]

    func sourceFiles() throws -> [RelativePath] { ["a", "b"].map { RelativePath(unchecked: "notes/\($0).txt") } }
    func owns(_ path: RelativePath) -> Bool { path.string == "data/lines" }

    func build(_ run: borrowing StageRun) throws -> StageOutcome {
      let parted = try run.execute(
        run.inputs.map { log in
          Action(
            function: "test.lines/1", parameters: .null,
            inputs: [ActionInput(name: "text", digest: log.digest, byteCount: log.byteCount)])
        })
      let lines = parted.flatMap(\.outputs).filter { $0.byteCount > 0 }
      let capitals = try run.execute(
        lines.map { line in
          Action(
            function: "test.capitals/1", parameters: parameters,
            inputs: [ActionInput(name: "text", digest: line.digest, byteCount: line.byteCount)])
        })
      return StageOutcome(
        outputs: [
          PlannedOutput(
            path: RelativePath(unchecked: "data/lines"),
            fragments: capitals.flatMap(\.outputs).map { Fragment($0) })
        ], recordCounts: [:], summary: [:], checks: [])
    }
  }

  private static let notes = ["notes/a.txt": "one\ntwo\n\nthree", "notes/b.txt": "four\nfive"]
  /// What the two actions give, without the empty line.
  private static let packs = ["onetwothree", "fourfive"]

  private func build(_ space: EngineSpace, _ parameters: JSON = [:], jobs: Int = 1) throws {
    var options = BuildOptions()
    options.jobs = jobs
    #expect(try space.build(["notes"], stages: [Lines(parameters: parameters)], options: options).areGood)
    #expect(space.text("data/lines") == "ONETWOTHREEFOURFIVE")
  }

  private func object(_ text: String) -> String {
    let hex = Digest.of(text).hex
    return ".distill/objects/\(hex.prefix(2))/\(hex.dropFirst(2))"
  }

  @Test("lie one behind the other, and those of one output alone are as they were", arguments: [1, 4])
  func together(jobs: Int) throws {
    let space = EngineSpace(Self.notes)
    try build(space, jobs: jobs)
    let objects = Self.packs + ["ONE", "TWO", "THREE", "FOUR", "FIVE"]
    #expect(space.files(".distill/objects/").sorted() == objects.map(object).sorted())
    for text in objects { #expect(space.text(object(text)) == text) }
  }

  @Test("are found again by the record, and hashed before they are believed")
  func cached() throws {
    let space = EngineSpace(Self.notes)
    try build(space)
    _ = space.work()
    try build(space, ["again": 1])
    #expect(space.work() == ["FIVE", "FOUR", "ONE", "THREE", "TWO"].map { "test.capitals/1 \($0.lowercased())" })
  }

  @Test(
    "are made again where the object is gone or damaged, and no others are",
    arguments: [nil, "", "onetwothre", "onetwothree!", "Onetwothree", "onetwothreE", "onetwothree"])
  func damaged(text: String?) throws {
    let space = EngineSpace(Self.notes)
    try build(space)
    _ = space.work()
    try space.remove(object("onetwothree"))
    if let text { space.write(text, to: object("onetwothree")) }
    try build(space, ["again": 1])
    let work = space.work()
    #expect(work.count { $0.hasPrefix("test.capitals/1") } == 5)
    #expect(work.filter { $0.hasPrefix("test.lines/1") } == (text == "onetwothree" ? [] : ["test.lines/1 one"]))
    #expect(space.text(object("onetwothree")) == "onetwothree")
  }

  @Test("what is in two objects is taken from the sound one, and only the other is made again", arguments: ["a", "b"])
  func shared(damagedNote: String) throws {
    let space = EngineSpace(["notes/a.txt": "one\ntwo\nthree", "notes/b.txt": "one\ntwo\nfour"])
    func build(_ parameters: JSON) throws {
      #expect(try space.build(["notes"], stages: [Lines(parameters: parameters)]).areGood)
      #expect(space.text("data/lines") == "ONETWOTHREEONETWOFOUR")
    }
    try build([:])
    _ = space.work()
    let pack = damagedNote == "a" ? "onetwothree" : "onetwofour"
    space.write(String(repeating: "x", count: pack.utf8.count), to: object(pack))
    try build(["again": 1])
    #expect(space.work().filter { $0.hasPrefix("test.lines/1") } == ["test.lines/1 one"])
    for text in ["onetwothree", "onetwofour"] { #expect(space.text(object(text)) == text) }
  }

  @Test("an object that can't be read just now stays")
  func unreadable() throws {
    let space = EngineSpace(Self.notes)
    try build(space)
    space.fileSystem.failNext(operation: "open", path: space.path(object("onetwothree")), errno: .tooManyOpenFiles)
    #expect(try !space.build(["notes"], stages: [Lines(parameters: ["again": 1])]).areGood)
    _ = space.work()
    try build(space, ["again": 1])
    #expect(space.work().allSatisfy { $0.hasPrefix("test.capitals/1") })
  }

  @Test("a pack that does not fit its record is none")
  func places() throws {
    func output(_ byteCount: Int) -> ActionOutput {
      ActionOutput(name: "\(byteCount)", digest: .of("\(byteCount)"), byteCount: byteCount, recordCount: 0)
    }
    let result = ActionResult(outputs: [output(3), output(0), output(4), output(.max)], counts: .null)
    func offsets(_ numbers: [Int], _ size: Int64) -> [Int64]? {
      let pack = OutputPack(digest: .of("pack"), outputs: numbers)
      let read = OutputPack(record: ["pack": pack.json])
      #expect(read?.digest == pack.digest && read?.outputs == numbers)
      return pack.places(in: result, objectSize: size)?.map(\.offset)
    }
    #expect(offsets([0, 2], 7) == [0, 3])
    #expect(offsets([2, 0], 7) == [0, 4])
    for (numbers, size) in [
      ([0, 2], 8), ([0, 2], 6), ([0, 1], 3), ([0, 4], 7), ([-1], 3), ([3, 3], .max), ([3, 0], .max),
    ] as [([Int], Int64)] {
      #expect(offsets(numbers, size) == nil, "\(numbers) in \(size)")
    }
    for record: JSON in [[:], ["pack": []], ["pack": ["x", 0]], ["pack": 1]] {
      #expect(OutputPack(record: record) == nil)
    }
  }
}
