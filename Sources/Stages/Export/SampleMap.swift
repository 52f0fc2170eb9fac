import JSONTape
import Receipts

/// What `rag.map` and `sft.map` do alike: one sample a scored run that passes the gates.
struct SampleMap {
  let firewall: Firewall
  let schema: RecordSchema
  let output: String
  /// Appends a sample's row.
  let write: (_ evidence: JSONValue, _ candidate: Candidate, _ id: UInt64, _ to: ByteBuffer) -> Void
  /// What makes two samples the same sample said twice; zero: not asked for.
  let texts: (_ candidate: Candidate, _ map: ExportMap) -> Hash128

  func run(_ context: ActionContext, stage: StageName, gates: [Gate]) throws -> JSON {
    let duplicates = try OverlayRows.read(context.optionalInput("overlay"))
    let sink = context.output(output)
    var samples = SampleTable(context.output("samples"))
    var map = ExportMap(context, stage: stage, gates: gates)
    try map.run { map, candidate in
      guard let evidence = candidate.evidence, let text = candidate.text("text"), let task = candidate.text("task_id"),
        let category = candidate.category
      else { return map.quarantine(candidate, Stop(.schemaViolation, "the evidence lacks a text or a task id")) }
      let start = sink.buffer.count
      let id = map.sampleID(candidate)
      write(evidence, candidate, id, sink.buffer)
      if let stop = map.lastGate(firewall, sink, from: start, schema, duplicates) {
        sink.buffer.truncate(to: start)
        return map.quarantine(candidate, stop)
      }
      samples.add(
        id: id, task: map.hash(task), texts: texts(candidate, map), length: Text.utf16Length(text), row: map.row)
      sink.recordCount += 1
      map.tally.increment("exported")
      map.tally.add("by_category", category.rawValue)
      map.tally.add("by_model", candidate.text("model_name")?.string() ?? "")
      map.tally.add("by_source", candidate.provenance?.member("source")?.string?.string() ?? "")
    }
    return ExportCounts.json(map.tally)
  }
}

/// What `rag.map` and `sft.map` count.
enum ExportCounts {
  static let terms = ["scored", "exported", "quarantined"]
  static let tables = ["by_reason", "by_category", "by_model", "by_source"]

  static func json(_ tally: Tally) -> JSON {
    var counts = JSONObject([])
    for term in terms { counts[term] = .integer(tally.count(term)) }
    for table in tables { counts[table] = tally.json(table) }
    return .object(counts)
  }
}
