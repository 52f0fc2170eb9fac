import JSONTape
import Receipts

/// `sft.map/1`: scored runs to supervised samples.
///
/// Parameters: `{"include_partial": bool, "require_judge": [kind, …]}`. Inputs and outputs as those of `rag.map`, with
/// `sft` for `rag`.
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
    let scratch = map.context.scratch
    let (plain, folded) = (scratch.buffer, scratch.secondBuffer)
    folded.removeAll()
    for (index, member) in [EvidenceMember.prompt, EvidenceMember.text].enumerated() {
      if index > 0 { folded.append(0) }
      guard let text = candidate.text(member) else { continue }
      plain.removeAll()
      Text.fold(text.text(plain), into: folded)
    }
    return map.hash(folded.bytes)
  }

  private static func write(_ sample: Sample, to row: inout RowWriter) -> Bool {
    let evidence = sample.evidence
    row.integer("schema_version", 1)
    row.identifier("id", "sft-", sample.id)
    row.copy("instruction", evidence.token(EvidenceMember.prompt))
    let messages = evidence.elements(EvidenceMember.messages)
    let conversation = Conversation(messages, response: sample.text)
    row.copy("context", conversation.systemMessage)
    row.text("response", sample.text)
    row.copy("messages", list: conversation.upToResponse)
    row.copy("source_run_id", evidence.token(EvidenceMember.runID))
    row.copy("task_id", evidence.token(EvidenceMember.taskID))
    row.copy("model_name", evidence.token(EvidenceMember.modelName))
    row.text("quality_score", sample.category.rawValue)
    row.copy("score", evidence.token(EvidenceMember.score))
    row.copy("judged_by", sample.scored.token(ScoredMember.judgedBy))
    row.copy("created_at", evidence.token(EvidenceMember.timestamp))
    row.copy("provenance", evidence.token(EvidenceMember.provenance))
    return !messages.isEmpty && conversation.upToResponse == nil
  }
}
