import JSONTape
import Receipts

/// Reads the `map` of a part: the layers of a preset, its part, the source and the source's part, field by field.
struct MappingReader {
  static let aboutKeys = ["source", "kind", "run_id", "task_id", "text_sha256"]
  private static let objectKeys = ["validation_results", "about", "judged_by"]
  static let keys = EvidenceField.allCases.map(\.rawValue) + objectKeys
  static let sides = ["a", "b"]
  /// What a comparison says of itself. The rest is said of runs.
  private static let comparisonKeys: [EvidenceField] = [
    .runID, .taskID, .timestamp, .prompt, .sourceFiles, .gitSHA, .latencyMS, .costUSD,
  ]

  let kind: RecordKind
  /// Whether `verdict` has rules.
  let hasRules: Bool

  /// - Parameter layers: the first that has a field wins.
  func read(
    _ layers: [ConfigurationNode], _ expressions: inout ExpressionReader
  ) throws(DistillError) -> FieldMap {
    let section = try self.section(layers)
    var map = FieldMap()
    for field in EvidenceField.allCases {
      guard let node = section[field.rawValue] else { continue }
      if kind == .comparison, !Self.comparisonKeys.contains(field), node.scalar != .null {
        throw node.error(
          "`map.\(field.rawValue)` is not for a comparison, which says nothing of a run by itself",
          hint: "its texts stand in `map.a` and `map.b`, what was said of them in `votes`")
      }
      if field == .verdict, hasRules, node.scalar != .null {
        throw node.error(
          "`map.verdict` stands beside rules in `verdict`",
          hint: "keep the rules, or the field if the log uses our words")
      }
      let expression = try expressions.read(node, as: field.shape, key: "map.\(field.rawValue)")
      try checkVaries(expression, node, field.rawValue, isRunID: field == .runID, isText: field == .text)
      // null takes a preset's field away.
      if expression != .constant(.null) { map.fields[field] = expression }
    }
    if let node = section["validation_results"], node.scalar != .null {
      map.validationResults = try validationResults(node, &expressions)
    }
    if let node = section["about"], node.scalar != .null { map.about = try about(node, &expressions) }
    if let node = section["judged_by"], node.scalar != .null {
      map.judgedBy = try JudgedBy(node, key: "map.judged_by", &expressions)
    }
    return map
  }

  /// The two texts of a comparison.
  func sides(
    _ layers: [ConfigurationNode], _ expressions: inout ExpressionReader
  ) throws(DistillError) -> (a: Comparison.Side, b: Comparison.Side) {
    let section = try self.section(layers)
    return (try side("a", section, &expressions), try side("b", section, &expressions))
  }

  private func side(
    _ name: String, _ section: ConfigurationSection, _ expressions: inout ExpressionReader
  ) throws(DistillError) -> Comparison.Side {
    guard let node = section[name], node.scalar != .null else {
      throw section.missing(name, hint: "a comparison has two texts, as in map: {a: {text: /a}, b: {text: /b}}")
    }
    let side = try ConfigurationSection(node, of: "map.\(name)", keys: ["run_id", "text", "model_name"])
    func read(_ key: String) throws(DistillError) -> FieldExpression? {
      guard let node = side[key] else { return nil }
      let expression = try expressions.read(node, as: .text, key: "map.\(name).\(key)")
      try checkVaries(expression, node, "\(name).\(key)", isRunID: key == "run_id", isText: key == "text")
      return expression == .constant(.null) ? nil : expression
    }
    let runID = try read("run_id")
    guard let text = try read("text") else { throw side.missing("text") }
    return Comparison.Side(runID: runID, text: text, modelName: try read("model_name"))
  }

  /// A record is known by its run id, and its text is what it came to.
  private func checkVaries(
    _ expression: FieldExpression, _ node: ConfigurationNode, _ field: String, isRunID: Bool, isText: Bool
  ) throws(DistillError) {
    guard isRunID || isText else { return }
    let records = kind == .verdict ? "judgements" : "\(kind.rawValue)s"
    try ConstantField.check(
      expression, node, key: "map.\(field)",
      consequence: isRunID ? "all \(records) would be one" : "all \(records) would say the same")
  }

  private func section(_ layers: [ConfigurationNode]) throws(DistillError) -> ConfigurationSection {
    try ConfigurationSection(layers, of: "map", keys: Self.keys + (kind == .comparison ? Self.sides : []))
  }

  /// What a program without a map fills: the evidence fields by their own names.
  var identity: FieldMap {
    func pointer(_ text: String) -> FieldExpression {
      .pointer(PointerReference(pointer: Pointer(text, allowingEvery: false)!))
    }
    var map = FieldMap()
    map.isIdentity = true
    for field in EvidenceField.allCases where !(field == .verdict && hasRules) {
      map.fields[field] = pointer("/\(field.rawValue)")
    }
    map.validationResults = .whole(pointer("/validation_results"))
    if kind != .run { map.about = Self.aboutKeys.map { .init(key: $0, expression: pointer("/about/\($0)")) } }
    return map
  }

  private func validationResults(
    _ node: ConfigurationNode, _ expressions: inout ExpressionReader
  ) throws(DistillError) -> FieldMap.ValidationResults {
    let key = "map.validation_results"
    let isForm =
      node.mapping?.first.map { ["from", "jq"].contains($0.key) } ?? false
      || (node["lookup"] != nil && node["value"] != nil)
    guard let members = node.mapping, !isForm else {
      let expression = try expressions.read(node, as: .any, key: key)
      switch expression {
      case .pointer, .jq, .lookup: return .whole(expression)
      default: throw node.wrongType(key, expected: "a mapping, or a pointer to an object")
      }
    }
    let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    var entries: [FieldMap.Entry] = []
    for member in sorted {
      entries.append(
        .init(key: member.key, expression: try expressions.read(member.value, as: .any, key: "\(key).\(member.key)")))
    }
    return .fields(entries)
  }

  private func about(
    _ node: ConfigurationNode, _ expressions: inout ExpressionReader
  ) throws(DistillError) -> [FieldMap.Entry] {
    guard kind != .run, kind != .comparison else {
      throw node.error(
        "`map.about` is for a judgement or an extraction", hint: "write kind: verdict or kind: extraction")
    }
    let section = try ConfigurationSection(node, of: "about", keys: Self.aboutKeys)
    var entries: [FieldMap.Entry] = []
    for key in Self.aboutKeys {
      guard let node = section[key] else { continue }
      let shape: FieldShape =
        key == "kind" ? .word([RecordKind.run, .verdict, .extraction].map(\.rawValue)) : .text
      let expression = try expressions.read(node, as: shape, key: "map.about.\(key)")
      if expression != .constant(.null) { entries.append(.init(key: key, expression: expression)) }
    }
    return entries
  }
}

extension JudgedBy {
  /// - Parameter key: `judged_by` or `map.judged_by`.
  init(_ node: ConfigurationNode, key: String, _ expressions: inout ExpressionReader) throws(DistillError) {
    let section = try ConfigurationSection(node, of: key, keys: ["kind", "name"])
    kind = try section.required("kind").word("kind", of: Self.kinds)
    guard let node = section["name"] else { return }
    let name = try expressions.read(node, as: .text, key: "\(key).name")
    if name != .constant(.null) { self.name = name }
  }
}
