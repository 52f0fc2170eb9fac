import JSONTape
import Receipts
import StagesTesting
import Testing

@testable import Stages

@Suite struct ExportPairingTests {
  private func hash(_ number: Int) -> Hash128 { Hash128(Digest.of("\(number)")) }

  private func candidate(
    _ number: Int, _ category: Stages.Category, text: Int? = nil, prompt: Int = 0, order: Int? = nil
  ) -> PairingCandidate {
    PairingCandidate(
      task: hash(0), prompt: prompt == 0 ? .zero : hash(-prompt), text: hash(1_000_000 + (text ?? number)),
      order: order.map { Hash128(high: UInt64($0), low: 0) } ?? hash(2_000_000 + number), category: category,
      fragment: number % 3, place: number)
  }

  private func names(_ pairing: Pairing) -> [String] {
    pairing.pairs.map { "\($0.chosen.place)>\($0.rejected.place)\($0.isSelfPairing ? " self" : "")" }
  }

  // MARK: By hand

  @Test func `in each round every run of the longer side meets the next one of the shorter`() {
    let accepted = (0..<3).map { candidate($0, .accepted, order: $0) }
    let rejected = (0..<2).map { candidate(10 + $0, .rejected, order: $0) }
    let pairing = Pairing((accepted + rejected)[...], maximum: 100)
    #expect(names(pairing) == ["0>10", "1>11", "2>10", "0>11", "1>10", "2>11"])
    // With more rejected the rejected side is the longer one.
    let others = rejected + [candidate(12, .rejected, order: 2)]
    let more = Pairing((accepted[..<2] + others)[...], maximum: 100)
    #expect(names(more) == ["0>10", "1>11", "0>12", "1>10", "0>11", "1>12"])
    #expect(pairing.pairs.allSatisfy { $0.reason == .acceptedOverRejected })
  }

  @Test func `the cap holds for a prompt, and whoever is left out is over it`() {
    let candidates = (0..<3).map { candidate($0, .accepted, order: $0) } + [candidate(10, .rejected, order: 0)]
    let pairing = Pairing(candidates[...], maximum: 2)
    #expect(names(pairing) == ["0>10", "1>10"])
    #expect(pairing.fates == [.used, .used, .overCap, .used])
    let prompts = candidates + (20..<22).map { candidate($0, $0 == 20 ? .accepted : .rejected, prompt: 1) }
    #expect(Pairing(prompts[...], maximum: 2).pairs.count == 3)
  }

  @Test func `runs of different prompts don't pair, and both without one do`() {
    let pairing = Pairing(
      [
        candidate(0, .accepted, prompt: 1), candidate(1, .rejected, prompt: 2), candidate(2, .accepted),
        candidate(3, .rejected), candidate(4, .partiallyAccepted, prompt: 1),
      ], maximum: 5)
    #expect(Set(names(pairing)) == ["2>3", "0>4"])
    #expect(pairing.fates == [.used, .withoutPartner, .used, .used, .used])
  }

  @Test func `partially accepted stands in only where there is no rejected`() {
    let beside = Pairing(
      [candidate(0, .accepted), candidate(1, .partiallyAccepted), candidate(2, .rejected)], maximum: 5)
    #expect(names(beside) == ["0>2"] && beside.fates == [.used, .notCandidate, .used])
    let alone = Pairing([candidate(0, .accepted), candidate(1, .partiallyAccepted)], maximum: 5)
    #expect(names(alone) == ["0>1"] && alone.pairs[0].reason == .acceptedOverPartiallyAccepted)
    let noAccepted = Pairing([candidate(0, .partiallyAccepted), candidate(1, .rejected)], maximum: 5)
    #expect(noAccepted.pairs.isEmpty && noAccepted.fates == [.notCandidate, .withoutPartner])
  }

