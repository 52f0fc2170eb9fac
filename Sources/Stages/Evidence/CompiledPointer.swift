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

  /// What one step leads to from `value`; nil: nowhere. Not for a `*`.
  func follow(_ step: Int, from value: JSONValue) -> JSONValue? {
    let step = steps[step]
    switch value.kind {
    case .object: return value.member(step.key)
    case .array: return step.index >= 0 ? value.element(step.index) : nil
    default: return nil
    }
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
