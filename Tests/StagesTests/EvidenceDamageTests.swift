import JSONTape
import StagesTesting
import Testing

@testable import Stages

/// Nothing is lost, whatever happens to the bytes.
@Suite struct EvidenceDamageTests {
  private static let source = simpleSource(
    [
      .text: .firstOf([at("/t"), .lastMessage(reference("/m"), role: nil, final: false)], probe: -1),
      .timestamp: at("/ts"), .score: at("/s"), .messages: .messages(reference("/m"), shape: .openai),
      .sourceFiles: at("/f"),
    ]
  ) { part in
    part.map.validationResults = .whole(at("/v"))
    part.verdict = [
      VerdictRule(conditions: [Condition(reference: reference("/v/ok"), test: .equals(true))], verdict: .accepted)
    ]
  }

  private static let record =
    #"{"id":"run-7","t":"líne","ts":"2026-04-26T08:00:00Z","s":0.5,"m":[{"role":"user","content":"hí"}],"f":["a"],"v":{"ok":true,"n":[1,2]}}"#

  private func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.remove(at: place)
      case 2: bytes.insert([0x0A, 0x22, 0x5B, 0x7D, 0x0D, 0x5C].randomElement(using: &random)!, at: place)
      case 3: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...40, using: &random)))
      default: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      }
    }
  }

  @Test(arguments: 0..<8) func `the books balance on damaged lines`(_ seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<60 {
      var bytes = Array(String(repeating: Self.record + "\n", count: 6).utf8)
      damage(&bytes, &random)
      let nonBlank = bytes.split(separator: 0x0A).filter { !$0.allSatisfy { [0x20, 0x09, 0x0D].contains($0) } }.count
      let mapped = try mapLines(Self.source, bytes, final: seed % 2 == 0)
      #expect(mapped.balances)
      #expect(mapped.count("read") == nonBlank)
      _ = try mapped.evidence
      _ = try mapped.quarantine
    }
  }

  @Test(arguments: [Compression.gz, .zst]) func `the books balance on damaged compressed files`(
    _ compression: Compression
  ) throws {
    var random = SeededGenerator(seed: 42)
    let packed = try compression.pack(Array(String(repeating: Self.record + "\n", count: 50).utf8))
    for _ in 0..<200 {
      var bytes = packed
      damage(&bytes, &random)
      let mapped = try mapLines(Self.source, bytes, compression: compression)
      #expect(mapped.balances)
      let warned = mapped.counts["warnings"]?.array?.isEmpty == false
      #expect(mapped.count("objects") == 50 || warned || mapped.count("quarantined") > 0)
    }
  }

  @Test func `the books balance on damaged documents`() throws {
    let source = simpleSource([.text: at("/t"), .score: at("/s")], records: "/*")
    var random = SeededGenerator(seed: 7)
    for _ in 0..<300 {
      var bytes = Array(("[" + [String](repeating: Self.record, count: 5).joined(separator: ",") + "]").utf8)
      damage(&bytes, &random)
      let segment = EvidenceSegment(input: "0", path: "logs/a.json", format: .json, unit: .element)
      let mapped = try mapEvidence(source, [(segment, bytes)])
      #expect(mapped.balances && mapped.count("read") > 0)
    }
  }

  @Test func `a bad record leaves no trace in the outputs of good ones`() throws {
    let good = try mapLines(Self.source, Self.record + "\n")
    let bad = Self.record.replacing(#""content":"hí""#, with: #""content":5"#)
    let mixed = try mapLines(Self.source, Self.record + "\n" + bad + "\n")
    #expect(mixed.outputs["evidence/2026/04/26"] == good.outputs["evidence/2026/04/26"])
    #expect(mixed.identities == good.identities)
    #expect(mixed.counts["fields"] == good.counts["fields"])
  }
}
