/// Why one text of a pair is preferred to the other.
public enum PreferenceReason: String, Sendable, CaseIterable {
  case acceptedOverRejected = "accepted_vs_rejected"
  case acceptedOverPartiallyAccepted = "accepted_vs_partially_accepted"
  case preferred
}

extension RecordSchema {
  /// One preference pair of two runs of a task.
  public static let preferenceSample = RecordSchema(
    name: "preference",
    fields: [
      Field("schema_version", .integer(atLeast: 1)), Field("id", .identifier(prefix: "pref-")),
      Field("task_id", .filledText), Field("prompt", .nullable(.text)), Field("chosen", .filledText),
      Field("rejected", .filledText), Field("chosen_run_id", .filledText), Field("rejected_run_id", .filledText),
      Field("chosen_model", .nullable(.text)), Field("rejected_model", .nullable(.text)),
      Field("reason", .oneOf(PreferenceReason.allCases.map(\.rawValue))), Field("created_at", .nullable(.timestamp)),
      Field("chosen_provenance", SharedFields.provenance), Field("rejected_provenance", SharedFields.provenance),
    ])
}
