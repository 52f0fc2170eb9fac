import JSONTape
import Receipts

/// A judgement about a run that is recorded elsewhere.
struct Judgement {
  var verdict: Verdict?
  /// Of its duplicates that were dropped and differ.
  var otherVerdicts: [Verdict]
  var humanOverride: Category?
  var timestamp: Timestamp?
  /// Where it was read: breaks ties of time.
  var sourceFile: String
  var line: Int64
  /// `source file:line`, for the facts.
  var label: String
  var judgedBy: JSON
}

/// What is known of the runs that an extraction was distilled from.
struct Parents {
  /// Distinct, in the order of the categories.
  var categories: [Category]
  var count: Int
}

/// Everything that the rules look at.
struct RunFacts {
  var verdict: Verdict?
  /// Of duplicates that were dropped and differ.
  var otherVerdicts: [Verdict] = []
  var humanOverride: Category?
  /// Time and place tell which word of a human is the later one: they need not be known where there are no judgements.
  var timestamp: Timestamp?
  var sourceFile = ""
  var line: Int64 = 0
  /// Need not be known without thresholds for it, nor the next.
  var score: Double?
  var groundedFraction: Double?
  var thresholds = Thresholds()
  /// In the order of (time, file, place).
  var judgements: [Judgement] = []
  var isExtraction = false
  /// nil: none was found.
  var parents: Parents?
}

/// The rule ids, as `reasons` and `by_rule` name them.
package enum RuleID: String, CaseIterable {
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

extension RuleID {
  static let inOrder = allCases
  /// Its place among all.
  var code: Int { Self.inOrder.firstIndex(of: self) ?? 0 }
}

extension Category {
  static let inOrder = allCases
  /// Its place among all.
  var code: Int { Self.inOrder.firstIndex(of: self) ?? 0 }
}

struct Decision {
  enum Decider: Equatable {
    case run
    /// Nobody judged.
    case nobody
    /// Index into the run's judgements.
    case judgement(Int)
  }

  /// What the rule saw. The common ones become text only where they are written.
  enum Ground {
    case nothing
    case ownVerdict(Verdict)
    case atLeast(Double, Double)
    case below(Double, Double)
    case facts([String])
  }
  var category: Category
  var rule: RuleID
  var ground: Ground
  var decider: Decider

  init(_ category: Category, _ rule: RuleID, _ ground: Ground, decider: Decider = .run) {
    self.category = category
    self.rule = rule
    self.ground = ground
    self.decider = decider
  }

  init(_ category: Category, _ rule: RuleID, _ facts: [String], decider: Decider = .run) {
    self.init(category, rule, .facts(facts), decider: decider)
  }

  /// By rules 1 to 6, which ask nothing of other runs: what an extraction may rest on.
  var isOfRunAlone: Bool {
    switch rule {
    case .humanOverride, .verdictConflict, .notJudged, .verdict, .score, .groundedFraction: true
    case .parent, .parentsDisagree, .noParent, .noVerdict: false
    }
  }
}

extension Decision.Ground {
  /// Appends a JSON list of sentences.
  func append(to output: ByteBuffer) {
    switch self {
    case .nothing: output.append("[]")
    case .ownVerdict(let verdict):
      output.append("[\"own: ")
      output.append(verdict.rawValue)
      output.append("\"]")
    case .atLeast(let value, let cut): append(value, " is at least ", cut, to: output)
    case .below(let value, let cut): append(value, " is below ", cut, to: output)
    case .facts(let facts):
      var writer = JSONWriter(output)
      writer.beginArray()
      for fact in facts { writer.string(fact) }
      writer.endArray()
    }
  }

  private func append(_ value: Double, _ relation: StaticString, _ cut: Double, to output: ByteBuffer) {
    output.append("[\"")
    output.append(value.description)
    output.append(relation)
    output.append(cut.description)
    output.append("\"]")
  }
}
