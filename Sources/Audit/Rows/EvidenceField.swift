import JSONTape
import Stages

/// Members of evidence rows, for a reader of rows.
enum EvidenceField {
  static let kind = member("kind")
  static let runID = member("run_id")
  static let taskID = member("task_id")
  static let timestamp = member("timestamp")
  static let prompt = member("prompt")
  static let text = member("text")
  static let verdict = member("verdict")
  static let score = member("score")
  static let validationResults = member("validation_results")
  static let humanOverride = member("human_override")
  static let otherVerdicts = member("other_verdicts")
  static let judgedBy = member("judged_by")
  static let aboutSource = member("about.source")
  static let aboutKind = member("about.kind")
  static let aboutRunID = member("about.run_id")
  static let aboutText = member("about.text_sha256")
  static let provenance = member("provenance")
  static let source = member("provenance.source")
  static let sourceFile = member("provenance.source_file")
  static let lineOffset = member("provenance.line_offset")
  static let sigHash = member("provenance.sig_hash")
  static let recordedAt = member("provenance.recorded_at")

  /// The members of the record itself, in their order.
  static let all = RecordSchema.evidence.fields.map { member($0.name) }

  private static func member(_ path: String) -> RowMember { RecordSchema.evidence.member(path) }
}

extension RowReader {
  /// The text as it is; nil: it is no string. Valid until `buffer` is changed otherwise.
  func plain(_ member: RowMember, _ buffer: ByteBuffer) -> ByteSlice? { text(member)?.text(buffer) }

  func string(_ member: RowMember) -> String? { text(member)?.string() }

  /// The case that a member names; nil: it names none.
  func name<Name: RawRepresentable & CaseIterable>(_ member: RowMember) -> Name? where Name.RawValue == String {
    text(member).flatMap(Name.init)
  }
}

extension RawRepresentable where Self: CaseIterable, RawValue == String {
  /// nil: there is none of that name.
  init?(_ text: EscapedText) {
    if text.hasEscapes {
      self.init(rawValue: text.string())
      return
    }
    for value in Self.allCases where text.bytes == value.rawValue {
      self = value
      return
    }
    return nil
  }
}
