extension RecordSchema {
  /// One retrieval playbook. Its category can't be `rejected`.
  public static let ragSample = RecordSchema(
    name: "rag",
    fields: [
      Field("schema_version", .integer(atLeast: 1)), Field("id", .identifier(prefix: "rag-")),
      Field("title", .filledText), Field("content", .filledText), Field("tags", .list(.filledText)),
      Field("source_run_id", .filledText), Field("task_id", .filledText), Field("prompt", .nullable(.text)),
      Field("success_score", SharedFields.exportableCategory),
      Field("source_category", SharedFields.exportableCategory),
      Field("embedding_text", .filledText), Field("created_at", .nullable(.timestamp)),
      Field("provenance", SharedFields.provenance),
    ])
}
