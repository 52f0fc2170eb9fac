import JSONTape
import Receipts

/// A row of evidence as scoring looks at it. One an action: its members are looked up by name once.
struct EvidenceRow {
  let reader = RowReader(.evidence)

  let runID = RecordSchema.evidence.member("run_id")
  let taskID = RecordSchema.evidence.member("task_id")
  let kindName = RecordSchema.evidence.member("kind")
  let timestamp = RecordSchema.evidence.member("timestamp")
  let text = RecordSchema.evidence.member("text")
  let score = RecordSchema.evidence.member("score")
  let verdictName = RecordSchema.evidence.member("verdict")
  let overrideName = RecordSchema.evidence.member("human_override")
  let judgedBy = RecordSchema.evidence.member("judged_by")
  let judgeKind = RecordSchema.evidence.member("judged_by.kind")
  let about = RecordSchema.evidence.member("about")
  let aboutSource = RecordSchema.evidence.member("about.source")
  let aboutKind = RecordSchema.evidence.member("about.kind")
  let aboutRunID = RecordSchema.evidence.member("about.run_id")
  let provenance = RecordSchema.evidence.member("provenance")
  let source = RecordSchema.evidence.member("provenance.source")
  let sourceFile = RecordSchema.evidence.member("provenance.source_file")
  let line = RecordSchema.evidence.member("provenance.line_offset")
  private let validationResults = RecordSchema.evidence.member("validation_results")
  let otherVerdictNames = RecordSchema.evidence.member("other_verdicts")

  private static let kinds = RecordKind.allCases
  private static let verdicts = Verdict.allCases
  private static let categories = Category.allCases

  /// - Returns: nil: it is a row of evidence.
  func read(_ line: ByteSlice) -> RowReader.Refusal? { reader.read(line) }

  /// The member as it is written, of an object that is never null.
  func token(_ member: RowMember) -> ByteSlice { reader.token(member) ?? .empty }

  var kind: RecordKind { reader.choice(kindName).map { Self.kinds[$0] } ?? .run }
  var verdict: Verdict? { reader.choice(verdictName).map { Self.verdicts[$0] } }
  var humanOverride: Category? { reader.choice(overrideName).map { Self.categories[$0] } }

  var otherVerdicts: [Verdict] {
    guard token(otherVerdictNames).count > 2 else { return [] }
    let scratch = ByteBuffer(capacity: 64)
    return reader.elements(otherVerdictNames).compactMap { name in
      EscapedText(quoted: name).flatMap { Verdict($0.text(scratch)) }
    }
  }

  var groundedFraction: Double? { reader.value(validationResults)?.member("grounded_fraction")?.double }

  var identity: RowIdentity? {
    guard let kindName = reader.text(kindName), let source = reader.text(source), let runID = reader.text(runID)
    else { return nil }
    return RowIdentity(kindName: kindName, source: source, runID: runID)
  }

  /// The key of the run that it is about; nil: it names none.
  func subject(_ scratch: WorkerScratch) -> Hash128? {
    guard let source = reader.text(aboutSource), let kind = reader.text(aboutKind), let runID = reader.text(aboutRunID)
    else { return nil }
    return Identity.hash(source: source, kind: kind, runID: runID, scratch)
  }
}
