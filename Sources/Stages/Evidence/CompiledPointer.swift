import JSONTape

/// A pointer made ready for many records: its keys are bytes, so that following it allocates nothing.
final class CompiledPointer {
  private struct Step {
    var key: ByteSlice
    /// The array index that the key also names; -1: none.
    var index: Int
    var isEvery: Bool
  }

  let isFromRoot: Bool
  /// Index into the part's probes; -1: none.
  let probe: Int
  /// As it is written in the configuration.
  let text: String
  private let steps: [Step]
  /// Owns the bytes of the keys.
  private let keys = ByteBuffer(capacity: 64)

  init(_ reference: PointerReference) {
    isFromRoot = reference.base == .root
    probe = reference.probe
    text = (isFromRoot ? "$root" : "") + reference.pointer.text
    var ranges: [Range<Int>] = []
    for token in reference.pointer.tokens {
      let start = keys.count
      if case .key(let name, _) = token { keys.append(name) }
      ranges.append(start..<keys.count)
    }
    var steps: [Step] = []
    for (token, range) in zip(reference.pointer.tokens, ranges) {
      switch token {
      case .key(_, let index): steps.append(Step(key: keys.slice(range), index: index ?? -1, isEvery: false))
      case .every: steps.append(Step(key: .empty, index: -1, isEvery: true))
      }
    }
    self.steps = steps
  }

  var count: Int { steps.count }

  func isEvery(_ step: Int) -> Bool { steps[step].isEvery }

  /// The key of a step, for an error text.
  func name(_ step: Int) -> String { steps[step].isEvery ? "*" : steps[step].key.string() }

  /// Does a step lead to a member with that key?
  func leads(_ step: Int, to key: ByteSlice) -> Bool { steps[step].isEvery || steps[step].key == key }

  /// Does a step lead to the element at `index`?
  func leads(_ step: Int, toElement index: Int) -> Bool { steps[step].isEvery || steps[step].index == index }

  /// What one step leads to from `value`; nil: nowhere. Not for a `*`.
  func follow(_ step: Int, from value: JSONValue) -> JSONValue? {
    let step = steps[step]
    switch value.kind {
    case .object: return value.member(step.key)
    case .array: return step.index >= 0 ? value.element(step.index) : nil
    default: return nil
    }
  }

  /// A key on its way that an object has twice, so that what it finds is one of two values; nil: there is none.
  func repeatedKey(from start: JSONValue) -> String? {
    func repeated(_ value: JSONValue, _ step: Int) -> String? {
      guard step < steps.count else { return nil }
      if steps[step].isEvery {
        for element in value.elements {
          if let key = repeated(element, step + 1) { return key }
        }
        for (_, member) in value.members {
          if let key = repeated(member, step + 1) { return key }
        }
        return nil
      }
      if value.kind == .object, isRepeated(step, in: value) { return name(step) }
      return follow(step, from: value).flatMap { repeated($0, step + 1) }
    }
    return repeated(start, 0)
  }

  /// Has the object the key of that step more than once?
  func isRepeated(_ step: Int, in object: JSONValue) -> Bool {
    object.members.reduce(into: 0) { $0 += $1.key == steps[step].key ? 1 : 0 } > 1
  }

  /// Does it find anything in `start`? A `*` is every element or member.
  func leadsSomewhere(from start: JSONValue) -> Bool {
    func leads(_ value: JSONValue, _ step: Int) -> Bool {
      guard step < steps.count else { return true }
      guard steps[step].isEvery else { return follow(step, from: value).map { leads($0, step + 1) } ?? false }
      return value.elements.contains { leads($0, step + 1) } || value.members.contains { leads($0.value, step + 1) }
    }
    return leads(start, 0)
  }

  /// The value that the pointer leads to, also null; nil: nowhere. A pointer with `*` leads nowhere here.
  func find(in start: JSONValue) -> JSONValue? {
    var value = start
    for step in 0..<steps.count {
      if steps[step].isEvery { return nil }
      guard let next = follow(step, from: value) else { return nil }
      value = next
    }
    return value
  }
}