  @Test func `a text both accepted and rejected is on no side, whatever the prompt`() {
    let pairing = Pairing(
      [
        candidate(0, .accepted, text: 7, prompt: 1), candidate(1, .rejected, text: 7, prompt: 2),
        candidate(2, .partiallyAccepted, text: 7), candidate(3, .accepted, prompt: 1),
        candidate(4, .rejected, prompt: 1), candidate(5, .rejected, text: 7, prompt: 1),
      ], maximum: 5)
    #expect(names(pairing) == ["3>4"])
    #expect(pairing.fates == [.contested, .contested, .contested, .used, .used, .contested])
    // All rejected are contested: what is partially accepted stands in.
    let left = Pairing(
      [
        candidate(0, .accepted, text: 7), candidate(1, .rejected, text: 7), candidate(2, .accepted),
        candidate(3, .partiallyAccepted),
      ], maximum: 5)
    #expect(names(left) == ["2>3"])
  }

  @Test func `the same text on both sides is a self pairing, outside the books and the cap`() {
    let pairing = Pairing(
      [
        candidate(0, .accepted, text: 7, order: 0), candidate(1, .accepted, order: 1),
        candidate(2, .partiallyAccepted, text: 7, order: 0), candidate(3, .partiallyAccepted, order: 1),
      ], maximum: 2)
    #expect(names(pairing) == ["0>2 self", "1>3", "0>3"])
    #expect(pairing.fates == [.used, .used, .overCap, .used])
    let only = Pairing([candidate(0, .accepted, text: 7), candidate(1, .partiallyAccepted, text: 7)], maximum: 5)
    #expect(names(only) == ["0>1 self"] && only.fates == [.withoutPartner, .withoutPartner])
  }

  @Test func `equal texts within a side count once`() {
    let pairing = Pairing(
      [
        candidate(0, .accepted, text: 7, order: 1), candidate(1, .accepted, text: 7, order: 0),
        candidate(2, .rejected, text: 8, order: 0), candidate(3, .rejected, text: 8, order: 1),
      ], maximum: 5)
    #expect(names(pairing) == ["1>2"])
    #expect(pairing.fates == [.withoutPartner, .used, .used, .withoutPartner])
  }

  // MARK: Properties

  private func randomCandidates(_ seed: UInt64) -> [PairingCandidate] {
    var generator = SeededGenerator(seed: seed)
    let count = Int.random(in: 0...24, using: &generator)
    let texts = Int.random(in: 1...20, using: &generator)
    let prompts = Int.random(in: 1...3, using: &generator)
    return (0..<count).map { number in
      candidate(
        number, [.accepted, .partiallyAccepted, .rejected].randomElement(using: &generator)!,
        text: Int.random(in: 0..<texts, using: &generator), prompt: Int.random(in: 0..<prompts, using: &generator))
    }
  }

  /// DESIGN 6.3, in the words of the document: all rounds of all pairs, cut at the cap.
  private func reference(_ candidates: [PairingCandidate], maximum: Int) -> [String] {
    func texts(_ category: Stages.Category) -> Set<Hash128> {
      Set(candidates.filter { $0.category == category }.map(\.text))
    }
    let contested = texts(.accepted).intersection(texts(.rejected))
    var all: [String] = []
    for prompt in Set(candidates.map(\.prompt)).sorted() {
      func side(_ category: Stages.Category) -> [PairingCandidate] {
        var side: [PairingCandidate] = []
        for candidate in candidates.sorted(by: { $0.order < $1.order })
        where candidate.category == category && candidate.prompt == prompt && !contested.contains(candidate.text)
          && !side.contains(where: { $0.text == candidate.text })
        {
          side.append(candidate)
        }
        return side
      }
      let accepted = side(.accepted)
      let others = side(.rejected).isEmpty ? side(.partiallyAccepted) : side(.rejected)
      guard !accepted.isEmpty && !others.isEmpty else { continue }
      let n = max(accepted.count, others.count)
      let m = min(accepted.count, others.count)
      var made = 0
      for d in 0..<m {
        for i in 0..<n where made < maximum {
          let j = (i + d) % m
          let (chosen, rejected) = accepted.count >= others.count ? (accepted[i], others[j]) : (accepted[j], others[i])
          let isSelf = chosen.text == rejected.text
          if !isSelf { made += 1 }
          all.append("\(chosen.place)>\(rejected.place)\(isSelf ? " self" : "")")
        }
      }
    }
    return all
  }

