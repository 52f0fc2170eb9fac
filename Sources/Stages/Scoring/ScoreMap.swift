import JSONTape
import Receipts

/// `score.map/2`: evidence rows to scored runs, row by row.
///
/// Parameters: `{"thresholds": [{"source", "only", "kind", "score", "grounded_fraction"}, …], "parent_bits": n}`; the
/// latter is null where no source has extractions, else see `HashBuckets`.
/// Inputs: `evidence/<i>`, fragments one behind the other; and what the joins found for their rows (see
/// `PlacedOverlay`), `judgements/<n>` (rows `{"fragment", "row", "judgements": […]}`) and `parents/<n>` (rows
/// `{"fragment", "row", "categories": […], "count"}`).
/// Outputs: `scored/<i>`, `quarantine`, and for the join of parents the tables `extractions/<bucket>`, 24 bytes an
/// extraction: key of its parents (16), i (4), 0-based line in the fragment (4); and `runs/<bucket>`, twice 20 bytes a
/// run that rules 1 to 6 decided: identity, or half the SHA-256 of the task id (16), place of its category in
/// `Category` (4).
public enum ScoreMap {
  public static let function = ActionFunction(name: "score.map/2") { context in
    var run = try ScoreMapRun(context)
    return try run.run()
  }

  static let runRowWidth = 20
  static let extractionRowWidth = 24
}

private struct ScoreMapRun {
  private let context: ActionContext
  private let row = EvidenceRow()
  private let thresholds: ThresholdTable
  private var judgements: [PlacedOverlay]
  private var parents: [PlacedOverlay]
  private var tables: ParentTables?
  private var scored: OutputSink
  private var fragment = 0
  /// The 0-based line in the fragment.
  private var number = 0
  private var books = ScoreBooks()
  private let text = ByteBuffer()

  init(_ context: ActionContext) throws {
    self.context = context
    thresholds = try ThresholdTable(context.parameters["thresholds"] ?? .array([]))
    judgements = try PlacedOverlay.all("judgements", context)
    parents = try PlacedOverlay.all("parents", context)
    tables = HashBuckets(context.parameters["parent_bits"]).map { ParentTables($0, context) }
    scored = context.output("scored/0")
  }

  mutating func run() throws -> JSON {
    for fragment in context.indices(of: "evidence") {
      self.fragment = fragment
      number = 0
      scored = context.output("scored/\(fragment)")
      for line in Lines(try context.input("evidence/\(fragment)")) {
        try score(line)
        number += 1
      }
      books.evidence += Int64(number)
    }
    return books.json
  }

  private mutating func score(_ line: ByteSlice) throws {
    let refusal = row.read(line)
    let found = try Self.take(&judgements, fragment, number)
    let parents = try Self.take(&parents, fragment, number)
    if let refusal {
      try lose(found)
      return quarantine(refusal)
    }
    let kind = row.kind
    switch kind {
    case .verdict:
      try lose(found)
      books.judgements += 1
    case .comparison:
      try lose(found)
      books.comparisons += 1
    case .run, .extraction:
      let facts = try facts(kind, found, parents)
      let decision = Rule.decide(facts)
      tables?.add(row, kind, decision, fragment: fragment, row: number)
      if kind == .extraction, tables == nil {
        throw DistillError(.internalFault, "there is an extraction, and no source that has some")
      }
      let judge = Judge(decision, facts, row)
      write(decision, judge)
      books.count(decision, judge, row)
    }
  }

  private static func take(_ overlays: inout [PlacedOverlay], _ fragment: Int, _ row: Int) throws -> ByteSlice? {
    for index in overlays.indices {
      if let line = try overlays[index].take(fragment: fragment, row: row) { return line }
    }
    return nil
  }

  private mutating func quarantine(_ refusal: RowReader.Refusal) {
    let errors: [String]
    var evidence: JSONValue?
    switch refusal {
    case .notJSON(let error): errors = ["this evidence row is not JSON: \(error.reason) at byte \(error.offset)"]
    case .violations(let violations, let value): (errors, evidence) = (violations, value)
    }
    let provenance = evidence?.member("provenance").flatMap { $0.isNull ? nil : $0.token }
    QuarantineRow(
      stage: "score", reason: .schemaViolation, errors: errors, record: .none, provenance: provenance,
      recordedAt: evidence?.member("timestamp")?.string
    ).append(to: context.output("quarantine"))
    books.quarantined += 1
  }

