import JSONTape
import Receipts

extension Source {
  /// All of the source that can change a byte of what is built, in the language of the configuration: the preset
  /// expanded, defaults written out, no comments and no places. Equal for configurations that mean the same.
  public var slice: JSON {
    var members: [(String, JSON)] = [
      ("name", .string(name)),
      ("files", .array(files.map { .string($0.text) })),
    ]
    if !ignore.isEmpty { members.append(("ignore", .array(ignore.map { .string($0.text) }))) }
    if let format { members.append(("format", .string(format.rawValue))) }
    if let unit { members.append(("unit", .string(unit.rawValue))) }
    members.append(("records", .string(records.text)))
    members.append(("max_record_bytes", .integer(Int64(maxRecordBytes))))
    if let repository { members.append(("repository", .string(repository))) }
    if !lookups.isEmpty {
      members.append(("lookups", .object(JSONObject(lookups.map { ($0.name, $0.slice) }))))
    }
    let captures = CaptureScope(files: files)
    members.append(("parts", .array(parts.map { SliceWriter(probes: $0.probes, captures: captures).json($0) })))
    return .object(JSONObject(members))
  }

  /// - Parameter slice: as from `slice`; the source is then equal but for its places.
  public init(slice: JSON) throws(DistillError) {
    self = try SourceReader.read(ConfigurationNode(slice))
  }
}

extension Lookup {
  /// In the language of the configuration, without the name.
  var slice: JSON {
    var members: [(String, JSON)] = [("files", .array(files.map { .string($0.text) }))]
    if !ignore.isEmpty { members.append(("ignore", .array(ignore.map { .string($0.text) }))) }
    if let format { members.append(("format", .string(format.rawValue))) }
    members.append(("records", .string(records.text)))
    members.append(("key", keySlice))
    return .object(JSONObject(members))
  }

  var keySlice: JSON { SliceWriter(probes: [], captures: CaptureScope(files: [])).json(key) }
}

/// Writes a part in the language of the configuration.
private struct SliceWriter {
  let probes: [Probe]
  let captures: CaptureScope

  func json(_ part: Part) -> JSON {
    var members: [(String, JSON)] = []
    if let only = part.only { members.append(("only", .string(only.text))) }
    members.append(("kind", .string(part.kind.rawValue)))
    if let jq = part.jq { members.append(("jq", .string(jq))) }
    if !part.map.isIdentity { members.append(("map", json(part.map, part.comparison))) }
    if !part.verdict.isEmpty { members.append(("verdict", .array(part.verdict.map { json($0) }))) }
    if let thresholds = json(part.thresholds) { members.append(("thresholds", thresholds)) }
    if let judgedBy = part.judgedBy { members.append(("judged_by", json(judgedBy))) }
    members.append(("time_zone", .string(TimeZoneOffset.text(part.timeZoneOffset))))
    if !part.never.isEmpty { members.append(("never", .array(part.never.map { .string($0.text) }))) }
    if let comparison = part.comparison {
      members.append(("votes", .array(comparison.votes.map { json($0) })))
      members.append(
        ("winner", .array(comparison.winner.map { ["vote": $0.vote, "is": .string($0.outcome.rawValue)] })))
      members.append(("decide", .string(comparison.decide.rawValue)))
    }
    return .object(JSONObject(members))
  }

  // MARK: map

  private func json(_ map: FieldMap, _ comparison: Comparison?) -> JSON {
    var members: [(String, JSON)] = EvidenceField.allCases.compactMap { field in
      map.fields[field].map { (field.rawValue, json($0)) }
    }
    switch map.validationResults {
    case .fields(let entries): members.append(("validation_results", json(entries)))
    case .whole(let expression): members.append(("validation_results", json(expression)))
    case nil: break
    }
    if !map.about.isEmpty { members.append(("about", json(map.about))) }
    if let judgedBy = map.judgedBy { members.append(("judged_by", json(judgedBy))) }
    if let comparison { members += [("a", json(comparison.a)), ("b", json(comparison.b))] }
    return .object(JSONObject(members))
  }

  private func json(_ side: Comparison.Side) -> JSON {
    var members: [(String, JSON)] = []
    if let runID = side.runID { members.append(("run_id", json(runID))) }
    members.append(("text", json(side.text)))
    if let modelName = side.modelName { members.append(("model_name", json(modelName))) }
    return .object(JSONObject(members))
  }

  private func json(_ entries: [FieldMap.Entry]) -> JSON {
    .object(JSONObject(entries.map { ($0.key, json($0.expression)) }))
  }

