import Receipts

extension RecordSchema {
  /// `receipt.json`, whose reader is `ReceiptCodec`. Every key is here; counts and summaries are the stages' own.
  public static let receipt = RecordSchema(
    name: "receipt",
    fields: [
      Field("schema", .oneOf([ReceiptCodec.schema])), Field("stage", .filledText), Field("core", core),
      Field("core_sha256", .sha256),
      Field("git", .nullable(.object([Field("dirty", .boolean), Field("sha", .filledText)]))),
      Field("run", run), Field("previous", .nullable(.sha256)), Field("receipt_sha256", .sha256),
    ])

  private static let core = FieldType.object([
    Field("inputs", .list(file)), Field("key", .sha256), Field("outputs", .list(file)), Field("parameters", .anyObject),
    Field("record_counts", .anyObject), Field("summary", .anyObject),
    Field(
      "tool", .object([Field("name", .filledText), Field("sha256", .sha256), Field("version", .filledText)])),
    Field(
      "validation",
      .list(.object([Field("check", .filledText), Field("facts", .list(.text)), Field("pass", .boolean)]))),
    Field("validation_pass", .boolean),
  ])

  private static let file = FieldType.object([
    Field("bytes", .integer(atLeast: 0)), Field("path", .filledText), Field("records", .integer(atLeast: 0)),
    Field("sha256", .sha256),
  ])

  private static let run = FieldType.object([
    Field("actions", .object([Field("cached", .integer(atLeast: 0)), Field("run", .integer(atLeast: 0))])),
    Field("duration_ms", .integer(atLeast: 0)), Field("finished_at", .timestamp),
    Field(
      "host",
      .object([Field("arch", .text), Field("cpus", .integer(atLeast: 1)), Field("os", .text)])),
    Field("jobs", .integer(atLeast: 1)), Field("started_at", .timestamp),
  ])
}
