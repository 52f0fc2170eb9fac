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

  private static func write(_ sample: Sample, to row: inout RowWriter) {
    let evidence = sample.evidence
    let messages = evidence.member("messages")
    row.integer("schema_version", 1)
    row.identifier("id", "sft-", sample.id)
    row.copy("instruction", evidence.member("prompt"))
    row.copy("context", messages.flatMap(systemMessage))
    row.copy("response", evidence.member("text"))
    writeConversation(messages, upTo: sample.text, to: &row)
    row.copy("source_run_id", evidence.member("run_id"))
    row.copy("task_id", evidence.member("task_id"))
    row.copy("model_name", evidence.member("model_name"))
    row.text("quality_score", sample.category.rawValue)
    row.copy("score", evidence.member("score"))
    row.copy("judged_by", sample.scored.member("judged_by"))
    row.copy("created_at", evidence.member("timestamp"))
    row.copy("provenance", evidence.member("provenance"))
  }

  private static func systemMessage(_ messages: JSONValue) -> JSONValue? {
    for message in messages.elements where message.member("role")?.string.map({ $0 == "system" }) ?? false {
      return message.member("content")
    }
    return nil
  }

  /// The conversation up to and with the last assistant message whose content is the response. Null where there is none.
  private static func writeConversation(_ messages: JSONValue?, upTo text: ByteSlice, to row: inout RowWriter) {
    guard let messages else { return row.null("messages") }
    var last: Int?
    for (index, message) in messages.elements.enumerated() {
      if message.member("role")?.string == "assistant", message.member("content")?.string == text { last = index }
    }
    guard let last else { return row.null("messages") }
    row.list("messages") { list in
      for (index, message) in messages.elements.enumerated() where index <= last { list.copy(message) }
    }
  }
}
