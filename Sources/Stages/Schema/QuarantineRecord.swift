extension RecordSchema {
  /// A record or a pair that was stopped, with one of the eleven reasons.
  public static let quarantine = RecordSchema(
    name: "quarantine",
    fields: [
      Field("stage", .filledText), Field("reason", .oneOf(Reason.allCases.map(\.rawValue))),
      Field("errors", .list(.filledText)), Field("source_record", .any),
      Field("source_provenance", .nullable(.anyObject)), Field("recorded_at", .nullable(.timestamp)),
    ])
}
