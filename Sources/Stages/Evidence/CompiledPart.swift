import JSONTape
import Receipts

/// A part of a source, made ready for many records.
final class CompiledPart {
  enum Results {
    case fields([CompiledExpression], keys: [String])
    case whole(CompiledExpression)
  }

  let kind: RecordKind
  let only: Glob?
  let jq: JQProgram?
  /// The objects carry the evidence fields under their own names, and no others.
  let isIdentity: Bool
  let timeZoneOffset: Int32
  let results: Results?
  let resultSlots: [Int]
  let about: [String: CompiledExpression]
  let aboutSlot: Int
  let judgeKind: String?
  let judgeName: CompiledExpression?
  let judgeSlot: Int
  let rules: VerdictRules
  let verdictSlot: Int
  let comparison: CompiledComparison?
  /// For each probe the pointers that answer it.
  let probes: [[CompiledPointer]]
  private let fields: [EvidenceField: CompiledExpression]

  let runID, taskID, timestamp, modelName, modelProvider, modelRole, prompt, messages, text: CompiledExpression?
  let sourceFiles, gitSHA, verdict, score, successMarkers, failureMarkers, humanOverride: CompiledExpression?
  let latency, cost: CompiledExpression?

  init(_ part: Part, context: CompileContext, tally: FieldTally) throws {
    kind = part.kind
    only = part.only
    jq = try part.jq.map { try JQProgram($0) }
    isIdentity = part.map.isIdentity
    timeZoneOffset = part.timeZoneOffset

    var fields: [EvidenceField: CompiledExpression] = [:]
    for field in EvidenceField.allCases {
      guard let expression = part.map.fields[field] else { continue }
      let name = field.rawValue
      fields[field] = try CompiledExpression(expression, field: name, slot: tally.slot(name), context: context)
    }
    self.fields = fields
    (runID, taskID, timestamp) = (fields[.runID], fields[.taskID], fields[.timestamp])
    (modelName, modelProvider, modelRole) = (fields[.modelName], fields[.modelProvider], fields[.modelRole])
    (prompt, messages, text) = (fields[.prompt], fields[.messages], fields[.text])
    (sourceFiles, gitSHA, verdict, score) = (
      fields[.sourceFiles], fields[.gitSHA], fields[.verdict], fields[.score]
    )
    (successMarkers, failureMarkers) = (fields[.successMarkers], fields[.failureMarkers])
    (humanOverride, latency, cost) = (fields[.humanOverride], fields[.latencyMS], fields[.costUSD])

    rules = VerdictRules(part.verdict)
    verdictSlot = part.verdict.isEmpty ? fields[.verdict]?.slot ?? -1 : tally.slot("verdict")

    comparison = try part.comparison.map { try CompiledComparison($0, tally: tally, context: context) }

    let map = isIdentity ? part.map.withIdentityObjects : part.map
    switch map.validationResults {
    case .fields(let entries):
      let expressions = try entries.map {
        try CompiledExpression($0.expression, field: "validation_results.\($0.key)", context: context)
      }
      results = .fields(expressions, keys: entries.map(\.key))
      resultSlots = entries.map { tally.slot("validation_results.\($0.key)") }
    case .whole(let expression):
      results = .whole(try CompiledExpression(expression, field: "validation_results", context: context))
      resultSlots = [tally.slot("validation_results")]
    case nil:
      results = nil
      resultSlots = []
    }

    var about: [String: CompiledExpression] = [:]
    for entry in map.about {
      about[entry.key] = try CompiledExpression(entry.expression, field: "about.\(entry.key)", context: context)
    }
    self.about = about
    aboutSlot = about.isEmpty ? -1 : tally.slot("about")

    let judge = part.map.judgedBy ?? part.judgedBy
    judgeKind = judge?.kind
    judgeName = try judge?.name.map { try CompiledExpression($0, field: "judged_by.name", context: context) }
    judgeSlot = judge == nil && !part.map.isIdentity ? -1 : tally.slot("judged_by")

    var probes = [[CompiledPointer]](repeating: [], count: part.probes.count)
    var expressions = Array(fields.values) + Array(about.values)
    if let judgeName { expressions.append(judgeName) }
    if let comparison { expressions += comparison.expressions }
    switch results {
    case .fields(let more, _): expressions += more
    case .whole(let one): expressions.append(one)
    case nil: break
    }
    for (probe, pointers) in expressions.flatMap(\.probes) + rules.pointers.map({ ($0.probe, [$0]) })
    where probes.indices.contains(probe) {
      probes[probe] += pointers
    }
    self.probes = probes
  }

  /// How its rows are written.
  private(set) lazy var plan = EvidenceRowPlan(self)

  /// Looks for what evaluation did not come to: the rules behind the one that held, say.
  func completeProbes(in scope: RecordScope) {
    for (probe, pointers) in probes.enumerated() where scope.probes.isOpen(probe) {
      scope.probes.note(
        probe,
        found: pointers.contains { pointer in scope.start(of: pointer).map(pointer.leadsSomewhere) ?? false })
    }
  }
}

extension FieldMap {
  /// The objects that an identity mapping takes as they are.
  fileprivate var withIdentityObjects: FieldMap {
    func member(_ text: String) -> FieldExpression {
      .pointer(PointerReference(pointer: Pointer(text, allowingEvery: false)!))
    }
    var map = self
    if map.validationResults == nil { map.validationResults = .whole(member("/validation_results")) }
    if map.about.isEmpty {
      map.about = AboutRecord.keys.map { Entry(key: $0, expression: member("/about/\($0)")) }
    }
    return map
  }
}
