/// What a run is worth, by its verdicts.
public enum Category: String, Sendable, CaseIterable {
  case accepted
  case partiallyAccepted = "partially_accepted"
  case rejected
  case needsHumanReview = "needs_human_review"
}
