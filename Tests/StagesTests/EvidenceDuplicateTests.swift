import JSONTape
import Receipts
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
        {"row":0,"other_verdicts":["rejected"]}
        {"row":2,"duplicate_of":{"path":"a.jsonl","line":0}}

        """,
        "overlay/1": """
        {"row":1,"duplicate_of":{"path":"a.jsonl","line":0}}
        {"row":2,"duplicate_of":{"path":"a.jsonl","line":0}}

        """,
      ])

    let again = try mapEvidence(log, first, overlay: found.overlays["overlay/0"])
    #expect(again.balances && again.count("duplicates") == 1 && again.count("written") == 2)
    #expect(again.count("mapped") == 3 && again.identities == one.identities)
    #expect(try again.evidence.map { $0["other_verdicts"] } == [["rejected"], []])
    let rows = try again.quarantine
    #expect(rows.map { $0["reason"]?.string } == ["schema_violation", "duplicate_id"])
    #expect(rows[1]["errors"] == [#"the run "1" is in a.jsonl already, at line_offset 0"#])
    #expect(rows[1]["source_provenance"]?["line_offset"] == 1)
    #expect(again.counts["by_reason"] == ["schema_violation": 1, "duplicate_id": 1])
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
