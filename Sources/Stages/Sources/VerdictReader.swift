import JSONTape
import Receipts

/// Reads the `verdict` rules of a part.
struct VerdictReader {
  private static let testKeys = ["at_least", "below", "present", "every", "any"]

  static func read(
    _ node: ConfigurationNode, _ expressions: inout ExpressionReader
  ) throws(DistillError) -> [VerdictRule] {
    guard let list = node.list else {
      throw node.wrongType(
        "verdict", expected: "a list of rules",
        hint: "a verdict that the log says in our words is mapped: map: {verdict: /…}")
    }
    var rules: [VerdictRule] = []
    for (index, entry) in list.enumerated() {
      let section = try ConfigurationSection(entry, of: "a rule", keys: ["when", "is", "optional", "otherwise"])
      if let otherwise = section["otherwise"] {
        rules.append(try self.otherwise(otherwise, section, isLast: index == list.count - 1))
        continue
      }
      guard let when = section["when"] else {
        throw section.missing("when", hint: "as in {when: {/ok: true}, is: accepted}")
      }
      let verdict = try section.required("is").choice("is", of: Verdict.allCases)
      let optional = try section["optional"]?.boolean("optional") ?? false
      let conditions = try conditions(when, key: "verdict[\(index)].when", optional: optional, &expressions)
      rules.append(VerdictRule(conditions: conditions, verdict: verdict))
    }
    return rules
  }

  private static func otherwise(
    _ node: ConfigurationNode, _ section: ConfigurationSection, isLast: Bool
  ) throws(DistillError) -> VerdictRule {
    for key in ["when", "is", "optional"] {
      if let other = section[key] {
        throw other.error("`\(key)` stands beside `otherwise`", hint: "make them two rules, `otherwise` the last")
      }
    }
    let verdict = try node.choice("otherwise", of: Verdict.allCases)
    switch verdict {
    case .accepted, .partiallyAccepted:
      throw node.error(
        "`otherwise: \(verdict.rawValue)` would let records through that no rule has looked at",
        hint: "write what makes a run good as a `when`, and `otherwise: rejected`, or leave it out")
    case .rejected, .skipped: break
    }
    guard isLast else { throw node.error("`otherwise` is not the last rule: the ones behind it would never be tried") }
    return VerdictRule(conditions: [], verdict: verdict)
  }

  private static func conditions(
    _ node: ConfigurationNode, key: String, optional: Bool, _ expressions: inout ExpressionReader
  ) throws(DistillError) -> [Condition] {
    guard let members = node.mapping else {
      throw node.wrongType("when", expected: "a mapping of pointers", hint: "as in {when: {/ok: true}, is: accepted}")
    }
    guard !members.isEmpty else { throw node.error("an empty `when` would hold for every record") }
    var conditions: [Condition] = []
    // All must hold, so their order says nothing.
    for member in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      guard PointerReference.isPointer(member.key) else {
        throw DistillError(
          .data, "`\(member.key)` is not a pointer", place: member.place?.text,
          hint: "a pointer begins with / or is $root/…, as in {when: {/ok: true}, is: accepted}")
      }
      let tests = try tests(member.value, of: member.key)
      let reference = try expressions.reference(
        member.key, allowingEvery: true, key: key, optional: optional, place: member.place)
      for test in tests {
        switch (test, reference.pointer.hasEvery) {
        case (.every, true), (.any, true), (.equals, false), (.oneOf, false), (.atLeast, false), (.below, false),
          (.present, false):
          conditions.append(Condition(reference: reference, test: test))
        case (.every, false), (.any, false):
          throw member.value.error(
            "`every` and `any` want a * in the pointer, `\(member.key)` has none",
            hint: "as in {/results/*/passed: {every: true}}")
        default:
          throw member.value.error(
            "`\(member.key)` finds many values, and this compares one", hint: "write {every: …} or {any: …}")
        }
      }
    }
    return conditions
  }

  /// More than one for a range.
  private static func tests(_ node: ConfigurationNode, of pointer: String) throws(DistillError) -> [Condition.Test] {
    switch node.content {
    case .scalar: return [.equals(node.canonical)]
    case .list(let entries):
      guard !entries.isEmpty else { throw node.error("an empty list is never met") }
      var values: [JSON] = []
      for entry in entries { values.append(try scalar(entry, pointer)) }
      return [.oneOf(values)]
    case .mapping: break
    }
    let section = try ConfigurationSection(node, of: "a condition", keys: testKeys)
    var tests: [Condition.Test] = []
    if let value = section["at_least"] { tests.append(.atLeast(try value.number("at_least"))) }
    if let value = section["below"] { tests.append(.below(try value.number("below"))) }
    if case .atLeast(let low)? = tests.first, case .below(let high)? = tests.last, low >= high {
      throw node.error("no number is at least \(low) and below \(high)")
    }
    if let value = section["present"] { tests.append(.present(try value.boolean("present"))) }
    if let value = section["every"] { tests.append(.every(try scalar(value, "every"))) }
    if let value = section["any"] { tests.append(.any(try scalar(value, "any"))) }
    let isRange = section["at_least"] != nil && section["below"] != nil
    guard tests.count == (isRange ? 2 : 1) else {
      throw node.error(
        tests.isEmpty
          ? "the condition on `\(pointer)` is empty" : "the condition on `\(pointer)` says more than one thing",
        hint: "one of \(testKeys.joined(separator: ", ")), or at_least and below together")
    }
    return tests
  }

  private static func scalar(_ node: ConfigurationNode, _ key: String) throws(DistillError) -> JSON {
    guard node.scalar != nil else { throw node.wrongType(key, expected: "a text, a number, a boolean or null") }
    return node.canonical
  }
}
