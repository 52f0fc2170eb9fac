import JSONTape
import Receipts
import StagesTesting
import Testing

@testable import Stages

@Suite struct EvidenceDuplicateTests {
  private let log = simpleSource([.verdict: at("/v")])

  private func segment(_ index: Int, _ path: String) -> EvidenceSegment {
    EvidenceSegment(input: String(index), path: path, format: .jsonl, unit: .line)
  }

  private func reduce(_ tables: [[UInt8]], _ paths: [[String]]) throws -> (counts: JSON, overlays: [String: String]) {
    let buffers = tables.map { table in
      let buffer = ByteBuffer()
      table.withUnsafeBytes { buffer.append($0) }
      return buffer
    }
    let inputs = Dictionary(uniqueKeysWithValues: buffers.enumerated().map { (String($0), $1.bytes) })
    let context = ActionContext(
      parameters: ["chunks": .array(paths.map { .array($0.map(JSON.string)) })], inputs: inputs,
      scratch: WorkerScratch())
    let counts = try EvidenceReduce.reduce(context)
    return withExtendedLifetime((buffers, context)) {
      (counts, context.outputs.mapValues { $0.buffer.bytes.string() })
    }
  }

  @Test func `the first stays, the others are quarantined, and their verdicts are remembered`() throws {
    let first = [
      (segment(0, "a.jsonl"), Array("{\"id\":1,\"v\":\"accepted\"}\n{\"id\":2}\n".utf8)),
      (segment(1, "b.jsonl"), Array("bad\n{\"id\":1,\"v\":\"accepted\"}\n".utf8)),
    ]
    let second = [
      (segment(0, "c.jsonl"), Array("{\"id\":3}\n{\"id\":1,\"v\":\"rejected\"}\n{\"id\":1,\"v\":\"rejected\"}\n".utf8))
    ]
    let one = try mapEvidence(log, first)
    let two = try mapEvidence(log, second)
    let found = try reduce([one.identities, two.identities], [["a.jsonl", "b.jsonl"], ["c.jsonl"]])
    #expect(found.counts == ["duplicates": 3])
    #expect(
      found.overlays == [
        "overlay/0": """
        {"row":0,"other_verdicts":["rejected"],"is_disputed":false}
        {"row":2,"duplicate_of":{"path":"a.jsonl","line":0}}

        """,
        "overlay/1": """
        {"row":1,"duplicate_of":{"path":"a.jsonl","line":0}}
        {"row":2,"duplicate_of":{"path":"a.jsonl","line":0}}

        """,
      ])