  private func json(_ judgedBy: JudgedBy) -> JSON {
    var members: [(String, JSON)] = [("kind", .string(judgedBy.kind))]
    if let name = judgedBy.name { members.append(("name", json(name))) }
    return .object(JSONObject(members))
  }

  /// - Parameter isEntry: of a first-of list, which says itself whether it may be missing.
  func json(_ expression: FieldExpression, isEntry: Bool = false) -> JSON {
    let optional = !isEntry && isOptional(expression)
    func form(_ key: String, _ value: JSON, _ others: [(String, JSON)] = []) -> JSON {
      .object(JSONObject([(key, value)] + others + (optional ? [("optional", true)] : [])))
    }
    func plain(_ value: JSON) -> JSON { optional ? form("from", value) : value }
    switch expression {
    case .constant(let value): return ["const": value]
    case .pointer(let reference): return plain(.string(reference.text))
    case .template(let pieces): return plain(.string(TemplateText.write(pieces)))
    case .firstOf(let entries, _): return plain(.array(entries.map { json($0, isEntry: true) }))
    case .lastMessage(let reference, let role, let final):
      var others: [(String, JSON)] = []
      if let role { others.append(("role", .string(role))) }
      if final { others.append(("final", true)) }
      return form("last", .string(reference.text), others)
    case .messages(let reference, let shape):
      return form("from", .string(reference.text), [("shape", .string(shape.rawValue))])
    case .jq(let program): return ["jq": .string(program)]
    case .lookup(let reference):
      return form(
        "lookup", .string(reference.lookup),
        [("key", json(reference.key, isEntry: true)), ("value", .string(reference.value.text))])
    }
  }

  private func isOptional(_ expression: FieldExpression) -> Bool {
    switch expression {
    case .constant, .jq: false
    case .pointer(let reference), .lastMessage(let reference, _, _), .messages(let reference, _):
      isOptional(reference.probe)
    case .template(let pieces): pieces.contains { isOptional($0) }
    // A capture that only some files have was let through by `optional`, which the list's probe remembers.
    case .firstOf(_, let probe): isOptional(probe)
    case .lookup(let reference): isOptional(reference.probe)
    }
  }

  private func isOptional(_ piece: TemplatePiece) -> Bool {
    switch piece {
    case .pointer(let reference): isOptional(reference.probe)
    case .sha256(let references): references.contains { isOptional($0.probe) }
    case .capture(let name): !captures.isCertain(name)
    case .literal, .path, .stem, .line: false
    }
  }

  private func isOptional(_ probe: Int) -> Bool { probes.indices.contains(probe) && probes[probe].optional }

  // MARK: verdict, thresholds

  private func json(_ rule: VerdictRule) -> JSON {
    guard let first = rule.conditions.first else { return ["otherwise": .string(rule.verdict.rawValue)] }
    var when = JSONObject()
    for condition in rule.conditions {
      let key = condition.reference.text
      let test = json(condition.test)
      // `at_least` and `below` of one pointer are two conditions.
      guard case .object(var both)? = when[key], case .object(let more) = test else {
        when[key] = test
        continue
      }
      for (name, value) in more { both[name] = value }
      when[key] = .object(both)
    }
    var members: [(String, JSON)] = [("when", .object(when)), ("is", .string(rule.verdict.rawValue))]
    if isOptional(first.reference.probe) { members.append(("optional", true)) }
    return .object(JSONObject(members))
  }

  private func json(_ test: Condition.Test) -> JSON {
    switch test {
    case .equals(let value): value
    case .oneOf(let values): .array(values)
    case .atLeast(let bound): ["at_least": .double(bound)]
    case .below(let bound): ["below": .double(bound)]
    case .present(let isPresent): ["present": .bool(isPresent)]
    case .every(let value): ["every": value]
    case .any(let value): ["any": value]
    }
  }

  private func json(_ thresholds: Thresholds) -> JSON? {
    func json(_ cut: Thresholds.Cut) -> JSON {
      var members: [(String, JSON)] = [("accept_at", .double(cut.acceptAt))]
      if let partial = cut.partialAt { members.append(("partial_at", .double(partial))) }
      return .object(JSONObject(members))
    }
    let members = [("score", thresholds.score), ("grounded_fraction", thresholds.groundedFraction)]
      .compactMap { key, cut in cut.map { (key, json($0)) } }
    return members.isEmpty ? nil : .object(JSONObject(members))
  }
}
