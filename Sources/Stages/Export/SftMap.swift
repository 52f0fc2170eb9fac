import JSONTape
import Receipts

/// `sft.map/1`: scored runs to supervised samples.
///
/// Parameters: `{"include_partial": bool, "require_judge": [kind, …]}`. Inputs and outputs as those of `rag.map`, with `sft` for
/// `rag`.
public enum SftMap {
  public static let function = function(behind: Firewall())

  static func function(behind firewall: Firewall) -> ActionFunction {
    ActionFunction(name: "sft.map/1") { context in
      let includePartial = context.parameters["include_partial"]?.bool ?? false
      let requireJudge = Set((context.parameters["require_judge"]?.array ?? []).compactMap(\.string))
      let samples = SampleMap(firewall: firewall, schema: .sftSample, output: "sft", write: write, texts: foldedTexts)
      return try samples.run(
        context, stage: .exportSFT,
        gates: try firewall.gates(
          category: Firewall.sftCategory(includePartial: includePartial, requireJudge: requireJudge),
          content: Firewall.hasInstructionAndResponse, context))
    }
  }

  private static func foldedTexts(_ candidate: Candidate, _ map: ExportMap) -> Hash128 {
    let folded = map.context.scratch.secondBuffer
    folded.removeAll()
    Text.fold(candidate.text("prompt") ?? .empty, into: folded)
    folded.append(0)
    Text.fold(candidate.text("text") ?? .empty, into: folded)
    return map.hash(folded.bytes)
  }

  private static func write(_ evidence: JSONValue, _ candidate: Candidate, id: UInt64, to buffer: ByteBuffer) {
    guard let text = candidate.text("text"), let category = candidate.category else { return }
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
