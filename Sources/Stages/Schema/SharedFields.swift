/// Types that several records share.
enum SharedFields {
  static let category = FieldType.oneOf(Category.allCases.map(\.rawValue))
  /// What an export may say of a row: there is no way to say `rejected` in it.
  static let exportableCategory = FieldType.oneOf([
    Category.accepted.rawValue, Category.partiallyAccepted.rawValue, Category.needsHumanReview.rawValue,
  ])
  static let judgedBy = FieldType.object([
    Field("kind", .oneOf(JudgedBy.kinds)), Field("name", .nullable(.text)),
  ])
  static let provenance = FieldType.object([
    Field("source", .filledText), Field("source_file", .filledText), Field("line_offset", .integer(atLeast: 0)),
    Field("byte_offset", .integer(atLeast: 0)), Field("byte_length", .integer(atLeast: 0)),
    Field("sig_hash", .sha256), Field("recorded_at", .nullable(.timestamp)),
  ])
  static let message = FieldType.object([
    Field("role", .oneOf(["system", "user", "assistant", "tool"])), Field("content", .nullable(.text)),
    Field(
      "tool_calls",
      .nullable(
        .list(.object([Field("id", .nullable(.text)), Field("name", .text), Field("arguments", .text)])))),
    Field("tool_call_id", .nullable(.text)), Field("name", .nullable(.text)),
  ])
}
