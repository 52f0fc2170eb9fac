import JSONTape
import Receipts
import ReceiptsTesting
import Stages
import SystemPackage
import Testing

@testable import Verification

@Suite("A rebuild")
struct VerifierTests {
  private func findings(_ verification: Verification) -> [Discrepancy] {
    verification.discrepancies.filter { !$0.code.isNote }
  }

  private func notes(_ verification: Verification) -> [Discrepancy.Code] {
    verification.discrepancies.map(\.code).filter(\.isNote)
  }

  /// A table in which the rows of RAG get the time of the build, as an action must not know it.
  private func clockReading(_ space: VerifierSpace) throws -> FunctionTable {
    let pure = try Pipeline.functions.function(named: RagMap.function.name)
    let clock = space.fileSystem.clock
    return Pipeline.functions.replacing(
      ActionFunction(name: pure.name) { context in
        let counts = try pure.run(context)
        let buffer = context.output("rag").buffer
        let text = String(decoding: buffer.bytes.raw, as: UTF8.self)
        let old = "\"title\":\"Answer r4."
        guard let range = text.firstRange(of: old) else { return counts }
        buffer.removeAll()
        buffer.append(text[..<range.lowerBound] + old + " \(clock.now().text)" + text[range.upperBound...])
        return counts
      })
  }

  @Test("is equal, whatever order folders are listed in, and writes nothing into the workspace")
  func equal() throws {
    for isReversed in [false, true] {
      var space = VerifierSpace()
      space.isReversed = isReversed
      try space.build()
      space.fileSystem.forgetCalls()
      let verification = try space.verify()
      #expect(verification.isGood && verification.isRebuilt)
      #expect(verification.discrepancies == [])
      #expect(verification.stages.map(\.core) == Array(repeating: .equal, count: 5))
      // A dated and an undated partition, or one export, and a quarantine.
      #expect(verification.stages.map(\.outputs) == [3, 3, 2, 2, 2])
      #expect(verification.stages.allSatisfy { $0.equal == $0.outputs })
      #expect(space.fileSystem.pathsChanged.allSatisfy { $0.string.hasPrefix("/elsewhere/") })
      #expect(!space.fileSystem.filesRead.contains { $0.string.hasPrefix("/space/.distill") })
    }
  }

