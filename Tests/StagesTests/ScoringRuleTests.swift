import JSONTape
import Receipts
import Testing

@testable import Stages

@Suite struct ScoringRuleTests {
  private func judgement(
    _ verdict: Verdict? = nil, others: [Verdict] = [], override: Stages.Category? = nil, time: String? = nil,
    file: String = "j.jsonl", line: Int64 = 0
  ) -> Judgement {
    Judgement(
      verdict: verdict, otherVerdicts: others, humanOverride: override,
      timestamp: time.flatMap(Timestamp.init(rfc3339:)), sourceFile: file,
      line: line, label: "\(file):\(line)", judgedBy: nil)
  }

  private func facts(_ change: (inout RunFacts) -> Void) -> RunFacts {
    var facts = RunFacts()
    facts.sourceFile = "runs.jsonl"
    change(&facts)
    return facts
  }

  private let thresholds = Thresholds(
    score: Thresholds.Cut(acceptAt: 0.9, partialAt: 0.5),
    groundedFraction: Thresholds.Cut(acceptAt: 0.8, partialAt: nil))

  private func decide(_ change: (inout RunFacts) -> Void) -> (Stages.Category, RuleID) {
    let decision = Rule.decide(facts(change))
    return (decision.category, decision.rule)
  }

  // MARK: Precedence

  /// Everything that could decide is there; from the top, one rule's means after the other is taken away.
  @Test func `rules hold in their order`() {
    var all = facts {
      $0.humanOverride = .partiallyAccepted
      $0.verdict = .skipped
      $0.judgements = [judgement(.accepted), judgement(.rejected)]
      $0.score = 0.95
      $0.groundedFraction = 0.1
      $0.thresholds = thresholds
      $0.isExtraction = true
      $0.parents = Parents(categories: [.accepted], count: 2)
    }
    func expect(_ category: Stages.Category, _ rule: RuleID, _ comment: Comment) {
      let decision = Rule.decide(all)
      #expect(decision.category == category && decision.rule == rule, comment)
    }
    expect(.partiallyAccepted, .humanOverride, "1")
    all.humanOverride = nil
    expect(.needsHumanReview, .verdictConflict, "2")
    all.judgements = []
    expect(.needsHumanReview, .notJudged, "3")
    all.judgements = [judgement(.rejected)]
    expect(.rejected, .verdict, "4, by a judgement")
    all.judgements = []
    all.verdict = .rejected
    expect(.rejected, .verdict, "4, its own")
    all.verdict = nil
    expect(.accepted, .score, "5")
    all.score = nil
    expect(.rejected, .groundedFraction, "6")
    all.groundedFraction = nil
    expect(.accepted, .parent, "7")
    all.parents = Parents(categories: [.accepted, .rejected], count: 2)
    expect(.needsHumanReview, .parentsDisagree, "7")
    all.parents = nil
    expect(.needsHumanReview, .noParent, "7")
    all.isExtraction = false
    expect(.needsHumanReview, .noVerdict, "8")
  }

