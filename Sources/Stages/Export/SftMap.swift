import JSONTape
import Receipts

/// `sft.map/1`: scored runs to supervised samples.
///
/// Parameters: `{"include_partial": bool, "require_judge": [kind, …]}`. Inputs and outputs as those of `rag.map`, with `sft` for
/// `rag`.
public enum SftMap {
  public static let function = ActionFunction(name: "sft.map/1") { context in
    let includePartial = context.parameters["include_partial"]?.bool ?? false
    let requireJudge = Set((context.parameters["require_judge"]?.array ?? []).compactMap(\.string))
    let duplicates = try ExportMap.rows(context.optionalInput("overlay"))
    let sink = context.output("sft")
    var samples = SampleTable(context.output("samples"))
    let folded = context.scratch.secondBuffer
    var map = ExportMap(
      context, stage: .exportSFT,
      gates: Firewall.gates(
        category: Firewall.sftCategory(includePartial: includePartial, requireJudge: requireJudge),
        content: Firewall.hasInstructionAndResponse))
    try map.run { map, candidate in
      guard let evidence = candidate.evidence, let text = candidate.text("text"), let prompt = candidate.text("prompt"),
        let task = candidate.text("task_id"), let category = candidate.category
      else { return map.quarantine(candidate, Stop(.schemaViolation, "the evidence lacks a text or a task id")) }
      let start = sink.buffer.count
      let id = map.sampleID(candidate)
      write(evidence, candidate, id: id, text: text, category: category, to: sink.buffer)
      guard map.seal(sink, from: start, .sftSample, candidate) else { return }
      folded.removeAll()
      Text.fold(prompt, into: folded)
      folded.append(0)
      Text.fold(text, into: folded)
      samples.add(
        id: id, task: map.hash(task), texts: map.hash(folded.bytes), length: Text.utf16Length(text), row: map.row)
      if let duplicate = duplicates[map.row] {
        sink.buffer.truncate(to: start)
        sink.recordCount -= 1
        return map.quarantine(candidate, Stop(.duplicateID, duplicate["error"]?.string ?? ""))
      }
      map.tally.increment("exported")
      map.tally.add("by_category", category.rawValue)
      map.tally.add("by_model", candidate.text("model_name")?.string() ?? "")
      map.tally.add("by_source", candidate.provenance?.member("source")?.string?.string() ?? "")
    }
    return ExportCounts.json(map.tally)
  }

  private static func write(
    _ evidence: JSONValue, _ candidate: Candidate, id: UInt64, text: ByteSlice, category: Category,
    to buffer: ByteBuffer
  ) {
    let messages = evidence.member("messages")
    var writer = JSONWriter(buffer)
    writer.beginObject()
    writer.key("schema_version")
    writer.integer(1)
    writer.key("id")
    writer.sampleID("sft-", id)
    writer.key("instruction")
    writer.copy(evidence.member("prompt"))
    writer.key("context")
    writer.copy(messages.flatMap(systemMessage))
    writer.key("response")
    writer.copy(evidence.member("text"))
    writer.key("messages")
    writeConversation(messages, upTo: text, to: &writer)
    writer.key("source_run_id")
    writer.copy(evidence.member("run_id"))
    writer.key("task_id")
    writer.copy(evidence.member("task_id"))
    writer.key("model_name")
    writer.copy(evidence.member("model_name"))
    writer.key("quality_score")
    writer.string(category.rawValue)
    writer.key("score")
    writer.copy(evidence.member("score"))
    writer.key("judged_by")
    writer.copy(candidate.scored?.member("judged_by"))
    writer.key("created_at")
    writer.copy(evidence.member("timestamp"))
    writer.key("provenance")
    writer.copy(evidence.member("provenance"))
    writer.endObject()
    writer.newline()
  }

  private static func systemMessage(_ messages: JSONValue) -> JSONValue? {
    for message in messages.elements where message.member("role")?.string.map({ $0 == "system" }) ?? false {
      return message.member("content")
    }
    return nil
  }

  /// The conversation up to and with the last assistant message whose content is the response. Null where there is none.
  private static func writeConversation(_ messages: JSONValue?, upTo text: ByteSlice, to writer: inout JSONWriter) {
    guard let messages else { return writer.null() }
    var last: Int?
    for (index, message) in messages.elements.enumerated() {
      if message.member("role")?.string.map({ $0 == "assistant" }) ?? false,
        message.member("content")?.string.map({ $0 == text }) ?? false
      {
        last = index
      }
    }
    guard let last else { return writer.null() }
    writer.beginArray()
    for (index, message) in messages.elements.enumerated() where index <= last { writer.copy(message) }
    writer.endArray()
  }
}
