import JSONTape
import Receipts
import StagesTesting
import Testing

@testable import Stages

/// Where partitions are cut into fragments is nobody's business: outputs are the same for any cut.
@Suite struct ExportFragmentTests {
  private static let days = ["data/evidence/2026/04/26/lab.jsonl", "data/evidence/2026/04/27/lab.jsonl"]

  /// A small workspace with everything in it: runs, extractions, judgements, faults, equal texts and prompts.
  private func randomRows(_ seed: UInt64) -> [[JSON]] {
    var generator = SeededGenerator(seed: seed)
    func any<T>(_ values: [T]) -> T { values.randomElement(using: &generator)! }
    var line = 0
    return Self.days.indices.map { day in
      (0..<Int.random(in: 8...24, using: &generator)).map { _ in
        line += 1
        let task = "t\(Int.random(in: 0..<4, using: &generator))"
        let verdicts: [JSON] = ["accepted", "accepted", "rejected", "rejected", "partially_accepted", "skipped", nil]
        let changes: [String: JSON] = [
          "verdict": any(verdicts), "prompt": any(["Café?", "Cafe\u{301} ?", " Café?\n", "Other", nil]),
          "text": any([
            "one", "two ", " two", "three\u{3000}", "four", "five\n\nlines", "", "six", .string("own \(line)"),
          ]),
          "source_files": any([[], ["a.rs"]]),
          "score": any([nil, 0.5]), "human_override": any([nil, nil, nil, nil, nil, "rejected", "accepted"]),
        ]
        switch Int.random(in: 0..<10, using: &generator) {
        case 0:
          let about: JSON = [
            "source": "lab", "kind": "run", "run_id": .string("r\(Int.random(in: 0...line, using: &generator))"),
            "task_id": nil, "text_sha256": any([nil, nil, .string(Digest.of("one").hex)]),
          ]
          return evidenceRow(
            "e\(line)", task: task, line: line,
            changes.merging(["kind": "extraction", "about": any([nil, about]), "verdict": nil]) { $1 })
        case 1, 2:
          return judgementRow(
            "j\(line)", about: "r\(Int.random(in: 0...line + 5, using: &generator))", line: line,
            textSHA256: any([nil, Digest.of("one").hex]),
            ["verdict": any(verdicts), "human_override": any([nil, nil, nil, "accepted"])])
        case 3:
          return comparisonRow(
            "c\(line)", task: task, line: line, winner: any(["a", "b", "tie", nil]),
            texts: (any(["one", "two", "", "own \(line)"]), any(["one", "other \(line)"])))
        case 4: return evidenceRow("r\(line)", task: task, line: line, ["verdict": "perfect"])
        default: return evidenceRow("r\(line)", task: task, line: line, changes)
        }
      }
    }
  }

  private func comparisonRow(
    _ id: String, task: String = "task", line: Int, winner: JSON, texts: (String, String)
  ) -> JSON {
    func side(_ name: String, _ text: String) -> JSON {
      ["run_id": .string("\(id)#\(name)"), "model_name": nil, "text": .string(text)]
    }
    let comparison: JSON = [
      "a": side("a", texts.0), "b": side("b", texts.1), "votes": [], "winner": winner,
    ]
    return evidenceRow(
      id, task: task, line: line, ["kind": "comparison", "text": nil, "comparison": comparison])
  }

  /// At random places, each fragment with a run in it.
  private func cut(_ rows: [JSON], into count: Int, _ generator: inout SeededGenerator) -> [[JSON]] {
    var fragments = [rows]
    for _ in 0..<200 where fragments.count < count {
      let index = Int.random(in: 0..<fragments.count, using: &generator)
      let place = Int.random(in: 0...fragments[index].count, using: &generator)
      let parts = [Array(fragments[index][..<place]), Array(fragments[index][place...])]
      if parts.allSatisfy({ $0.contains { $0["kind"] == "run" && $0["verdict"] != "perfect" } }) {
        fragments.replaceSubrange(index...index, with: parts)
      }
    }
    return fragments
  }

  private var options: ExportOptions {
    var options = ExportOptions()
    options.includePartial = true
    options.dedupe = .exact
    options.maxPairsPerTask = 2
    return options
  }

