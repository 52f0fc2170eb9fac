import JSONTape

/// The first field in which two JSON values differ.
struct FieldDifference: Equatable {
  /// RFC 6901.
  var pointer: String
  /// nil: there is no such field.
  var expected: JSON?
  var found: JSON?

  /// In the order of `expected`, depth first; members that only `found` has come last. nil: the same values, though
  /// perhaps in another order or spelling.
  static func first(_ expected: JSON?, _ found: JSON?, at pointer: String = "") -> FieldDifference? {
    switch (expected, found) {
    case (.object(let before)?, .object(let after)?):
      for (key, value) in before {
        if let difference = first(value, after[key], at: "\(pointer)/\(key.pointerToken)") { return difference }
      }
      for (key, value) in after where before[key] == nil {
        return FieldDifference(pointer: "\(pointer)/\(key.pointerToken)", expected: nil, found: value)
      }
      return nil
    case (.array(let before)?, .array(let after)?):
      for index in 0..<max(before.count, after.count) {
        // Of a list that ends before there is none, which a literal nil would not say: it is JSON's null.
        let old: JSON? = before.indices.contains(index) ? .some(before[index]) : .none
        let new: JSON? = after.indices.contains(index) ? .some(after[index]) : .none
        if let difference = first(old, new, at: "\(pointer)/\(index)") { return difference }
      }
      return nil
    default:
      return expected == found ? nil : FieldDifference(pointer: pointer, expected: expected, found: found)
    }
  }

  static func text(_ value: JSON?) -> String { value?.canonicalString ?? "nothing" }
}
