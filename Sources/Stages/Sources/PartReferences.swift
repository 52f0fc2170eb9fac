/// What a part asks the record and the look-ups for.
extension Part {
  private var expressions: [FieldExpression] {
    var expressions = EvidenceField.allCases.compactMap { map.fields[$0] }
    switch map.validationResults {
    case .fields(let entries): expressions += entries.map(\.expression)
    case .whole(let expression): expressions.append(expression)
    case nil: break
    }
    expressions += map.about.map(\.expression)
    expressions += [map.judgedBy?.name, judgedBy?.name].compactMap(\.self)
    if let comparison {
      for side in [comparison.a, comparison.b] {
        expressions += [side.runID, side.text, side.modelName].compactMap(\.self)
      }
      expressions += comparison.votes
    }
    return expressions
  }

  /// The jq programs that make and fill its fields, in an order that is always the same.
  var programs: [String] { [jq].compactMap(\.self) + expressions.flatMap(\.programs) }

  /// What its fields ask of look-ups.
  var lookups: [LookupReference] { expressions.flatMap(\.lookups) }

  /// What leads to its fields. With `jq` those of the record lead into the program's objects.
  var fieldReferences: [PointerReference] { expressions.flatMap(\.references) }

  /// What its rules look at.
  var ruleReferences: [PointerReference] { verdict.flatMap { $0.conditions.map(\.reference) } }
}

extension FieldExpression {
  fileprivate var programs: [String] {
    switch self {
    case .jq(let program): [program]
    case .firstOf(let entries, _): entries.flatMap(\.programs)
    case .constant, .pointer, .template, .lastMessage, .messages, .lookup: []
    }
  }

  fileprivate var lookups: [LookupReference] {
    switch self {
    case .lookup(let reference): [reference]
    case .firstOf(let entries, _): entries.flatMap(\.lookups)
    case .constant, .pointer, .template, .lastMessage, .messages, .jq: []
    }
  }

  fileprivate var references: [PointerReference] {
    switch self {
    case .constant, .jq: []
    case .pointer(let reference), .lastMessage(let reference, _, _), .messages(let reference, _): [reference]
    case .template(let pieces):
      pieces.flatMap { piece -> [PointerReference] in
        switch piece {
        case .pointer(let reference): [reference]
        case .sha256(let references): references
        case .literal, .capture, .path, .stem, .line: []
        }
      }
    case .firstOf(let entries, _): entries.flatMap(\.references)
    case .lookup(let reference): reference.key.references
    }
  }
}
