import JSONTape

/// What a pairwise judgement is made of: two texts, and what each voter said of them.
///
/// It feeds pairs and nothing else: that A beats B does not make A good.
public struct Comparison: Sendable, Hashable {
  /// What a vote, or all of them, says.
  public enum Outcome: String, Sendable, CaseIterable { case a, b, tie }

  /// How votes become a winner.
  public enum Decision: String, Sendable, CaseIterable {
    /// More than half of the votes that were given; else a tie.
    case majority
    /// All votes that were given; else a tie.
    case unanimous
  }

  public struct Side: Sendable, Hashable {
    /// nil: the comparison's run id with `#a` or `#b` behind it.
    public var runID: FieldExpression?
    public var text: FieldExpression
    public var modelName: FieldExpression?

    public init(runID: FieldExpression? = nil, text: FieldExpression, modelName: FieldExpression? = nil) {
      self.runID = runID
      self.text = text
      self.modelName = modelName
    }
  }

  /// What a value in the log means. Types are strict, as in the rules of `verdict`; numbers compare by value.
  public struct Meaning: Sendable, Hashable {
    /// A boolean, number or text.
    public var vote: JSON
    public var outcome: Outcome

    public init(vote: JSON, outcome: Outcome) {
      self.vote = vote
      self.outcome = outcome
    }
  }

  public var a: Side
  public var b: Side
  /// At least one. One that is absent was not given.
  public var votes: [FieldExpression]
  /// At least one, in the order of the votes' canonical texts.
  public var winner: [Meaning]
  public var decide: Decision

  public init(
    a: Side, b: Side, votes: [FieldExpression], winner: [Meaning], decide: Decision = .majority
  ) {
    self.a = a
    self.b = b
    self.votes = votes
    self.winner = winner
    self.decide = decide
  }
}
