import JSONTape
import Receipts

/// `score.map/1`: evidence rows to scored runs, row by row.
///
/// Parameters: `{"thresholds": [{"source", "only", "kind", "score", "grounded_fraction"}, …]}`.
/// Inputs: `evidence/<i>`, fragments one behind the other; and, when the reduces found something for their rows, `judgements`
/// (rows `{"row", "judgements": […]}`) and `parents` (rows `{"row", "categories": […], "count"}`). `row` is the 0-based line,
/// counted through all fragments.
/// Outputs: `scored/<i>`, `quarantine`, `judgements` (what the evidence says about other runs), `extractions`, and `runs`, a table
/// of 40 bytes a row: identity (16), half the SHA-256 of the task id (16), category by rules 1 to 6 (4: 0 none, else 1 + its
/// place in `Category`; 0x100 is added for an extraction), row (4).
public enum ScoreMap {
  public static let function = ActionFunction(name: "score.map/1") { context in
    var run = try ScoreMapRun(context)
    return try run.run()
  }

  static let runsRowWidth = 40
  static let extractionFlag: UInt32 = 0x100
}

private struct ScoreMapRun {
  private let context: ActionContext
  private let thresholds: ThresholdTable
  private let judgements: [Int64: JSON]
  private let parents: [Int64: JSON]
  private var scored: OutputSink
  private let runs: TableWriter
  private var tally = Tally()
  private var staleExamples: [JSON] = []
  /// Of each row that is scored: what is counted by name.
  private var (byRule, byJudge, bySource) = (NameCounter(), NameCounter(), NameCounter())
  private var byCategory = [Int64](repeating: 0, count: Category.allCases.count)

  init(_ context: ActionContext) throws {
    self.context = context
    thresholds = try ThresholdTable(context.parameters["thresholds"] ?? .array([]))
    judgements = try OverlayRows.read(context.optionalInput("judgements"))
    parents = try OverlayRows.read(context.optionalInput("parents"))
    scored = context.output("scored/0")
    runs = TableWriter(sink: context.output("runs"))
  }

  mutating func run() throws -> JSON {
    var row: Int64 = 0
    for fragment in context.indices(of: "evidence") {
      scored = context.output("scored/\(fragment)")
      for line in Lines(try context.input("evidence/\(fragment)")) {
        score(line, row)
        row += 1
      }
    }
    tally.increment("evidence", by: row)
    tally.increment("scored", by: byCategory.reduce(0, +))
    for (category, count) in zip(Category.allCases, byCategory) where count > 0 {
      tally.add("by_category", category.rawValue, count)
    }
    byRule.add(to: &tally, "by_rule")
    byJudge.add(to: &tally, "by_judge")
    bySource.add(to: &tally, "by_source")
    return [
      "evidence": .integer(tally.count("evidence")), "scored": .integer(tally.count("scored")),
      "judgements": .integer(tally.count("judgements")), "comparisons": .integer(tally.count("comparisons")),
      "quarantined": .integer(tally.count("quarantined")), "stale": .integer(tally.count("stale")),
      "by_category": tally.json("by_category"), "by_rule": tally.json("by_rule"), "by_judge": tally.json("by_judge"),
      "by_reason": tally.json("by_reason"), "by_source": tally.json("by_source"),
      "stale_examples": .array(staleExamples),
    ]
  }

  private mutating func quarantine(_ line: ByteSlice, _ evidence: JSONValue?, _ errors: [String]) {
    let provenance = evidence?.member("provenance").flatMap { $0.isNull ? nil : $0.token }
    QuarantineRow(
      stage: "score", reason: .schemaViolation, errors: errors, record: .none, provenance: provenance,
      recordedAt: evidence?.member("timestamp")?.string
    ).append(to: context.output("quarantine"))
    tally.increment("quarantined")
    tally.add("by_reason", Reason.schemaViolation.rawValue)
  }

  private mutating func score(_ line: ByteSlice, _ row: Int64) {
    let evidence: JSONValue
    do {
      evidence = try context.scratch.parser.parse(line)
    } catch {
      return quarantine(line, nil, ["this evidence row is not JSON: \(error.reason) at byte \(error.offset)"])
    }
    let violations = RecordSchema.evidence.violations(of: evidence)
    guard violations.isEmpty, let provenance = evidence.member("provenance"),
      let kind = evidence.member("kind")?.string.flatMap({ RecordKind($0) }),
      let source = provenance.member("source")?.string, let runID = evidence.member("run_id")?.string,
      let taskID = evidence.member("task_id")?.string
    else { return quarantine(line, evidence, violations) }

    switch kind {
    case .verdict:
      tally.increment("judgements")
      writeJudgement(evidence, provenance)
    case .comparison: tally.increment("comparisons")
    case .run, .extraction:
      let facts = facts(evidence, provenance, kind, row)
      let decision = Rule.decide(facts)
      writeRunRow(source, kind, runID, taskID, decision.isOfRunAlone ? decision : nil, row)
      if kind == .extraction { writeExtraction(evidence, taskID, row) }
      let judge = judge(decision, facts, evidence)
      writeScored(evidence, provenance, decision, judge)
      count(decision, judge, source)
    }
  }