  @Test("finds an action that reads the clock, down to the record and the field")
  func clock() throws {
    var space = VerifierSpace()
    space.functions = try clockReading(space)
    try space.build()
    let path = Layout.rag.string
    let row = try #require(
      try space.text(path).split(separator: "\n").map { try JSON.parse(Array($0.utf8)) }.enumerated()
        .first { $0.element["source_run_id"] == "r4" })
    let verification = try space.verify()
    let found = findings(verification)
    #expect(found.map(\.code) == [.outputDiffers])
    let difference = try #require(found.first)
    #expect(difference.stage == .exportRAG && difference.path == path)
    #expect(difference.line == row.offset + 1)
    #expect(difference.record == row.element["id"]?.string)
    #expect(difference.pointer == "/title")
    #expect(difference.expected == row.element["title"]?.canonicalString)
    #expect(difference.found != difference.expected && difference.found.hasPrefix("\"Answer r4. 20"))
    #expect(verification.stages.map(\.core) == [.equal, .equal, .different, .equal, .equal])
    #expect(verification.stages.map { $0.outputs - $0.equal } == [0, 0, 1, 0, 0])
  }

  @Test("finds it between two rebuilds, too")
  func clockBetweenRebuilds() throws {
    var space = VerifierSpace()
    try space.build()
    let first = try space.verify()
    #expect(first.isGood)
    let plain: FilePath = "/elsewhere/plain"
    _ = try space.verifier(in: plain).run()
    #expect(try space.verifier(in: plain).differences(from: space.rebuild) == [])
    space.functions = try clockReading(space)
    let other: FilePath = "/elsewhere/other"
    _ = try space.verifier(in: other).run()
    let found = try space.verifier(in: other).differences(from: space.rebuild)
    #expect(found.map(\.code) == [.outputDiffers])
    #expect(found.first?.pointer == "/title")
  }

  @Test("finds counts that depend on the moment")
  func counts() throws {
    var space = VerifierSpace()
    try space.build()
    let pure = try Pipeline.functions.function(named: RagMap.function.name)
    space.functions = space.functions.replacing(
      ActionFunction(name: pure.name) { context in
        var counts = try pure.run(context).object ?? [:]
        counts["by_source"] = ["elsewhere": 1]
        return .object(counts)
      })
    let found = findings(try space.verify())
    #expect(found.map(\.code) == [.coreDiffers])
    #expect(found.first?.pointer?.hasPrefix("/core/record_counts/by_source/") ?? false)
  }

  @Test("by another program is equal, and its digest is a note")
  func tool() throws {
    var space = VerifierSpace()
    try space.build()
    space.tool.digest = Digest.of("another tool")
    let verification = try space.verify()
    #expect(verification.isGood)
    #expect(notes(verification) == Array(repeating: .toolDiffers, count: 5))
    #expect(verification.stages.map(\.core) == Array(repeating: .equal, count: 5))
  }

  @Test("takes each stage's parameters from its receipt, and says where distill.yaml differs")
  func parameters() throws {
    let space = VerifierSpace()
    try space.build()
    space.write(
      VerifierSpace.configuration.replacing("says}", with: "ask}") + "\nexports: {preference: {max_pairs_per_task: 9}}",
      to: "distill.yaml")
    try space.build([.exportPreference])
    // The exporters that were not built still have the receipts of old evidence.
    let mixed = try space.verify()
    let stages = Set(findings(mixed).compactMap(\.stage))
    #expect(stages == [.exportRAG, .exportSFT])
    #expect(findings(mixed).contains { $0.pointer?.hasPrefix("/core/inputs/") ?? false })
    try space.build()
    space.write(VerifierSpace.configuration, to: "distill.yaml")
    let whole = try space.verifier(in: "/elsewhere/again").run()
    #expect(whole.isGood, "\(whole.discrepancies)")
    let words = whole.discrepancies.map(\.found)
    #expect(words.contains("parameter changed: /max_pairs_per_task: 9 → 5"))
    #expect(words.contains { $0.hasPrefix("parameter changed: /sources/0/parts/0/map/text") })
  }

  @Test("compares only what was built; a stage that others read must have a receipt")
  func missingReceipts() throws {
    let space = VerifierSpace()
    #expect(throws: DistillError.self) { try space.verify() }
    try space.build([.score])
    let partial = try space.verify()
    #expect(partial.isGood)
    #expect(partial.stages.map(\.core) == [.equal, .equal, .notCompared, .notCompared, .notCompared])
    try space.build()
    try space.fileSystem.remove(space.layout.receipt(.score))
    let torn = try space.verifier(in: "/elsewhere/again").run()
    #expect(findings(torn).map(\.code) == [.receiptMissing])
    #expect(torn.stages.map(\.core) == [.equal, .notCompared, .notCompared, .notCompared, .notCompared])
  }

  @Test("does not see what has come since: lines behind a log, new logs")
  func later() throws {
    let space = VerifierSpace()
    try space.build()
    space.write(space.text("logs/a/1.jsonl") + VerifierSpace.line("r9"), to: "logs/a/1.jsonl")
    space.write(VerifierSpace.line("r8"), to: "logs/c/3.jsonl")
    let verification = try space.verify()
    #expect(verification.isGood && verification.isRebuilt)
    #expect(notes(verification) == [.inputGrown, .inputAdded])
    #expect(verification.discrepancies.map(\.path) == ["logs/a/1.jsonl", "logs/c/3.jsonl"])
  }

  @Test("does not begin where a log is gone or another")
  func otherLogs() throws {
    let space = VerifierSpace()
    try space.build()
    space.write(VerifierSpace.line("r9"), to: "logs/a/1.jsonl")
    try space.fileSystem.remove(space.layout.path("logs/b/2.jsonl"))
    space.fileSystem.forgetCalls()
    let verification = try space.verify()
    #expect(!verification.isRebuilt && !verification.isGood)
    #expect(findings(verification).map(\.code) == [.inputChanged, .inputMissing])
    #expect(findings(verification).map(\.path) == ["logs/a/1.jsonl", "logs/b/2.jsonl"])
    #expect(space.fileSystem.pathsChanged == [])
  }

  @Test("tells a published file that is gone from one that is another, and both from a receipt that is wrong")
  func published() throws {
    let space = VerifierSpace()
    try space.build()
    let path = Layout.sft.string
    let good = space.text(path)
    space.write(good.replacing("Answer r4.", with: "Answer r5."), to: path)
    let changed = findings(try space.verify())
    #expect(changed.map(\.code) == [.publishedChanged])
    #expect(changed.first?.pointer == "/response")
    #expect(changed.first?.expected == "\"Answer r4.\"" && changed.first?.found == "\"Answer r5.\"")

    try space.fileSystem.remove(space.layout.path(path))
    let missing = findings(try space.verifier(in: "/elsewhere/missing").run())
    #expect(missing.map(\.code) == [.publishedMissing])
    let unseen = Verifier(
      space.environment, workspace: space.layout, folder: "/elsewhere/unseen", options: space.options,
      readsPublished: false)
    #expect(try unseen.run().isGood)
  }
}
