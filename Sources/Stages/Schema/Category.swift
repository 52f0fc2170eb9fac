import JSONTape

/// What a run is worth, by its verdicts.
public enum Category: String, Sendable, CaseIterable {
  case accepted
  case partiallyAccepted = "partially_accepted"
  case rejected
  case needsHumanReview = "needs_human_review"
}

extension RawRepresentable where Self: CaseIterable, RawValue == String {
  /// The case with that name; nil: there is none. Makes no String.
  init?(_ name: ByteSlice) {
    for value in Self.allCases where name == value.rawValue {
      self = value
      return
    }
    return nil
  }
}