  private mutating func count(_ decision: Decision, _ judge: Judge, _ source: ByteSlice) {
    let buffer = context.scratch.buffer
    func named(_ parts: String...) -> ByteSlice {
      for part in parts { buffer.append(part) }
      return buffer.bytes
    }
    byCategory[Category.allCases.firstIndex(of: decision.category)!] += 1
    buffer.removeAll()
    byRule.add(named(decision.rule.rawValue))
    buffer.removeAll()
    switch judge {
    case .nobody: byJudge.add(named("none"))
    case .asInEvidence(let judge): byJudge.add(judge.member("kind")?.string ?? named("none"))
    case .other(let judge): byJudge.add(named(judge["kind"]?.string ?? "none"))
    }
    buffer.removeAll()
    buffer.append(source)
    bySource.add(named("/", decision.category.rawValue))
  }

  // MARK: Facts

  private mutating func facts(
    _ evidence: JSONValue, _ provenance: JSONValue, _ kind: RecordKind, _ row: Int64
  ) -> RunFacts {
    var facts = RunFacts()
    facts.verdict = evidence.member("verdict")?.string.flatMap { Verdict($0) }
    if let others = evidence.member("other_verdicts") {
      facts.otherVerdicts = others.elements.compactMap { $0.string.flatMap { Verdict($0) } }
    }
    facts.humanOverride = evidence.member("human_override")?.string.flatMap { Category($0) }
    facts.timestamp = evidence.member("timestamp")?.string.flatMap { Timestamp($0, defaultOffsetSeconds: 0) }
    facts.sourceFile = provenance.member("source_file")?.string?.string() ?? ""
    facts.line = provenance.member("line_offset")?.integer ?? 0
    facts.score = evidence.member("score")?.double
    facts.groundedFraction = evidence.member("validation_results")?.member("grounded_fraction")?.double
    facts.thresholds = thresholds.thresholds(
      source: provenance.member("source")?.string ?? .empty, file: facts.sourceFile, kind: kind)
    facts.isExtraction = kind == .extraction
    if let list = judgements[row]?["judgements"]?.array {
      let text = evidence.member("text")?.string
      for item in list {
        if let expected = item["text_sha256"]?.string, text.map({ Digest.of($0).hex }) != expected {
          tally.increment("stale")
          if staleExamples.count < 5 { staleExamples.append(JudgementJoin.example(item)) }
          continue
        }
        facts.judgements.append(Judgement(item))
      }
    }
    if let parents = parents[row] {
      facts.parents = Parents(
        categories: parents["categories"]?.array?.compactMap { $0.string.flatMap(Category.init(rawValue:)) } ?? [],
        count: Int(parents["count"]?.integer ?? 0))
    }
    return facts
  }

  private enum Judge {
    case nobody
    case asInEvidence(JSONValue)
    case other(JSON)
  }

  /// The run's own judge if the run's verdict or score decided, else that of the judgement which did. Where nothing was judged
  /// (a conflict, no verdict, a category that comes from other runs) there is no judge, and a human's word is a human's.
  private func judge(_ decision: Decision, _ facts: RunFacts, _ evidence: JSONValue) -> Judge {
    let human: Judge = decision.rule == .humanOverride ? .other(["kind": "human", "name": nil]) : .nobody
    switch decision.decider {
    case .nobody: return .nobody
    case .run:
      if decision.rule == .humanOverride { return human }
      return evidence.member("judged_by").flatMap { $0.isNull ? nil : .asInEvidence($0) } ?? .nobody
    case .judgement(let index):
      let judge = facts.judgements[index].judgedBy
      return judge.isNull ? human : .other(judge)
    }
  }

  // MARK: Rows

