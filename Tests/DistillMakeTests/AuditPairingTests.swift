import JSONTape
import Receipts
import StagesTesting
import Testing

@testable import Audit
@testable import Stages

/// The auditor pairs by the description alone; here it is compared with the stage that pairs.
@Suite("Pairing by the auditor")
struct AuditPairingTests {
  private static let pieces = [
    "a", "b", "\\n", "  ", " ", "\\t", "\u{A0}", "é", "e\u{301}", "\u{212A}", "K", "漢", "か", "\u{3099}", "\\\"", "\\\\",
    "\\u0001", "😀", "a long start that many texts have, and ", "\u{2003}",
  ]

  private static func text(_ random: inout SeededGenerator, _ count: Int) -> String {
    (0..<Int.random(in: 0...count, using: &random)).map { _ in pieces.randomElement(using: &random)! }.joined()
  }

  private static func slice(_ text: String, _ buffers: inout [ByteBuffer]) -> ByteSlice {
    let buffer = ByteBuffer()
    buffer.append("\"\(text)\"")
    buffers.append(buffer)
    return buffer.bytes
  }

  private static func folded(_ text: ByteSlice) throws -> Hash128 {
    let parser = JSONParser()
    let buffer = ByteBuffer()
    Text.fold(try parser.parse(copying: text).string ?? .empty, into: buffer)
    return Hash128(Digest.of(buffer.bytes))
  }

  /// As the evidence pass notes it of a text; sometimes nothing is known.
  private static func start(_ text: ByteSlice?, _ random: inout SeededGenerator) -> UInt64? {
    guard let text, Int.random(in: 0..<4, using: &random) > 0 else { return nil }
    return FoldedTexts.plainStart(text[1..<text.count - 1])
  }

  @Test("texts are the same where they are when folded, however they begin")
  func folding() throws {
    var random = SeededGenerator(seed: 7)
    let folding = FoldedTexts()
    for _ in 0..<400 {
      var buffers: [ByteBuffer] = []
      let long = Self.text(&random, 60)
      let texts = (0..<Int.random(in: 1...60, using: &random)).map { _ in
        Self.slice((Bool.random(using: &random) ? long : "") + Self.text(&random, 3), &buffers)
      }
      let hashes = try texts.map(Self.folded)
      let expected = hashes.map { hash in hashes.firstIndex(of: hash)! }
      let starts = texts.map { Self.start($0, &random) }
      #expect(folding.firstAlike(Array(zip(texts, starts))) == expected)
      withExtendedLifetime(buffers) {}
    }
  }

  @Test("the same pairs, in the same order, and the same fates as the stage's")
  func pairing() throws {
    var random = SeededGenerator(seed: 11)
    let folding = FoldedTexts()
    let categories: [Stages.Category] = [.accepted, .partiallyAccepted, .rejected]
    var pairs = 0
    for _ in 0..<600 {
      var buffers: [ByteBuffer] = []
      let maximum = Int.random(in: 1...6, using: &random)
      let (textSize, prompts) = (Int.random(in: 1...3, using: &random), Int.random(in: 0...2, using: &random))
      func hash() -> Hash128 { Hash128(high: random.next(), low: random.next()) }
      func said() -> ByteSlice { Self.slice("x" + Self.text(&random, textSize), &buffers) }
      func asked() -> ByteSlice? {
        Bool.random(using: &random) ? nil : Self.slice("p" + Self.text(&random, prompts), &buffers)
      }
      let runs = (0..<Int.random(in: 0...12, using: &random)).map { row in
        let (text, prompt) = (said(), asked())
        return PairRun(
          row: Int32(row), category: categories.randomElement(using: &random)!, identity: hash(), text: text,
          prompt: prompt, textStart: Self.start(text, &random), promptStart: Self.start(prompt, &random))
      }
      let comparisons = (0..<Int.random(in: 0...4, using: &random)).map { number in
        PairComparison(
          row: Int32(100 + number), identity: hash(), chosen: said(), rejected: said(), prompt: asked())
      }
      let plan = TaskPairing(runs, comparisons, maximum: maximum, folding).plan
      let stage = Pairing(
        try runs.map {
          PairingCandidate(
            task: .zero, prompt: try $0.prompt.map(Self.folded) ?? .zero, text: try Self.folded($0.text),
            order: $0.identity, category: $0.category, fragment: 0, place: Int($0.row))
        }[...],
        comparisons: try comparisons.map {
          PairingComparison(
            task: .zero, prompt: try $0.prompt.map(Self.folded) ?? .zero, chosen: try Self.folded($0.chosen),
            rejected: try Self.folded($0.rejected), order: $0.identity, fragment: 0, place: Int($0.row))
        }[...], maximum: maximum)
      let expected = stage.pairs.filter { !$0.isSelfPairing }.map {
        RowKey(Int32($0.chosen.place), Int32($0.rejected.place))
      }
      #expect(plan.pairs == expected)
      pairs += expected.count
      func count(_ fate: Pairing.Fate) -> Int64 { Int64(stage.fates.count { $0 == fate }) }
      let contested = stage.comparisonFates.count { $0 == .contested }
      #expect(
        plan.counts
          == PairPlan.Counts(
            contested: count(.contested), notCandidate: count(.notCandidate), withoutPartner: count(.withoutPartner),
            used: count(.used), overCap: count(.overCap),
            stoppedPairs: Int64(stage.pairs.count { $0.isSelfPairing }), contestedComparisons: Int64(contested),
            comparisonsOverCap: Int64(stage.comparisonFates.count { $0 == .overCap })))
      withExtendedLifetime(buffers) {}
    }
    #expect(pairs > 500)
  }
}