  /// Judgements of a row that turned out to be no run.
  private mutating func lose(_ overlay: ByteSlice?) throws {
    guard let overlay else { return }
    for _ in try list(overlay, "judgements") { books.lost += 1 }
  }

  // MARK: Facts

  private mutating func facts(
    _ kind: RecordKind, _ judgements: ByteSlice?, _ parents: ByteSlice?
  ) throws -> RunFacts {
    var facts = RunFacts()
    facts.verdict = row.verdict
    facts.otherVerdicts = row.otherVerdicts
    facts.humanOverride = row.humanOverride
    facts.isExtraction = kind == .extraction
    if let source = row.reader.text(row.source), let file = row.reader.text(row.sourceFile) {
      facts.thresholds = thresholds.thresholds(source: source, file: file, kind: kind)
    }
    if facts.thresholds.score != nil { facts.score = row.reader.double(row.score) }
    if facts.thresholds.groundedFraction != nil { facts.groundedFraction = row.groundedFraction }
    if let judgements { try judge(&facts, judgements) }
    if let parents {
      let found = try context.scratch.parser.parse(parents)
      facts.parents = Parents(
        categories: found.member("categories")?.elements.compactMap { $0.string.flatMap { Category($0) } } ?? [],
        count: Int(found.member("count")?.integer ?? 0))
    }
    return facts
  }

  private mutating func judge(_ facts: inout RunFacts, _ overlay: ByteSlice) throws {
    text.removeAll()
    facts.timestamp = row.reader.text(row.timestamp).flatMap { Timestamp($0.text(text), defaultOffsetSeconds: 0) }
    facts.sourceFile = row.reader.text(row.sourceFile)?.string() ?? ""
    facts.line = row.reader.integer(row.line) ?? 0
    for judgement in try list(overlay, "judgements") {
      if let expected = judgement.member("about")?.member("text_sha256")?.string, isStale(expected) {
        books.stale += 1
        if books.staleExamples.count < 5 { books.staleExamples.append(JudgementMap.example(try JSON(judgement))) }
        continue
      }
      facts.judgements.append(try Judgement(judgement))
    }
  }

  /// The judgement was about another text than the run has now.
  private func isStale(_ expected: ByteSlice) -> Bool {
    guard let own = row.reader.text(row.text) else { return true }
    text.removeAll()
    return !(expected == Digest.of(own.text(text)).hex)
  }

  private func list(_ overlay: ByteSlice, _ name: StaticString) throws -> JSONValue.Elements {
    guard let list = try context.scratch.parser.parse(overlay).member(name), list.kind == .array else {
      throw DistillError(.internalFault, "an overlay row has no \(name)")
    }
    return list.elements
  }

  // MARK: Rows

  /// Copies members as they stand in the evidence.
  private func write(_ decision: Decision, _ judge: Judge) {
    let output = scored.buffer
    output.append(#"{"schema_version":1,"evidence_run_id":"#)
    output.append(row.token(row.runID))
    output.append(#","evidence_task_id":"#)
    output.append(row.token(row.taskID))
    output.append(#","kind":"#)
    output.append(row.token(row.kindName))
    output.append(#","category":""#)
    output.append(decision.category.rawValue)
    output.append(#"","reasons":[{"rule":""#)
    output.append(decision.rule.rawValue)
    output.append(#"","facts":"#)
    decision.ground.append(to: output)
    output.append(#"}],"score":"#)
    output.append(row.token(row.score))
    output.append(#","judged_by":"#)
    judge.append(row, to: output)
    output.append(#","scorer_version":"#)
    output.appendDecimal(Rule.version)
    output.append(#","scored_at":"#)
    output.append(row.token(row.timestamp))
    output.append(#","provenance":"#)
    output.append(row.token(row.provenance))
    output.append("}\n")
    scored.recordCount += 1
  }
}