  private mutating func writeScored(
    _ evidence: JSONValue, _ provenance: JSONValue, _ decision: Decision, _ judge: Judge
  ) {
    var writer = JSONWriter(scored.buffer)
    writer.beginObject()
    writer.key("schema_version")
    writer.integer(1)
    writer.key("evidence_run_id")
    writer.copy(evidence.member("run_id"))
    writer.key("evidence_task_id")
    writer.copy(evidence.member("task_id"))
    writer.key("kind")
    writer.copy(evidence.member("kind"))
    writer.key("category")
    writer.string(decision.category.rawValue)
    writer.key("reasons")
    writer.beginArray()
    writer.beginObject()
    writer.key("rule")
    writer.string(decision.rule.rawValue)
    writer.key("facts")
    writer.beginArray()
    for fact in decision.facts { writer.string(fact) }
    writer.endArray()
    writer.endObject()
    writer.endArray()
    writer.key("score")
    writer.copy(evidence.member("score"))
    writer.key("judged_by")
    switch judge {
    case .nobody: writer.null()
    case .asInEvidence(let judge): writer.copy(judge)
    case .other(let judge): writer.judge(judge)
    }
    writer.key("scorer_version")
    writer.integer(Rule.version)
    writer.key("scored_at")
    writer.copy(evidence.member("timestamp"))
    writer.key("provenance")
    writer.copy(provenance)
    writer.endObject()
    writer.newline()
    scored.recordCount += 1
  }

  private mutating func writeRunRow(
    _ source: ByteSlice, _ kind: RecordKind, _ runID: ByteSlice, _ taskID: ByteSlice, _ decision: Decision?,
    _ row: Int64
  ) {
    let scratch = context.scratch
    var runs = runs
    runs.hash(Identity.hash(source: source, kind: kind, runID: runID, scratch.sha256, scratch.buffer))
    scratch.sha256.update(taskID)
    runs.hash(Hash128(scratch.sha256.finish()))
    var code = decision.map { UInt32(1 + Category.allCases.firstIndex(of: $0.category)!) } ?? 0
    if kind == .extraction { code |= ScoreMap.extractionFlag }
    runs.half(code)
    runs.half(UInt32(row))
    runs.endRow()
  }

  private func writeJudgement(_ evidence: JSONValue, _ provenance: JSONValue) {
    let sink = context.output("judgements")
    var writer = JSONWriter(sink.buffer)
    writer.beginObject()
    writer.key("about")
    writer.copy(evidence.member("about"))
    writer.key("verdict")
    writer.copy(evidence.member("verdict"))
    writer.key("human_override")
    writer.copy(evidence.member("human_override"))
    writer.key("timestamp")
    writer.copy(evidence.member("timestamp"))
    writer.key("source")
    writer.copy(provenance.member("source"))
    writer.key("source_file")
    writer.copy(provenance.member("source_file"))
    writer.key("line")
    writer.copy(provenance.member("line_offset"))
    writer.key("run_id")
    writer.copy(evidence.member("run_id"))
    writer.key("judged_by")
    writer.copy(evidence.member("judged_by"))
    writer.endObject()
    writer.newline()
    sink.recordCount += 1
  }

  private func writeExtraction(_ evidence: JSONValue, _ taskID: ByteSlice, _ row: Int64) {
    let sink = context.output("extractions")
    var writer = JSONWriter(sink.buffer)
    writer.beginObject()
    writer.key("row")
    writer.integer(row)
    writer.key("about")
    writer.copy(evidence.member("about"))
    writer.key("task_id")
    writer.string(taskID)
    writer.endObject()
    writer.newline()
    sink.recordCount += 1
  }
}

extension Judgement {
  /// From an overlay.
  fileprivate init(_ item: JSON) {
    let file = item["source_file"]?.string ?? ""
    let line = item["line"]?.integer ?? 0
    self.init(
      verdict: item["verdict"]?.string.flatMap(Verdict.init(rawValue:)),
      humanOverride: item["human_override"]?.string.flatMap(Category.init(rawValue:)),
      timestamp: item["timestamp"]?.string.flatMap(Timestamp.init(rfc3339:)), sourceFile: file,
      line: line, label: "\(item["source"]?.string ?? "") \(file):\(line + 1)",
      judgedBy: item["judged_by"] ?? .null)
  }
}

extension Timestamp {
  init?(rfc3339 text: String) {
    var text = text
    let value = text.withUTF8 { Timestamp(ByteSlice($0), defaultOffsetSeconds: 0) }
    guard let value else { return nil }
    self = value
  }
}

extension Identity {
  static func hash(
    source: ByteSlice, kind: RecordKind, runID: ByteSlice, _ sha256: SHA256, _ buffer: ByteBuffer
  ) -> Hash128 {
    var name = kind.rawValue
    return name.withUTF8 { hash(source: source, kind: ByteSlice($0), runID: runID, sha256, buffer) }
  }
}

extension JSONWriter {
  /// A value of one of our own rows, as it stands there; absent: null.
  mutating func copy(_ value: JSONValue?) {
    if let value { raw(value.token) } else { null() }
  }

  mutating func judge(_ judge: JSON?) {
    guard let judge, let kind = judge["kind"]?.string else { return null() }
    beginObject()
    key("kind")
    string(kind)
    key("name")
    if let name = judge["name"]?.string { string(name) } else { null() }
    endObject()
  }
}
