import JSONTape
import Receipts
import Stages

/// The row that a run should have among the scored runs.
enum ScoredRow {
  /// Writes it without its line end.
  /// - Parameter judge: the ruling's judge, as `withJudgedBy` gives it.
  static func write(_ evidence: RowReader, _ ruling: Ruling, judge: ByteSlice?, to buffer: ByteBuffer) {
    buffer.removeAll()
    var writer = JSONWriter(buffer)
    writer.beginObject()
    writer.key("schema_version")
    writer.integer(1)
    writer.key("evidence_run_id")
    writer.raw(evidence.token(EvidenceField.runID) ?? .empty)
    writer.key("evidence_task_id")
    writer.raw(evidence.token(EvidenceField.taskID) ?? .empty)
    writer.key("kind")
    writer.raw(evidence.token(EvidenceField.kind) ?? .empty)
    writer.key("category")
    writer.string(ruling.category.rawValue)
    writer.key("reasons")
    writer.beginArray()
    writer.beginObject()
    writer.key("rule")
    writer.string(ruling.rule.rawValue)
    writer.key("facts")
    writer.beginArray()
    for fact in ruling.factTexts { writer.string(fact) }
    writer.endArray()
    writer.endObject()
    writer.endArray()
    writer.key("score")
    writer.raw(evidence.token(EvidenceField.score) ?? .empty)
    writer.key("judged_by")
    if let judge { writer.raw(judge) } else { writer.null() }
    writer.key("scorer_version")
    writer.integer(scorerVersion)
    writer.key("scored_at")
    writer.raw(evidence.token(EvidenceField.timestamp) ?? .empty)
    writer.key("provenance")
    writer.raw(evidence.token(EvidenceField.provenance) ?? .empty)
    writer.endObject()
  }

  /// Gives `judged_by` of the scored run as JSON text; nil: null.
  static func withJudgedBy<Result>(
    _ ruling: Ruling, _ evidence: RowReader, _ judgements: [EvidenceJudgement], _ body: (ByteSlice?) -> Result
  ) -> Result {
    switch ruling.judge {
    case .nobody: body(nil)
    case .human: human.withBytes(body)
    case .own:
      body(evidence.isNull(EvidenceField.judgedBy) ? nil : evidence.token(EvidenceField.judgedBy))
    case .judgement(let index, let isHuman):
      if let judge = judgements[index].judgedBy ?? (isHuman ? human : nil) { judge.withBytes(body) } else { body(nil) }
    }
  }

  /// Of the rules that the auditor knows.
  static let scorerVersion: Int64 = 1

  static let human = #"{"kind":"human","name":null}"#
}

extension String {
  func withBytes<Result>(_ body: (ByteSlice) throws -> Result) rethrows -> Result {
    var copy = self
    return try copy.withUTF8 { try body(ByteSlice($0)) }
  }
}
