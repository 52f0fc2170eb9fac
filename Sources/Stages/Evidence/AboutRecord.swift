import JSONTape

/// What a judgement is about, as expressions came to it.
struct AboutRecord {
  static let keys = ["source", "kind", "run_id", "task_id", "text_sha256"]

  private var source: FoundText?
  private var kind: FoundText?
  private var runID: FoundText?
  private var taskID: FoundText?
  private var textSHA256: FoundText?

  /// nil: the mapping has none, or none of run id, task id and hash is there. Blank is absent.
  init?(_ part: CompiledPart, in scope: RecordScope) throws(RecordViolation) {
    guard !part.about.isEmpty else { return nil }
    func text(_ key: String) throws(RecordViolation) -> FoundText? {
      guard let text = try part.about[key]?.text(in: scope), !Text.isBlank(scope.bytes(of: text)) else {
        return nil
      }
      return text
    }
    source = try text("source")
    kind = try text("kind")
    runID = try text("run_id")
    taskID = try text("task_id")
    textSHA256 = try text("text_sha256")
    if let kind {
      let name = scope.bytes(of: kind)
      guard RecordKind.allCases.contains(where: { name == $0.rawValue }) else {
        throw RecordViolation(.schemaViolation, "about.kind: \(EvidenceRows.quoted(name)) is no kind of record")
      }
    }
    if runID == nil && taskID == nil && textSHA256 == nil { return nil }
  }

  /// - Parameter ownSource: stands in for an absent source.
  /// - Parameter sorted: with the keys in canonical order, as it is hashed.
  func write(in scope: RecordScope, ownSource: String, sorted: Bool, to writer: inout JSONWriter) {
    func text(_ value: FoundText?) {
      if let value { writer.text(value, in: scope) } else { writer.null() }
    }
    func writeSource() {
      writer.key("source")
      if source == nil { writer.string(ownSource) } else { text(source) }
    }
    writer.beginObject()
    if !sorted { writeSource() }
    writer.key("kind")
    if kind == nil { writer.string("run" as StaticString) } else { text(kind) }
    writer.key("run_id")
    text(runID)
    if sorted { writeSource() }
    writer.key("task_id")
    text(taskID)
    writer.key("text_sha256")
    text(textSHA256)
    writer.endObject()
  }
}
