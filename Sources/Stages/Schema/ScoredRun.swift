extension RecordSchema {
  /// The category of a run or an extraction, with the rule that decided. Carries no text of the run. `provenance` and
  /// `evidence_run_id` may be null here: to stop such rows is the gates' work, with a reason of its own.
  public static let scoredRun = RecordSchema(
    name: "scored-run",
    fields: [
      Field("schema_version", .integer(atLeast: 1)), Field("evidence_run_id", .nullable(.text)),
      Field("evidence_task_id", .nullable(.text)),
      Field("kind", .oneOf([RecordKind.run.rawValue, RecordKind.extraction.rawValue])),
      Field("category", SharedFields.category),
      Field("reasons", .list(.object([Field("rule", .filledText), Field("facts", .list(.text))]))),
      Field("score", .nullable(.number)), Field("judged_by", .nullable(SharedFields.judgedBy)),
      Field("scorer_version", .integer(atLeast: 1)), Field("scored_at", .nullable(.timestamp)),
      Field("provenance", .nullable(SharedFields.provenance)),
    ])
}

/// Members of a scored run that exporters ask for.
enum ScoredMember {
  private static let schema = RecordSchema.scoredRun
  static let runID = schema.member("evidence_run_id")
  static let kind = schema.member("kind")
  static let category = schema.member("category")
  static let judgedBy = schema.member("judged_by")
  static let judgeKind = schema.member("judged_by.kind")
  static let scoredAt = schema.member("scored_at")
  static let provenance = schema.member("provenance")
  static let source = schema.member("provenance.source")
  static let sigHash = schema.member("provenance.sig_hash")
}
