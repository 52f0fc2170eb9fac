import JSONTape
import Stages

/// The places of members in an evidence record.
enum EvidenceMember {
  static let kind = place("kind")
  static let runID = place("run_id")
  static let taskID = place("task_id")
  static let timestamp = place("timestamp")
  static let modelName = place("model_name")
  static let modelRole = place("model_role")
  static let prompt = place("prompt")
  static let messages = place("messages")
  static let text = place("text")
  static let sourceFiles = place("source_files")
  static let gitSHA = place("git_sha")
  static let verdict = place("verdict")
  static let score = place("score")
  static let validationResults = place("validation_results")
  static let humanOverride = place("human_override")
  static let otherVerdicts = place("other_verdicts")
  static let judgedBy = place("judged_by")
  static let about = place("about")
  static let comparison = place("comparison")
  static let provenance = place("provenance")

  private static func place(_ name: String) -> Int { RecordSchema.evidence.place(of: name) }
}

extension RecordSchema {
  /// The place of a member that the schema has.
  func place(of name: String) -> Int { fields.firstIndex { $0.name == name }! }
}

extension JSONValue {
  /// The same value written the same way: strings by their text, all else by its bytes.
  func isSame(as other: JSONValue) -> Bool {
    if let text = string { return other.string.map { text == $0 } ?? false }
    return other.kind == kind && token == other.token
  }

  /// For findings.
  var words: String { token.count > 400 ? token[0..<400].string() + "…" : token.string() }
}
