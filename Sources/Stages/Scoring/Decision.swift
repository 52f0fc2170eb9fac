import JSONTape
import Receipts

/// A judgement about a run that is recorded elsewhere.
struct Judgement {
  var verdict: Verdict?
  var humanOverride: Category?
  var timestamp: Timestamp?
  /// Where it was read: breaks ties of time.
  var sourceFile: String
  var line: Int64
  /// `source/run_id`, for the facts.
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
  var timestamp: Timestamp?
  var sourceFile = ""
  var line: Int64 = 0
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
enum RuleID: String, CaseIterable {
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

struct Decision {
  enum Decider: Equatable {
    case run
    /// Nobody judged.
    case nobody
    /// Index into the run's judgements.
    case judgement(Int)
  }
  var category: Category
  var rule: RuleID
  var facts: [String]
  var decider: Decider

  init(_ category: Category, _ rule: RuleID, _ facts: [String], decider: Decider = .run) {
    self.category = category
    self.rule = rule
    self.facts = facts
    self.decider = decider
  }

  /// By rules 1 to 6, which ask nothing of other runs: what an extraction may rest on.
  var isOfRunAlone: Bool {
    switch rule {
    case .humanOverride, .verdictConflict, .notJudged, .verdict, .score, .groundedFraction: true
    case .parent, .parentsDisagree, .noParent, .noVerdict: false
    }
  }
}