  @Test func `rules 1 to 6 alone decide what an extraction may rest on`() {
    #expect(decideRun(facts { $0.verdict = .accepted })?.category == .accepted)
    #expect(decideRun(facts { $0.verdict = .skipped })?.rule == .notJudged)
    #expect(decideRun(facts { _ in }) == nil)
    #expect(
      decideRun(
        facts {
          $0.isExtraction = true
          $0.parents = Parents(categories: [.accepted], count: 1)
        }) == nil)
  }

  // MARK: 1. A human's word

  @Test func `the latest word of a human counts`() {
    typealias Word = (category: Stages.Category, time: String?, file: String, line: Int64)
    // Each list from the earliest to the latest.
    let lists: [[Word]] = [
      [(.rejected, nil, "z.jsonl", 9), (.accepted, "1970-01-01T00:00:00Z", "a.jsonl", 0)],
      [(.rejected, "2026-01-01T00:00:00Z", "z.jsonl", 9), (.accepted, "2026-01-02T00:00:00Z", "a.jsonl", 0)],
      [(.rejected, "2026-01-01T00:00:00Z", "z.jsonl", 9), (.accepted, "2026-01-01T00:00:00.000000001Z", "a.jsonl", 0)],
      [(.rejected, "2026-01-01T01:00:00+01:00", "a.jsonl", 9), (.accepted, "2026-01-01T00:00:00Z", "b.jsonl", 0)],
      [(.rejected, nil, "a.jsonl", 9), (.accepted, nil, "a/b.jsonl", 0)],
      [(.rejected, nil, "a.jsonl", 9), (.accepted, nil, "a.jsonl", 10)],
    ]
    for (number, list) in lists.enumerated() {
      for isReversed in [false, true] {
        let order = isReversed ? list.reversed() : list
        let words = order.map { judgement(override: $0.category, time: $0.time, file: $0.file, line: $0.line) }
        let (category, rule) = decide { $0.judgements = words }
        #expect(category == .accepted && rule == .humanOverride, "list \(number), reversed: \(isReversed)")
        // One of them may stand in the run itself.
        let own = decide {
          $0.humanOverride = order[0].category
          $0.timestamp = order[0].time.flatMap(Timestamp.init(rfc3339:))
          $0.sourceFile = order[0].file
          $0.line = order[0].line
          $0.judgements = [words[1]]
        }
        #expect(own.0 == .accepted, "list \(number), own, reversed: \(isReversed)")
      }
    }
  }

  @Test func `a human's word says who decided, and may ask for review`() {
    let own = Rule.decide(facts { $0.humanOverride = .needsHumanReview })
    #expect(own.category == .needsHumanReview && own.decider == .run && own.facts == ["own: needs_human_review"])
    let other = Rule.decide(facts { $0.judgements = [judgement(.accepted), judgement(override: .rejected, line: 3)] })
    #expect(other.decider == .judgement(1) && other.facts == ["j.jsonl:3: rejected"])
  }

  // MARK: 2 to 4. Verdicts

  @Test(
    arguments: [
      (nil, [], [], nil), (.accepted, [], [], .accepted), (.partiallyAccepted, [], [], .partiallyAccepted),
      (.rejected, [], [], .rejected), (.skipped, [], [], .needsHumanReview),
      // Agreement.
      (.accepted, [.accepted], [.accepted, .accepted], .accepted), (nil, [], [.rejected, .rejected], .rejected),
      (.skipped, [], [.accepted], .accepted), (.skipped, [], [.skipped, .rejected], .rejected),
      (nil, [], [.skipped], nil), (.accepted, [.skipped], [.skipped, nil], .accepted),
      // Conflict.
      (.accepted, [], [.rejected], .needsHumanReview), (.accepted, [], [.partiallyAccepted], .needsHumanReview),
      (nil, [], [.accepted, .rejected], .needsHumanReview), (.accepted, [.rejected], [], .needsHumanReview),
      (nil, [.rejected], [.accepted], .needsHumanReview), (nil, [.accepted, .rejected], [], .needsHumanReview),
      (.skipped, [.accepted], [.rejected], .needsHumanReview),
    ] as [(Verdict?, [Verdict], [Verdict?], Stages.Category?)])
  func `verdicts that agree decide, those that differ ask for review`(
    own: Verdict?, others: [Verdict], judgements: [Verdict?], expected: Stages.Category?
  ) {
    let decision = decideRun(
      facts {
        $0.verdict = own
        $0.otherVerdicts = others
        $0.judgements = judgements.map { judgement($0) }
      })
    #expect(decision?.category == expected)
    let known = Set(([own] + others + judgements).compactMap(\.self)).subtracting([.skipped])
    #expect((decision?.rule == .verdictConflict) == (known.count > 1))
  }

  @Test func `a conflict names who said what`() {
    let decision = Rule.decide(
      facts {
        $0.verdict = .accepted
        $0.otherVerdicts = [.skipped, .rejected]
        $0.judgements = [judgement(nil), judgement(.partiallyAccepted, line: 7), judgement(.skipped)]
      })
    #expect(decision.facts == ["own: accepted", "duplicate: rejected", "j.jsonl:7: partially_accepted"])
    #expect(decision.decider == .nobody)
  }

  @Test func `what only a dropped duplicate of a judgement says is a conflict`() {
    let decision = Rule.decide(facts { $0.judgements = [judgement(.accepted, others: [.rejected, .skipped])] })
    #expect(decision.category == .needsHumanReview && decision.rule == .verdictConflict)
    #expect(decision.facts == ["j.jsonl:0: accepted", "duplicate of j.jsonl:0: rejected"])
    #expect(Rule.decide(facts { $0.judgements = [judgement(nil, others: [.accepted])] }).rule == .verdictConflict)
  }

  @Test func `a skipped run is never rejected by its score`() {
    let decided = decide {
      $0.verdict = .skipped
      $0.score = 0
      $0.groundedFraction = 0
      $0.thresholds = thresholds
    }
    #expect(decided == (.needsHumanReview, .notJudged))
  }

  @Test func `the first judgement with a verdict decides, after the run's own`() {
    let own = Rule.decide(
      facts {
        $0.verdict = .rejected
        $0.judgements = [judgement(.rejected)]
      })
    #expect(own.decider == .run && own.facts == ["own: rejected"])
    let other = Rule.decide(
      facts { $0.judgements = [judgement(.skipped), judgement(nil), judgement(.accepted, line: 2)] })
    #expect(other.decider == .judgement(2) && other.facts == ["j.jsonl:2: accepted"])
  }

  /// The log has the run twice, at first without a verdict, then rejected: the second record is dropped as a duplicate,
  /// and its verdict is known.
  @Test(arguments: [nil, Verdict.skipped])
  func `a run whose dropped duplicate was rejected is not accepted by its score`(own: Verdict?) {
    let (category, _) = decide {
      $0.verdict = own
      $0.otherVerdicts = [.rejected]
      $0.score = 0.95
      $0.thresholds = thresholds
    }
    #expect(category == .rejected || category == .needsHumanReview)
  }

  // MARK: 5 and 6. Numbers

  @Test(
    arguments: [
      (0.9, .accepted), (1, .accepted), (0.8999999, .partiallyAccepted), (0.5, .partiallyAccepted), (0.4999, .rejected),
      (-1, .rejected),
    ] as [(Double, Stages.Category)])
  func `a score is compared with the thresholds`(score: Double, expected: Stages.Category) {
    let decided = decide {
      $0.score = score
      $0.groundedFraction = 1
      $0.thresholds = thresholds
    }
    #expect(decided == (expected, .score))
  }

  @Test func `what a number was compared with is said`() {
    func facts(_ score: Double, partialAt: Double?) -> [String] {
      Rule.decide(
        self.facts {
          $0.score = score
          $0.thresholds = Thresholds(score: Thresholds.Cut(acceptAt: 0.9, partialAt: partialAt))
        }
      ).facts
    }
    #expect(facts(1, partialAt: 0.5) == ["1.0 is at least 0.9"])
    #expect(facts(0.75, partialAt: 0.5) == ["0.75 is at least 0.5"])
    #expect(facts(1e-7, partialAt: 0.5) == ["1e-07 is below 0.5"])
    #expect(facts(-12.5, partialAt: nil) == ["-12.5 is below 0.9"])
  }

  @Test func `numbers without thresholds and thresholds without numbers decide nothing`() {
    let none = decide {
      $0.score = 1
      $0.groundedFraction = 1
    }
    #expect(none == (.needsHumanReview, .noVerdict))
    let missing = decide { $0.thresholds = thresholds }
    #expect(missing == (.needsHumanReview, .noVerdict))
    let grounded = decide {
      $0.score = 1
      $0.groundedFraction = 0.79
      $0.thresholds = Thresholds(groundedFraction: thresholds.groundedFraction)
    }
    #expect(grounded == (.rejected, .groundedFraction))
  }

  // MARK: 7. Parents

  @Test func `an extraction is worth what its parents are worth`() {
    for category in Stages.Category.allCases {
      let decision = Rule.decide(
        facts {
          $0.isExtraction = true
          $0.parents = Parents(categories: [category], count: 3)
        })
      #expect(decision.category == category && decision.rule == .parent && decision.decider == .nobody)
      #expect(decision.facts == ["3 runs: \(category.rawValue)"])
    }
    // A run's task may have been decided as well; that says nothing of the run.
    let run = decide { $0.parents = Parents(categories: [.accepted], count: 1) }
    #expect(run == (.needsHumanReview, .noVerdict))
  }
}

/// nil: none of the rules 1 to 6 holds.
private func decideRun(_ facts: RunFacts) -> Decision? {
  let decision = Rule.decide(facts)
  return decision.isOfRunAlone ? decision : nil
}

extension Decision {
  /// The sentences that `reasons` has.
  fileprivate var facts: [String] {
    let text = ByteBuffer()
    ground.append(to: text)
    let list = try? JSON.parse(Array(text.bytes.buffer))
    return list?.array?.compactMap(\.string) ?? ["no list"]
  }
}
