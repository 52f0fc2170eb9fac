import JSONTape

/// The members of a part's rows in the order of the schema. What is the same in all of its rows is written once,
/// beforehand.
final class EvidenceRowPlan {
  /// What differs from row to row.
  enum Content {
    case runID, taskID, timestamp, verdict, results, humanOverride, otherVerdicts, judge, about, provenance
    case text(CompiledExpression)
    case number(CompiledExpression)
    case list(CompiledExpression)
    case messages(CompiledExpression)
    case comparison(CompiledComparison)
  }

  struct Step {
    /// The bytes before it: keys, and members that never differ.
    fileprivate var before: Range<Int>
    var content: Content
  }

  let steps: [Step]
  /// Fields whose constant is not blank: filled in every row.
  let constantSlots: [Int]
  private let prepared: ByteBuffer

  init(_ part: CompiledPart) {
    var builder = Builder()
    builder.constant("schema_version") { $0.integer(1) }
    builder.constant("kind") { $0.string(part.kind.rawValue) }
    builder.differing("run_id", .runID)
    builder.differing("task_id", .taskID)
    builder.differing("timestamp", part.timestamp == nil ? nil : .timestamp)
    builder.text("model_name", part.modelName)
    builder.text("model_provider", part.modelProvider)
    builder.text("model_role", part.modelRole)
    builder.text("prompt", part.prompt)
    builder.differing("messages", part.messages.map(Content.messages))
    builder.text("text", part.text)
    builder.list("source_files", part.sourceFiles)
    builder.text("git_sha", part.gitSHA)
    builder.differing("verdict", .verdict)
    builder.differing("score", part.score.map(Content.number))
    builder.differing("validation_results", .results)
    builder.list("success_markers", part.successMarkers)
    builder.list("failure_markers", part.failureMarkers)
    builder.differing("human_override", .humanOverride)
    builder.differing("other_verdicts", .otherVerdicts)
    builder.differing("judged_by", .judge)
    builder.differing("about", part.about.isEmpty ? nil : .about)
    builder.differing("comparison", part.comparison.map(Content.comparison))
    builder.differing("latency_ms", part.latency.map(Content.number))
    builder.differing("cost_usd", part.cost.map(Content.number))
    builder.differing("provenance", .provenance)
    prepared = builder.prepared
    steps = builder.steps
    constantSlots = builder.constantSlots
  }

  /// The text before a step, which ends where its value begins.
  func before(_ step: Step) -> ByteSlice { prepared.slice(step.before) }

  private struct Builder {
    let prepared = ByteBuffer(capacity: 1024)
    var steps: [Step] = []
    var constantSlots: [Int] = []
    private var writer: JSONWriter
    private var start = 0

    init() {
      writer = JSONWriter(prepared)
      writer.beginObject()
    }

    mutating func constant(_ name: StaticString, _ value: (inout JSONWriter) -> Void) {
      writer.key(name)
      value(&writer)
    }

    /// - Parameter content: nil: the member is null in every row.
    mutating func differing(_ name: StaticString, _ content: Content?) {
      writer.key(name)
      guard let content else { return writer.null() }
      steps.append(Step(before: start..<prepared.count, content: content))
      start = prepared.count
      writer.prepared(.empty, endsWithValue: true)
    }

    mutating func text(_ name: StaticString, _ expression: CompiledExpression?) {
      guard let expression, case .constant(let constant) = expression.kind, let text = constant.value.string else {
        return differing(name, expression.map(Content.text))
      }
      self.constant(name) { $0.string(text) }
      if !Text.isBlank(text) { constantSlots.append(expression.slot) }
    }

    mutating func list(_ name: StaticString, _ expression: CompiledExpression?) {
      if let expression { return differing(name, .list(expression)) }
      constant(name) {
        $0.beginArray()
        $0.endArray()
      }
    }
  }
}
