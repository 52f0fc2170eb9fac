import Receipts
import ReceiptsTesting
import StagesTesting
import Testing

@testable import Stages

/// What runs again when one piece of a log changed: the work on that piece, and the steps in which records meet.
@Suite("One changed chunk of a hundred")
struct ChangedChunkTests {
  private static let configuration = """
    version: 1
    sources:
      - name: lab
        files: logs/*.jsonl
        map: {run_id: /id, task_id: /task, timestamp: /at, prompt: /ask, text: /says}
        verdict:
          - {when: {/tests: passed}, is: accepted}
          - {when: {/tests: failed}, is: rejected}

    """
  /// Of each line, its end included.
  private static let lineLength = 160
  private static let linesPerChunk = 10

  /// A log of lines that are equally long, so that a chunk holds ten. Each task has one accepted and one rejected run.
  private static func log(_ change: (Int) -> (says: String, tests: String)? = { _ in nil }) -> String {
    (0..<100 * linesPerChunk).map { number in
      let (says, tests) = change(number) ?? ("Answer \(number).", number % 2 == 0 ? "passed" : "failed")
      let line =
        "{\"id\":\"r\(number)\",\"task\":\"t\(number / 2)\",\"at\":\"2026-03-01T10:00:00Z\",\"ask\":\"Why?\","
        + "\"says\":\"\(says)\",\"tests\":\"\(tests)\"}"
      return line + String(repeating: " ", count: lineLength - 1 - line.utf8.count) + "\n"
    }.joined()
  }

  private func built() throws -> IncrementalSpace {
    let space = IncrementalSpace(chunkSize: Self.lineLength * Self.linesPerChunk)
    space.write("distill.yaml", Array(Self.configuration.utf8))
    space.write("logs/a.jsonl", Array(Self.log().utf8))
    #expect(space.result().isGood)
    let first = space.functions.take()
    #expect(first["evidence.map/1"] == 100)
    #expect(first["score.map/2"] == 100)
    // No source has judgements or extractions.
    #expect(first.keys.filter { $0.hasPrefix("score.") } == ["score.map/2"])
    return space
  }

  private func rebuild(_ space: IncrementalSpace, _ log: String) throws -> [String: Int] {
    space.write("logs/a.jsonl", Array(log.utf8))
    #expect(space.result().isGood)
    return space.functions.take()
  }

