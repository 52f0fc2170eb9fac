extension RecordSchema {
  /// One supervised sample. `quality_score` has no way to say `rejected` or `needs_human_review`.
  public static let sftSample = RecordSchema(
    name: "sft",
    fields: [
      Field("schema_version", .integer(atLeast: 1)), Field("id", .identifier(prefix: "sft-")),
      Field("instruction", .filledText), Field("context", .nullable(.text)), Field("response", .filledText),
      Field("messages", .nullable(.list(SharedFields.message))), Field("source_run_id", .filledText),
      Field("task_id", .filledText), Field("model_name", .nullable(.text)),
      Field("quality_score", .oneOf([Category.accepted.rawValue, Category.partiallyAccepted.rawValue])),
      Field("score", .nullable(.number)), Field("judged_by", .nullable(SharedFields.judgedBy)),
      Field("created_at", .nullable(.timestamp)), Field("provenance", SharedFields.provenance),
    ])
}
