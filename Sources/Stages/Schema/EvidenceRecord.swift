extension RecordSchema {
  /// One run, one judgement about a run, one text distilled from runs, or one pairwise judgement.
  public static let evidence = RecordSchema(
    name: "evidence",
    fields: [
      Field("schema_version", .integer(atLeast: 1)), Field("kind", .oneOf(RecordKind.allCases.map(\.rawValue))),
      Field("run_id", .filledText), Field("task_id", .filledText), Field("timestamp", .nullable(.timestamp)),
      Field("model_name", .nullable(.text)), Field("model_provider", .nullable(.text)),
      Field("model_role", .nullable(.text)), Field("prompt", .nullable(.text)),
      Field("messages", .nullable(.list(SharedFields.message))), Field("text", .nullable(.text)),
      Field("source_files", .list(.text)), Field("git_sha", .nullable(.text)),
      Field("verdict", .nullable(.oneOf(Verdict.allCases.map(\.rawValue)))), Field("score", .nullable(.number)),
      Field("validation_results", .anyObject), Field("success_markers", .list(.text)),
      Field("failure_markers", .list(.text)), Field("human_override", .nullable(SharedFields.category)),
      Field("other_verdicts", .list(.oneOf(Verdict.allCases.map(\.rawValue)))),
      Field("judged_by", .nullable(SharedFields.judgedBy)),
      Field(
        "about",
        .nullable(
          .object([
            Field("source", .text), Field("kind", .text), Field("run_id", .nullable(.text)),
            Field("task_id", .nullable(.text)), Field("text_sha256", .nullable(.text)),
          ]))),
      Field(
        "comparison",
        .nullable(
          .object([
            Field("a", comparedText), Field("b", comparedText), Field("votes", .list(.oneOf(["a", "b", "tie"]))),
            Field("winner", .nullable(.oneOf(["a", "b", "tie"]))),
          ]))),
      Field("latency_ms", .nullable(.number)), Field("cost_usd", .nullable(.number)),
      Field("provenance", SharedFields.provenance),
    ])

  private static let comparedText = FieldType.object([
    Field("run_id", .text), Field("model_name", .nullable(.text)), Field("text", .nullable(.text)),
  ])
}

/// Members of evidence that stages ask for.
enum EvidenceMember {
  private static let schema = RecordSchema.evidence
  static let kind = schema.member("kind")
  static let runID = schema.member("run_id")
  static let taskID = schema.member("task_id")
  static let timestamp = schema.member("timestamp")
  static let modelName = schema.member("model_name")
  static let modelRole = schema.member("model_role")
  static let prompt = schema.member("prompt")
  static let messages = schema.member("messages")
  static let text = schema.member("text")
  static let sourceFiles = schema.member("source_files")
  static let gitSHA = schema.member("git_sha")
  static let score = schema.member("score")
  static let comparison = schema.member("comparison")
  static let provenance = schema.member("provenance")
  static let source = schema.member("provenance.source")
  static let sigHash = schema.member("provenance.sig_hash")
}