  /// The run is a rejected one: who it is stays, and what it changes is one side of a pair.
  @Test("another text runs these actions and no others")
  func otherText() throws {
    let space = try built()
    let ran = try rebuild(space, Self.log { $0 == 507 ? ("Changed.", "failed") : nil })
    #expect(
      ran == [
        "evidence.map/1": 1, "score.map/2": 1, "rag.map/1": 1, "sft.map/1": 1, "preference.map/2": 1,
        "preference.pair/2": 1, "preference.gather/1": 1, "preference.emit/2": 1,
        "export.parts/1": 1, "export.unique/2": 1,
      ])
  }

  /// Playbooks and samples have the same lengths, which are counted once.
  @Test("another verdict runs these actions and no others")
  func otherVerdict() throws {
    let space = try built()
    let ran = try rebuild(space, Self.log { $0 == 507 ? ("Answer 507.", "passed") : nil })
    #expect(
      ran == [
        "evidence.map/1": 1, "evidence.identities/1": 1, "evidence.duplicates/1": 1, "score.map/2": 1, "rag.map/1": 1,
        "sft.map/1": 1,
        "export.parts/1": 3, "export.unique/2": 3, "export.lengths/1": 2, "preference.map/2": 1, "preference.pair/2": 1,
        "preference.gather/1": 1,
        "preference.emit/2": 1,
      ])
  }

  /// The chunk before it is no longer the last one; what is in it comes out the same, and goes no further.
  @Test("a line more at the end runs these actions and no others")
  func oneMore() throws {
    let space = try built()
    let line = Self.log().suffix(Self.lineLength).replacing("\"r999\"", with: "\"r9999\"").replacing(
      "t499", with: "t500")
    let ran = try rebuild(space, Self.log() + line)
    #expect(
      ran == [
        "evidence.map/1": 2, "evidence.identities/1": 1, "evidence.duplicates/1": 1, "score.map/2": 1, "rag.map/1": 1,
        "sft.map/1": 1,
        "export.parts/1": 2, "preference.map/2": 1, "preference.pair/2": 1,
      ])
  }

  /// Published outputs are their own objects: what stood in the replaced ones and nowhere else is made again.
  @Test("the text that it had before runs what writes outputs; what is only looked up is known")
  func takenBack() throws {
    let space = try built()
    _ = try rebuild(space, Self.log { $0 == 507 ? ("Changed.", "failed") : nil })
    let ran = try rebuild(space, Self.log())
    #expect(
      ran == [
        "evidence.map/1": 1, "score.map/2": 1, "rag.map/1": 1, "sft.map/1": 1, "preference.emit/2": 1,
      ])
  }

  // MARK: Judgements

  private static let judgedConfiguration =
    configuration + """
        - name: looks
          files: looks.jsonl
          kind: verdict
          map: {timestamp: /at, about: {source: lab, run_id: /run}}
          verdict: [{when: {/found: good}, is: accepted}, {otherwise: rejected}]

      """

  /// Twenty judgements, one about a run of every fifth chunk.
  private static func looks(_ found: (Int) -> String = { _ in "good" }) -> String {
    (0..<20).map { number in
      let line =
        "{\"run\":\"r\(50 * number + 7)\",\"at\":\"2026-03-01T11:00:00Z\",\"found\":\"\(found(number))\"}"
      return line + String(repeating: " ", count: lineLength - 1 - line.utf8.count) + "\n"
    }.joined()
  }

  private func judged() throws -> IncrementalSpace {
    let space = IncrementalSpace(chunkSize: Self.lineLength * Self.linesPerChunk)
    space.write("distill.yaml", Array(Self.judgedConfiguration.utf8))
    space.write("logs/a.jsonl", Array(Self.log().utf8))
    space.write("looks.jsonl", Array(Self.looks().utf8))
    #expect(space.result().isGood)
    // Each of 100 groups of runs and two of judgements is scored once.
    #expect(
      space.functions.take().filter { $0.key.hasPrefix("score.") } == [
        "score.collect/1": 2, "score.identities/1": 100, "score.judgements/2": 1, "score.map/2": 102,
      ])
    return space
  }

  private func scoring(_ ran: [String: Int]) -> [String: Int] { ran.filter { $0.key.hasPrefix("score.") } }

  @Test("a judgement that changed scores again its own chunk and that of its run")
  func otherJudgement() throws {
    let space = try judged()
    space.write("looks.jsonl", Array(Self.looks { $0 == 10 ? "none" : "good" }.utf8))
    #expect(space.result().isGood)
    #expect(
      scoring(space.functions.take()) == ["score.collect/1": 1, "score.judgements/2": 1, "score.map/2": 2])
  }

  @Test("a run more at the end scores its chunk, and no judged one again")
  func oneMoreBesideJudgements() throws {
    let space = try judged()
    let line = Self.log().suffix(Self.lineLength).replacing("\"r999\"", with: "\"r9999\"").replacing(
      "t499", with: "t500")
    let ran = try rebuild(space, Self.log() + line)
    #expect(scoring(ran) == ["score.identities/1": 1, "score.judgements/2": 1, "score.map/2": 1])
  }

  @Test("another text of a run scores its chunk alone")
  func otherTextBesideJudgements() throws {
    let space = try judged()
    let ran = try rebuild(space, Self.log { $0 == 507 ? ("Changed.", "failed") : nil })
    #expect(scoring(ran) == ["score.identities/1": 1, "score.map/2": 1])
  }
}
