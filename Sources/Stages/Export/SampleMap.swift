import JSONTape
import Receipts

/// A scored run that passed the gates, on its way to a row. The rows that it is made of are at hand while it is
/// written.
struct Sample {
  var id: UInt64
  var text: EscapedText
  var task: EscapedText
  var category: Category
  var scored: RowReader
  var evidence: RowReader
  /// For texts without their escapes; its content is nobody's.
  var buffer: ByteBuffer
}

/// What `rag.map` and `sft.map` do alike: one sample a scored run that passes the gates.
struct SampleMap {
  let firewall: Firewall
  let schema: RecordSchema
  let output: String
  /// Writes a sample's row. Returns whether the run has messages, and the row shows none.
  let write: (_ sample: Sample, _ to: inout RowWriter) -> Bool
  /// What makes two samples the same sample said twice; zero: not asked for.
  let texts: (_ candidate: Candidate, _ map: ExportMap) -> Hash128

  func run(_ context: ActionContext, stage: StageName, gates: [Gate]) throws -> JSON {
    let duplicates = try OverlayRows.read(context)
    let sink = context.output(output)
    var samples = SampleTable(context.output("samples"))
    var map = ExportMap(context, stage: stage, gates: gates)
    var (exported, withoutMessages) = (Int64(0), Int64(0))
    var (byModel, bySource) = (NameCounter(), NameCounter())
    // Runs of a task often stand together.
    let lastTask = ByteBuffer(capacity: 0)
    var lastHash = map.hash(lastTask.bytes)
    var byCategory = [Int64](repeating: 0, count: Category.allCases.count)
    try map.run { map, candidate in
      guard let evidence = candidate.evidence, let scored = candidate.scored,
        let text = candidate.text(EvidenceMember.text), let task = candidate.text(EvidenceMember.taskID),
        let category = candidate.category
      else { return map.quarantine(candidate, Stop(.schemaViolation, "the evidence lacks a text or a task id")) }
      let start = sink.buffer.count
      let id = map.sampleID(candidate)
      var row = RowWriter(schema, sink.buffer)
      let lacksMessages = write(
        Sample(
          id: id, text: text, task: task, category: category, scored: scored, evidence: evidence,
          buffer: context.scratch.secondBuffer), &row)
      let duplicate = duplicates.isEmpty ? nil : duplicates[map.row]
      if let stop = firewall.lastGate(row.end(), duplicate.map { $0["error"]?.string ?? "" }) {
        sink.buffer.truncate(to: start)
        return map.quarantine(candidate, stop)
      }
      if lastTask.bytes != task.bytes {
        lastHash = map.hash(task)
        lastTask.removeAll()
        lastTask.append(task.bytes)
      }
      samples.add(
        id: id, task: lastHash, texts: texts(candidate, map), length: text.utf16Length, row: map.row)
      sink.recordCount += 1
      exported += 1
      if lacksMessages { withoutMessages += 1 }
      byCategory[Category.allCases.firstIndex(of: category)!] += 1
      byModel.add(map.plain(candidate.text(EvidenceMember.modelName)) ?? .empty)
      bySource.add(map.plain(candidate.source) ?? .empty)
    }
    var tally = map.tally
    tally.increment("exported", by: exported)
    tally.increment("without_messages", by: withoutMessages)
    for (category, count) in zip(Category.allCases, byCategory) where count > 0 {
      tally.add("by_category", category.rawValue, count)
    }
    byModel.add(to: &tally, "by_model")
    bySource.add(to: &tally, "by_source")
    return ExportCounts.json(tally)
  }
}

/// What `rag.map` and `sft.map` count.
enum ExportCounts {
  static let terms = ["scored", "exported", "quarantined", "without_messages"]
  static let tables = ["by_reason", "by_category", "by_model", "by_source"]

  static func json(_ tally: Tally) -> JSON {
    var counts = JSONObject([])
    for term in terms { counts[term] = .integer(tally.count(term)) }
    for table in tables { counts[table] = tally.json(table) }
    return .object(counts)
  }
}
