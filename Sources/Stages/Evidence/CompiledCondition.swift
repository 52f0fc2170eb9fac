import JSONTape

/// A pointer of `when` and its test, made ready for many records.
final class CompiledCondition {
  private enum Test {
    case oneOf([JSON])
    case atLeast(Double)
    case below(Double)
    case present(Bool)
    case every(JSON)
    case any(JSON)
  }

  let pointer: CompiledPointer
  private let test: Test

  init(_ condition: Condition) {
    pointer = CompiledPointer(condition.reference)
    test =
      switch condition.test {
      case .equals(let json): .oneOf([json])
      case .oneOf(let list): .oneOf(list)
      case .atLeast(let bound): .atLeast(bound)
      case .below(let bound): .below(bound)
      case .present(let present): .present(present)
      case .every(let json): .every(json)
      case .any(let json): .any(json)
      }
  }

  /// A pointer with `*` finds many values: all tests but `every` hold if one of them passes.
  func holds(in scope: RecordScope) -> Bool {
    var count = PassCount()
    if let start = scope.start(of: pointer) { visit(start, from: 0, &count) }
    scope.probes.note(pointer.probe, found: count.found > 0)
    return switch test {
    case .every: count.found > 0 && count.passed == count.found
    case .present(false): count.passed == 0
    default: count.passed > 0
    }
  }

  private struct PassCount {
    var found = 0
    var passed = 0
  }

  private func visit(_ value: JSONValue, from step: Int, _ count: inout PassCount) {
    guard step < pointer.count else {
      count.found += 1
      if passes(value) { count.passed += 1 }
      return
    }
    guard pointer.isEvery(step) else {
      if let next = pointer.follow(step, from: value) { visit(next, from: step + 1, &count) }
      return
    }
    for element in value.elements { visit(element, from: step + 1, &count) }
    for (_, member) in value.members { visit(member, from: step + 1, &count) }
  }

  private func passes(_ value: JSONValue) -> Bool {
    switch test {
    case .oneOf(let list): list.contains { Self.isEqual(value, $0) }
    case .every(let json), .any(let json): Self.isEqual(value, json)
    case .atLeast(let bound): value.double.map { $0 >= bound } ?? false
    case .below(let bound): value.double.map { $0 < bound } ?? false
    case .present: !value.isNull
    }
  }

  /// Types are strict; numbers compare by value, strings byte for byte.
  static func isEqual(_ value: JSONValue, _ json: JSON) -> Bool {
    switch json {
    case .null: return value.isNull
    case .bool(let bool): return value.bool == bool
    case .string(let text): return value.string.map { $0 == text } ?? false
    case .integer(let integer):
      if let actual = value.integer { return actual == integer }
      return value.double == Double(integer)
    case .double(let double): return value.double == double
    case .array, .object: return false
    }
  }
}