  private func expectSame(_ space: ExportSpace, _ whole: ExportSpace, _ comment: Comment) throws {
    let (found, expected) = (space.files("data/", "exports/"), whole.files("data/", "exports/"))
    #expect(found.keys.sorted() == expected.keys.sorted(), comment)
    for (path, text) in expected where found[path] != text { #expect(found[path] == text, "\(comment): \(path)") }
    for stage in Pipeline.stages where stage != .buildEvidence {
      let (one, other) = (try space.core(stage), try whole.core(stage))
      #expect(one?.recordCounts == other?.recordCounts, comment)
      #expect(one?.summary == other?.summary && one?.validation == other?.validation, comment)
    }
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `exports of many fragments are those of one`(seed: UInt64) throws {
    let rows = randomRows(seed)
    let whole = ExportSpace()
    #expect(try whole.build(zip(Self.days, rows).map { ($0, [$1]) }, options).compactMap(\.trouble) == [])
    var generator = SeededGenerator(seed: seed)
    for count in [2, 4] {
      let space = ExportSpace()
      let partitions = zip(Self.days, rows).map { (path: $0, fragments: cut($1, into: count, &generator)) }
      let reports = try space.build(partitions, options, jobs: count)
      #expect(reports.compactMap(\.trouble) == [])
      try expectSame(space, whole, "seed \(seed), \(count) fragments")
    }
  }

  @Test func `a fragment that holds nothing but judgements changes nothing`() throws {
    let rows = [
      evidenceRow("r1", line: 0, ["verdict": "accepted"]),
      judgementRow("j1", about: "r2", line: 1, ["verdict": "rejected"]),
      evidenceRow("r2", line: 2),
    ]
    let whole = ExportSpace()
    #expect(try whole.build([(Self.days[0], [rows])], options).compactMap(\.trouble) == [])
    let space = ExportSpace()
    let trouble = try space.build([(Self.days[0], rows.map { [$0] })], options).compactMap(\.trouble)
    try #require(trouble == [])
    try expectSame(space, whole, "three fragments")
  }

  @Test func `a partition that holds nothing but judgements changes nothing`() throws {
    let judgements = (0..<4).map { judgementRow("j\($0)", about: "r\($0)", line: $0, ["verdict": "rejected"]) }
    let runs = (0..<4).map { evidenceRow("r\($0)", line: 10 + $0) }
    let whole = ExportSpace()
    let first: [Partition] = [(Self.days[0], [judgements]), (Self.days[1], [runs])]
    #expect(try whole.build(first, options).compactMap(\.trouble) == [])
    let space = ExportSpace()
    let second: [Partition] = [
      (Self.days[0], [Array(judgements[..<2]), Array(judgements[2...])]), (Self.days[1], [runs]),
    ]
    let trouble = try space.build(second, options).compactMap(\.trouble)
    try #require(trouble == [])
    try expectSame(space, whole, "two fragments")
  }

  /// Logs that come or go can shift the cuts of a partition whose rows stay the same: the scored runs are up to date
  /// then, and cut as before.
  @Test func `evidence that is cut elsewhere loses no row when an export is made again`() throws {
    let rows = (0..<6).map { evidenceRow("r\($0)", line: $0, ["verdict": $0 < 3 ? "accepted" : "rejected"]) }
    let space = ExportSpace()
    #expect(
      try space.build([(Self.days[0], [Array(rows[..<4]), Array(rows[4...])])], options).compactMap(\.trouble) == [])
    let expected = space.files("exports/")
    for path in expected.keys where path != Layout.quarantine("score").string {
      try space.fileSystem.remove(space.layout.path(path))
    }
    let reports = try space.build([(Self.days[0], [Array(rows[..<2]), Array(rows[2...])])], options)
    #expect(reports.compactMap(\.trouble) == [])
    #expect(try space.core(.exportSFT)?.recordCounts["by_reason"] == ["unsafe_sft_category": 3])
    let changed = space.files("exports/").filter { expected[$0.key] != $0.value }
    #expect(changed.keys.sorted() == [])
  }

  @Test func `a partition that holds nothing but comparisons makes the same pairs`() throws {
    let rows = (0..<4).map { comparisonRow("c\($0)", line: $0, winner: "a", texts: ("good \($0)", "bad \($0)")) }
    let whole = ExportSpace()
    #expect(try whole.build([(Self.days[0], [rows])], options).compactMap(\.trouble) == [])
    #expect(try whole.rows(Layout.preference).count == 2)
    let space = ExportSpace()
    let trouble = try space.build([(Self.days[0], [Array(rows[..<2]), Array(rows[2...])])], options)
      .compactMap(\.trouble)
    try #require(trouble == [])
    try expectSame(space, whole, "two fragments")
  }

  @Test func `without its cache a workspace exports the same`() throws {
    let rows = randomRows(100)
    var generator = SeededGenerator(seed: 5)
    let space = ExportSpace()
    let partitions = zip(Self.days, rows).map { (path: $0, fragments: cut($1, into: 3, &generator)) }
    #expect(try space.build(partitions, options).compactMap(\.trouble) == [])
    let expected = space.files("exports/")
    for path in space.files(".distill/actions", "exports/").keys {
      try space.fileSystem.remove(space.layout.path(path))
    }
    #expect(try space.build(partitions, options).compactMap(\.trouble) == [])
    #expect(space.files("exports/") == expected)
  }
}