    let again = try mapEvidence(log, first, overlay: found.overlays["overlay/0"])
    #expect(again.balances && again.count("duplicates") == 1 && again.count("written") == 2)
    #expect(again.count("mapped") == 3 && again.identities.count == one.identities.count)
    #expect(try again.evidence.map { $0["other_verdicts"] } == [["rejected"], []])
    let rows = try again.quarantine
    #expect(rows.map { $0["reason"]?.string } == ["schema_violation", "duplicate_id"])
    #expect(rows[1]["errors"] == [#"the run "1" is in a.jsonl already, at line_offset 0"#])
    #expect(rows[1]["source_provenance"]?["line_offset"] == 1)
    #expect(again.counts["by_reason"] == ["schema_violation": 1, "duplicate_id": 1])
  }

  @Test func `what repeats in a chunk and says nothing else is dropped at once, and the chunk need not run again`()
    throws
  {
    let lines = "{\"id\":1,\"v\":\"accepted\"}\n{\"id\":1,\"v\":\"accepted\"}\n{\"id\":2}\n{\"id\":1}\n"
    let files = [(segment(0, "a.jsonl"), Array(lines.utf8))]
    let one = try mapEvidence(log, files)
    #expect(try reduce([one.identities], [["a.jsonl"]]).overlays == [:])
    #expect(one.balances && one.count("duplicates") == 2 && one.count("written") == 2)
    // The reduce would have said the same.
    let overlay = """
      {"row":1,"duplicate_of":{"path":"a.jsonl","line":0}}
      {"row":3,"duplicate_of":{"path":"a.jsonl","line":0}}

      """
    let told = try mapEvidence(log, files, overlay: overlay)
    #expect(try told.evidence == one.evidence)
    #expect(try told.quarantine == one.quarantine)
    #expect(told.counts == one.counts)

    // Where an earlier chunk has the identity, that is the first for all.
    let before = try mapEvidence(log, [(segment(0, "0.jsonl"), Array("{\"id\":1}\n".utf8))])
    let found = try reduce([before.identities, one.identities], [["0.jsonl"], ["a.jsonl"]])
    let places = found.overlays["overlay/1"].map { $0.split(separator: "\n").count { $0.contains("0.jsonl") } }
    #expect(places == 3)
  }

  @Test func `a record that can't become evidence is no first`() throws {
    let source = simpleSource([.verdict: at("/v"), .score: at("/s")])
    let lines = "{\"id\":1,\"s\":\"much\"}\n{\"id\":1,\"s\":0.5}\n"
    let one = try mapEvidence(source, [(segment(0, "a.jsonl"), Array(lines.utf8))])
    #expect(one.balances && one.count("quarantined") == 1 && one.count("written") == 1 && one.count("duplicates") == 0)
  }

  @Test func `a person's word on a dropped record is not lost: a human must look`() throws {
    let source = simpleSource([.verdict: at("/v"), .humanOverride: at("/o")])
    /// The override that the run has in the end, and what is said of the dropped one.
    func kept(_ first: String, _ second: String) throws -> (override: JSON?, error: String?) {
      let files = [(segment(0, "a.jsonl"), Array("{\"id\":1,\(first)}\n{\"id\":1,\(second)}\n".utf8))]
      let once = try mapEvidence(source, files)
      let found = try reduce([once.identities], [["a.jsonl"]])
      let again = try mapEvidence(source, files, overlay: found.overlays["overlay/0"])
      #expect(again.balances && again.count("duplicates") == 1)
      return (try again.evidence[0]["human_override"], try again.quarantine[0]["errors"]?.array?[0].string)
    }
    let (accepted, rejected) = (#""o":"accepted""#, #""o":"rejected""#)
    let place = #"the run "1" is in a.jsonl already, at line_offset 0"#
    for (first, second) in [
      (accepted, rejected), (#""v":"accepted""#, rejected), (rejected, #""o":"needs_human_review""#),
    ] {
      let found = try kept(first, second)
      #expect(found.override == "needs_human_review", "\(first) \(second)")
      #expect(found.error?.hasPrefix(place + "; its human_override is ") == true)
    }
    #expect(try kept(accepted, accepted).override == "accepted")
    #expect(try kept(rejected, #""v":"accepted""#) == ("rejected", place))
    #expect(try kept(#""v":"accepted""#, #""v":"accepted""#) == (.null, place))
  }

  @Test func `a word on a dropped record reaches the category, and a later judgement settles it`() throws {
    let space = PipelineSpace(
      """
      version: 1
      sources:
        - name: lab
          files: logs/*.jsonl
          map: {run_id: /id, text: /says, timestamp: /at, human_override: {from: /word, optional: true}}
          verdict: [{when: {/ok: true}, is: accepted}]
        - name: desk
          files: words/*.jsonl
          kind: verdict
          map: {about: {source: lab, run_id: /id}, timestamp: /at, human_override: /word}
      """,
      [
        "logs/a.jsonl": #"{"id":"1","says":"A","ok":true,"at":"2026-04-01"}"# + "\n",
        "logs/b.jsonl": #"{"id":"1","says":"A","ok":true,"at":"2026-04-02","word":"rejected"}"# + "\n",
        "words/none.jsonl": "",
      ])
    func category() throws -> String? {
      for report in try space.build() { #expect(report.isGood, "\(report)") }
      return try space.rows("data/scored-runs/2026/04/01/lab.jsonl")[0]["category"]?.string
    }
    #expect(try category() == "needs_human_review")
    #expect(space.text("exports/rag/playbooks.jsonl") == "")
    space.write(#"{"id":"1","word":"accepted","at":"2026-04-03"}"# + "\n", to: "words/none.jsonl")
    #expect(try category() == "accepted")
  }

  @Test func `a bad record before a duplicate does not take its place`() throws {
    let log = simpleSource([.score: at("/s"), .verdict: at("/v")])
    let lines = #"{"id":1}"# + "\n" + #"{"id":2,"s":"bad"}"# + "\n" + #"{"id":1,"v":"rejected"}"# + "\n"
    let files = [(segment(0, "a.jsonl"), Array(lines.utf8))]
    let found = try reduce([mapEvidence(log, files).identities], [["a.jsonl"]])
    let again = try mapEvidence(log, files, overlay: found.overlays["overlay/0"])
    #expect(again.balances && again.count("written") == 1)
    #expect(try again.evidence.map { $0["other_verdicts"] } == [["rejected"]])
    let rows = try again.quarantine
    #expect(rows.map { $0["reason"]?.string } == ["schema_violation", "duplicate_id"])
    #expect(rows.map { $0["source_provenance"]?["line_offset"] } == [1, 2])
    // The field of a record that is not written is not counted.
    #expect(again.counts["fields"]?["verdict"] == 0)
  }

  /// What an action function gives.
  private func output(
    of function: ActionFunction, _ parameters: JSON, _ inputs: [[UInt8]]
  ) throws -> (counts: JSON, outputs: [String: [UInt8]]) {
    let buffers = inputs.map { bytes in
      let buffer = ByteBuffer()
      bytes.withUnsafeBytes { buffer.append($0) }
      return buffer
    }
    let named = Dictionary(uniqueKeysWithValues: buffers.enumerated().map { (String($0), $1.bytes) })
    let context = ActionContext(parameters: parameters, inputs: named, scratch: WorkerScratch())
    let counts = try function.run(context)
    return withExtendedLifetime((buffers, context)) {
      (counts, context.outputs.mapValues { Array($0.buffer.bytes.buffer) })
    }
  }

  private func logLines(_ random: inout SeededGenerator) -> [UInt8] {
    let words = ["accepted", "rejected", "partially_accepted"]
    var text = ""
    for _ in 0..<random.below(40) {
      text += "{\"id\":\(random.below(60))"
      if random.chance(50) { text += ",\"v\":\"\(words[random.below(3)])\"" }
      if random.chance(15) { text += ",\"o\":\"\(words[random.below(3)])\"" }
      text += "}\n"
    }
    return Array(text.utf8)
  }

  @Test(arguments: 0..<6) func `in parts the same duplicates are found as together`(_ seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    let log = simpleSource([.verdict: at("/v"), .humanOverride: at("/o")])
    let chunks = (0..<7).map { [(segment(0, "\($0).jsonl"), logLines(&random))] }
    let tables: [[UInt8]] = try chunks.map { try mapEvidence(log, $0).identities }
    let paths: [JSON] = chunks.indices.map { .array([.string("\($0).jsonl")]) }
    let together = try output(of: EvidenceReduce.function, ["chunks": .array(paths)], tables)

    let groups = [0..<3, 3..<4, 4..<7]
    var split: [[String: [UInt8]]] = []
    var files: [JSON] = []
    for group in groups {
      split.append(try output(of: IdentityParts.function, ["parts": 4], Array(tables[group])).outputs)
      files.append(["first": .integer(Int64(group.lowerBound)), "files": .array(Array(paths[group]))])
    }
    let splitBytes: Int = split.reduce(0) { sum, parts in sum + parts.values.reduce(0) { $0 + $1.count } }
    #expect(splitBytes == tables.joined().count / 32 * 40)
    var parted: [[String: [UInt8]]] = []
    var duplicates: Int64 = 0
    for part in 0..<4 {
      let found = try output(
        of: EvidenceReduce.function, ["groups": .array(files)], split.map { $0["part/\(part)"] ?? [] })
      duplicates += found.counts["duplicates"]?.integer ?? -1
      parted.append(found.outputs)
    }
    #expect(duplicates == together.counts["duplicates"]?.integer)

    for (index, chunk) in chunks.enumerated() {
      let name = "overlay/\(index)"
      let one = [together.outputs].compactMap { $0[name] }.map { String(decoding: $0, as: UTF8.self) }
      let many = parted.compactMap { $0[name] }.map { String(decoding: $0, as: UTF8.self) }
      #expect(one.isEmpty == many.isEmpty)
      let left = try mapEvidence(log, chunk, overlays: one)
      let right = try mapEvidence(log, chunk, overlays: many)
      #expect(left.balances && left.outputs == right.outputs && left.counts == right.counts)
    }
  }

  @Test func `no duplicates, no overlays`() throws {
    let one = try mapEvidence(log, [(segment(0, "a.jsonl"), Array("{\"id\":1}\n{\"id\":\"2\"}\n".utf8))])
    let found = try reduce([one.identities, []], [["a.jsonl"], []])
    #expect(found.overlays.isEmpty && found.counts == ["duplicates": 0])
  }

  @Test func `an identity is source, kind and run id`() throws {
    let one = try mapEvidence(log, [(segment(0, "a.jsonl"), Array("{\"id\":\"é\",\"v\":\"skipped\"}\n".utf8))])
    let digest = Digest.of(#"["lab","run","é"]"#)
    let expected = digest.withBytes { Array($0[0..<16]) } + [0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0]
    #expect(one.identities == expected)
  }
}
