import JSONTape
import Receipts
import Stages

/// The ids of the scoring rules, as scored runs name them.
enum ScoringRule: String, Sendable, CaseIterable {
  case humanOverride = "human_override"
  case verdictConflict = "verdict_conflict"
  case notJudged = "not_judged"
  case verdict
  case score
  case groundedFraction = "grounded_fraction"
  case parent
  case parentsDisagree = "parents_disagree"
  case noParent = "no_parent"
  case noVerdict = "no_verdict"
}

/// What the auditor makes of a run: written from the description of the rules, apart from the stage that scores.
struct Ruling: Sendable {
  enum Judge: Sendable {
    case nobody
    /// The one that the run's own record names.
    case own
    case human
    /// The judgement's, else (where a human's word decided) a human.
    case judgement(Int, isHuman: Bool)
  }
  /// What the scored run says of why.
  enum Facts: Sendable {
    case texts([String])
    /// A number that is at least, or below, where it was cut.
    case measured(Double, isEnough: Bool, Double)
  }
  var category: Category
  var rule: ScoringRule
  var facts: Facts
  var judge: Judge

  init(category: Category, rule: ScoringRule, facts: Facts, judge: Judge) {
    self.category = category
    self.rule = rule
    self.facts = facts
    self.judge = judge
  }

  init(category: Category, rule: ScoringRule, facts: [String], judge: Judge) {
    self.init(category: category, rule: rule, facts: .texts(facts), judge: judge)
  }

  var factTexts: [String] {
    switch facts {
    case .texts(let texts): texts
    case .measured(let value, let isEnough, let cut): ["\(value) is \(isEnough ? "at least" : "below") \(cut)"]
    }
  }
}

/// Where a number is enough.
final class Cut: Sendable {
  let acceptAt: Double
  let partialAt: Double?
  /// As facts have them.
  private let acceptWords: String
  private let partialWords: String?

  init?(_ json: JSON?) {
    guard let acceptAt = json?["accept_at"]?.double else { return nil }
    self.acceptAt = acceptAt
    partialAt = json?["partial_at"]?.double
    acceptWords = "\(acceptAt)"
    partialWords = partialAt.map { "\($0)" }
  }

  /// The number with which a number of that category was compared, as facts have it.
  func words(_ category: Category) -> String { category == .accepted ? acceptWords : partialWords ?? acceptWords }
}

/// All that is known of one run.
struct RunKnowledge {
  var verdict: Verdict?
  var droppedVerdicts: [Verdict] = []
  var humanOverride: Category?
  var timestamp: Timestamp?
  var sourceFile = ""
  var line: Int64 = 0
  var score: Double?
  var scoreCut: Cut?
  var groundedFraction: Double?
  var groundedCut: Cut?
  /// That are about these very words of the run, by time, file, line.
  var judgements: [EvidenceJudgement] = []
  /// nil: it is no extraction.
  var parents: Parents?

  struct Parents {
    /// Distinct, best first.
    var categories: [Category]
    var count: Int
  }

  /// The first rule that holds.
  func ruling() -> Ruling {
    if let ruling = rulingOfRun() { return ruling }
    guard let parents else { return Ruling(category: .needsHumanReview, rule: .noVerdict, facts: [], judge: .nobody) }
    guard let category = parents.categories.first else {
      return Ruling(category: .needsHumanReview, rule: .noParent, facts: [], judge: .nobody)
    }
    let fact =
      "\(parents.count) \(parents.count == 1 ? "run" : "runs"): "
      + parents.categories.map(\.rawValue).joined(separator: ", ")
    return parents.categories.count == 1
      ? Ruling(category: category, rule: .parent, facts: [fact], judge: .nobody)
      : Ruling(category: .needsHumanReview, rule: .parentsDisagree, facts: [fact], judge: .nobody)
  }