  @Test func `pairs are those of the document, for any order of the input`() {
    for seed in 0..<150 as Range<UInt64> {
      var candidates = randomCandidates(seed)
      let maximum = [1, 2, 5, 1000][Int(seed % 4)]
      let expected = reference(candidates, maximum: maximum)
      var fates: [Int: Pairing.Fate]?
      var generator = SeededGenerator(seed: seed)
      for _ in 0..<3 {
        let pairing = Pairing(candidates[...], maximum: maximum)
        #expect(names(pairing) == expected, "seed \(seed)")
        let found = Dictionary(uniqueKeysWithValues: zip(candidates.map(\.place), pairing.fates))
        #expect(fates == nil || fates == found, "seed \(seed)")
        fates = found
        candidates.shuffle(using: &generator)
      }
    }
  }

  @Test func `each candidate has one fate, and the fates are what the pairs say`() {
    for seed in 1000..<1150 as Range<UInt64> {
      let candidates = randomCandidates(seed)
      let maximum = [1, 3, 1000][Int(seed % 3)]
      let pairing = Pairing(candidates[...], maximum: maximum)
      #expect(pairing.fates.count == candidates.count)
      let counted = pairing.pairs.filter { !$0.isSelfPairing }
      let byRow = Dictionary(uniqueKeysWithValues: candidates.map { ($0.place, $0) })
      let used = Set(counted.flatMap { [$0.chosen.place, $0.rejected.place] })
      for (candidate, fate) in zip(candidates, pairing.fates) {
        #expect((fate == .used) == used.contains(candidate.place), "seed \(seed), \(candidate.place)")
        if fate == .overCap { #expect(maximum < 1000, "seed \(seed): nothing is over a cap that nobody reaches") }
        if fate == .notCandidate { #expect(candidate.category == .partiallyAccepted) }
      }
      for pair in pairing.pairs {
        guard let chosen = byRow[pair.chosen.place], let rejected = byRow[pair.rejected.place] else {
          Issue.record("seed \(seed): a pair of nobody")
          continue
        }
        #expect(chosen.side == pair.chosen && rejected.side == pair.rejected)
        #expect(chosen.category == .accepted && rejected.category != .accepted)
        #expect(chosen.prompt == rejected.prompt)
        #expect(pair.isSelfPairing == (chosen.text == rejected.text))
      }
      let prompts = Dictionary(grouping: counted) { byRow[$0.chosen.place]?.prompt }
      #expect(prompts.values.allSatisfy { $0.count <= maximum })
      let pairs = counted.map { "\($0.chosen.place) \($0.rejected.place)" }
      #expect(Set(pairs).count == pairs.count)
    }
  }

  @Test(arguments: [5, 1_000_000])
  func `a hundred thousand runs of one task are paired up to the cap`(maximum: Int) {
    func candidates(prompts: Int) -> [PairingCandidate] {
      var generator = SeededGenerator(seed: 3)
      return (0..<100_000).map { number in
        PairingCandidate(
          task: .zero, prompt: Hash128(high: UInt64(number / 2 % prompts), low: 1),
          text: Hash128(high: generator.next(), low: 0), order: Hash128(high: generator.next(), low: 0),
          category: number.isMultiple(of: 2) ? .accepted : .rejected, fragment: 0, place: number)
      }
    }
    #expect(Pairing(candidates(prompts: 1)[...], maximum: maximum).pairs.count == maximum)
    #expect(Pairing(candidates(prompts: 50_000)[...], maximum: maximum).pairs.count == 50_000)
  }

  // MARK: Through the stage

  private let day = "data/evidence/2026/04/26/lab.jsonl"

  @Test func `a pair shows both runs, and is as old as the newer one`() throws {
    let chosen = evidenceRow(
      "good", line: 0, ["verdict": "accepted", "prompt": " Cafe\u{301}\n?", "timestamp": "2026-01-01T00:00:00Z"])
    let rejected = evidenceRow(
      "bad", line: 1,
      ["verdict": "rejected", "prompt": "Café ?", "timestamp": "2026-01-02T00:00:00Z", "model_name": nil])
    let space = ExportSpace()
    #expect(try space.build([(day, [[chosen, rejected]])]).compactMap(\.trouble) == [])
    let ids = [chosen, rejected].map { row in
      "\(row["run_id"]?.string ?? "")|\(row["provenance"]?["sig_hash"]?.string ?? "")"
    }
    let expected: JSON = [
      "schema_version": 1, "id": .string("pref-\(Digest.of(ids.joined(separator: "|")).hex.prefix(16))"),
      "task_id": "task", "prompt": chosen["prompt"]!, "chosen": "Text of good", "rejected": "Text of bad",
      "chosen_run_id": "good", "rejected_run_id": "bad", "chosen_model": "kimi", "rejected_model": nil,
      "reason": "accepted_vs_rejected", "created_at": "2026-01-02T00:00:00Z",
      "chosen_provenance": chosen["provenance"]!, "rejected_provenance": rejected["provenance"]!,
    ]
    #expect(try space.rows(Layout.preference) == [expected])
    #expect(expected.object?.keys == RecordSchema.preferenceSample.fields.map(\.name))
  }

  @Test func `the books of the exporter say what became of each scored run`() throws {
    func row(_ id: String, _ task: String, _ verdict: String?, _ changes: [String: JSON] = [:]) -> JSON {
      evidenceRow(id, task: task, ["verdict": verdict.map(JSON.string) ?? .null].merging(changes) { $1 })
    }
    let rows = [
      // One pair, one over the cap of 1, one that repeats a text, one partial beside a rejected.
      row("a1", "a", "accepted"), row("a2", "a", "accepted"), row("a3", "a", "rejected"),
      row("a4", "a", "rejected", ["text": "Text  of a3"]), row("a5", "a", "partially_accepted"),
      // Contested.
      row("b1", "b", "accepted", ["text": "same"]), row("b2", "b", "rejected", ["text": " same"]),
      // Nobody to pair with; nobody judged; an extraction; nothing said.
      row("c1", "c", "accepted"), row("d1", "d", nil), row("e1", "e", "accepted", ["kind": "extraction"]),
      row("f1", "f", "accepted", ["text": ""]),
      // The same text on both sides.
      row("g1", "g", "accepted", ["text": "x y"]), row("g2", "g", "partially_accepted", ["text": "x\ny"]),
    ]
    var options = ExportOptions()
    options.maxPairsPerTask = 1
    let space = ExportSpace()
    #expect(try space.build([(day, [Array(rows[..<6]), Array(rows[6...])])], options).compactMap(\.trouble) == [])
    let core = try #require(try space.core(.exportPreference))
    let counts = core.recordCounts
    func count(_ name: String) -> Int { Int(counts[name]?.integer ?? -1) }
    #expect(core.validationPass)
    #expect(count("scored") == 13 && count("quarantined") == 3 && count("not_candidate") == 3)
    #expect(count("without_partner") == 4 && count("used") == 2 && count("over_cap") == 1)
    #expect(count("exported") == 1 && count("pairs_quarantined") == 1)
    #expect(counts["by_reason"] == ["empty_content": 1, "invalid_preference_pairing": 2, "self_pairing": 1])
    #expect(core.summary["contested_texts"] == 1 && core.summary["contested_runs"] == 2)
    let quarantine = try space.rows(Layout.quarantine("preference"))
    #expect(quarantine.map { $0["reason"] }.last == "self_pairing")
    #expect(quarantine.last?["source_record"]?["chosen_run_id"] == "g1")
    #expect(!jsonLines(quarantine).contains("x y"))
  }
}