  /// Rules 1 to 6; nil: none holds.
  func rulingOfRun() -> Ruling? {
    if let word = lastHumanWord() { return word }
    let judged = judgements.enumerated().compactMap { index, judgement in
      judgement.verdict.flatMap(Category.init).map { (index: index, category: $0) }
    }
    let own = verdict.flatMap(Category.init)
    let dropped = droppedVerdicts.filter { $0 != .skipped }
    let droppedJudged = judgements.flatMap(\.droppedVerdicts).compactMap(Category.init)
    // Most runs have one word at most.
    if !judged.isEmpty || !dropped.isEmpty || !droppedJudged.isEmpty {
      let words = Set(
        judged.map(\.category) + [own].compactMap { $0 } + dropped.compactMap(Category.init) + droppedJudged)
      // What only a dropped duplicate says, the run that stayed does not.
      if words.count > 1 || (own == nil && judged.isEmpty) { return conflict(own, dropped) }
    }
    if let own { return Ruling(category: own, rule: .verdict, facts: Self.ownFacts[own] ?? [], judge: .own) }
    if let first = judged.first {
      return Ruling(
        category: first.category, rule: .verdict,
        facts: ["\(judgements[first.index].label): \(first.category.rawValue)"],
        judge: .judgement(first.index, isHuman: false))
    }
    if verdict == .skipped {
      return Ruling(category: .needsHumanReview, rule: .notJudged, facts: ["own: skipped"], judge: .nobody)
    }
    if let score, let scoreCut { return Self.measured(score, scoreCut, .score) }
    if let groundedFraction, let groundedCut { return Self.measured(groundedFraction, groundedCut, .groundedFraction) }
    return nil
  }

  /// What is said of a run that its own verdict decides: made once, because most are.
  private static let ownFacts = Dictionary(
    uniqueKeysWithValues: Category.allCases.map { ($0, ["own: \($0.rawValue)"]) })

  private func conflict(_ own: Category?, _ dropped: [Verdict]) -> Ruling {
    var facts = own.map { ["own: \($0.rawValue)"] } ?? []
    facts += dropped.map { "duplicate: \($0.rawValue)" }
    for judgement in judgements {
      if let category = judgement.verdict.flatMap(Category.init) {
        facts.append("\(judgement.label): \(category.rawValue)")
      }
      facts += judgement.droppedVerdicts.compactMap(Category.init).map {
        "duplicate of \(judgement.label): \($0.rawValue)"
      }
    }
    return Ruling(category: .needsHumanReview, rule: .verdictConflict, facts: facts, judge: .nobody)
  }

  /// The latest, by time, file, line; one without a time is the earliest.
  private func lastHumanWord() -> Ruling? {
    var last: (order: Order, ruling: Ruling)?
    func consider(_ order: Order, _ ruling: Ruling) {
      if let known = last, !(known.order < order) { return }
      last = (order, ruling)
    }
    if let humanOverride {
      consider(
        Order(timestamp, sourceFile, line),
        Ruling(
          category: humanOverride, rule: .humanOverride, facts: ["own: \(humanOverride.rawValue)"], judge: .human))
    }
    for (index, judgement) in judgements.enumerated() {
      guard let category = judgement.humanOverride else { continue }
      consider(
        Order(judgement.timestamp, judgement.sourceFile, judgement.line),
        Ruling(
          category: category, rule: .humanOverride, facts: ["\(judgement.label): \(category.rawValue)"],
          judge: .judgement(index, isHuman: true)))
    }
    return last?.ruling
  }

  private static func measured(_ value: Double, _ cut: Cut, _ rule: ScoringRule) -> Ruling {
    if value >= cut.acceptAt {
      return Ruling(category: .accepted, rule: rule, facts: .measured(value, isEnough: true, cut.acceptAt), judge: .own)
    }
    if let partial = cut.partialAt, value >= partial {
      return Ruling(
        category: .partiallyAccepted, rule: rule, facts: .measured(value, isEnough: true, partial), judge: .own)
    }
    return Ruling(
      category: .rejected, rule: rule, facts: .measured(value, isEnough: false, cut.partialAt ?? cut.acceptAt),
      judge: .own)
  }

  /// The order of what was said.
  struct Order: Comparable {
    private var time: (Int64, Int32)
    private var file: String
    private var line: Int64

    init(_ timestamp: Timestamp?, _ file: String, _ line: Int64) {
      time = timestamp.map { ($0.seconds, $0.nanoseconds) } ?? (.min, 0)
      self.file = file
      self.line = line
    }

    static func == (left: Order, right: Order) -> Bool { !(left < right) && !(right < left) }

    static func < (left: Order, right: Order) -> Bool {
      if left.time != right.time { return left.time < right.time }
      if !left.file.utf8.elementsEqual(right.file.utf8) {
        return left.file.utf8.lexicographicallyPrecedes(right.file.utf8)
      }
      return left.line < right.line
    }
  }
}

extension Category {
  /// nil: `skipped` is no verdict.
  init?(_ verdict: Verdict) { self.init(rawValue: verdict.rawValue) }
}

extension EvidenceJudgement {
  var label: String { "\(source) \(sourceFile):\(line + 1)" }
  var order: RunKnowledge.Order { RunKnowledge.Order(timestamp, sourceFile, line) }
}
