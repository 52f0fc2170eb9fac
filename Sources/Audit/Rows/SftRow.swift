import JSONTape
import Receipts
import Stages

/// A supervised sample, made again from its evidence.
struct SftRow {
  let members: RowMembers
  let row: ExportRow

  private static func place(_ name: String) -> Int { RecordSchema.sftSample.place(of: name) }
  private static let id = place("id")
  private static let instruction = place("instruction")
  private static let context = place("context")
  private static let response = place("response")
  private static let messages = place("messages")
  private static let runID = place("source_run_id")
  private static let taskID = place("task_id")
  private static let modelName = place("model_name")
  private static let quality = place("quality_score")
  private static let score = place("score")
  private static let judgedBy = place("judged_by")
  private static let created = place("created_at")
  private static let provenance = place("provenance")

  /// - Returns: the run that the row says it is made of.
  func check(_ pass: ExportPass, _ index: inout ExportIndex) throws -> RowKey? {
    row.expectVersion(members[0])
    index.counts.add("by_category", members[Self.quality].string?.string() ?? "")
    index.counts.add("by_source", members[Self.provenance].member("source")?.string?.string() ?? "")
    guard
      let found = try SampleRow.run(
        pass, row, runID: members[Self.runID], provenance: members[Self.provenance])
    else { return pass.back.claimed(members[Self.runID], members[Self.provenance]).map(RowKey.init(sampleOf:)) }
    pass.rules.checkPrompt(members[Self.instruction], row, pass.scratch)
    let evidence = found.evidence
    row.expect("instruction", members[Self.instruction], evidence[EvidenceMember.prompt])
    row.expect("response", members[Self.response], evidence[EvidenceMember.text])
    row.expect("task_id", members[Self.taskID], evidence[EvidenceMember.taskID])
    row.expect("model_name", members[Self.modelName], evidence[EvidenceMember.modelName])
    row.expect("score", members[Self.score], evidence[EvidenceMember.score])
    row.expect("created_at", members[Self.created], evidence[EvidenceMember.timestamp])
    row.expect("quality_score", members[Self.quality], text: found.run.category.rawValue)
    checkJudge(found, pass.back.index.judgedBy[found.row])
    checkConversation(evidence)
    row.expectID(
      "sft-", members[Self.id],
      [evidence[EvidenceMember.runID].string, evidence[EvidenceMember.provenance].member("sig_hash")?.string],
      pass.scratch.sha256)
    return RowKey(sampleOf: found.row)
  }

  /// - Parameter judgedBy: of the judgement that decided, if one did.
  private func checkJudge(_ found: WayBack.Found, _ judgedBy: String?) {
    let judge = members[Self.judgedBy]
    let expected: String =
      switch found.run.judge.origin {
      case .nobody: "null"
      case .evidence: found.evidence[EvidenceMember.judgedBy].token.string()
      case .human: ScoredRow.human
      case .judgement: judgedBy ?? "null"
      }
    if !(judge.token == expected) { row.differs("judged_by", expected: expected, found: judge.words) }
  }

  /// The system message, and the conversation up to the last answer that is the response.
  private func checkConversation(_ evidence: RowMembers) {
    let response = evidence[EvidenceMember.text].string ?? .empty
    var system: JSONValue?
    var count = 0
    for (place, message) in evidence[EvidenceMember.messages].elements.enumerated() {
      let role = message.member("role")?.string
      if system == nil, role == "system" { system = message.member("content") }
      if role == "assistant", message.member("content")?.string.map({ $0 == response }) ?? false { count = place + 1 }
    }
    if let system {
      row.expect("context", members[Self.context], system)
    } else if !members[Self.context].isNull {
      row.differs("context", expected: "null", found: members[Self.context].words)
    }
    let messages = members[Self.messages]
    guard count > 0 else {
      if !messages.isNull { row.differs("messages", expected: "null", found: messages.words) }
      return
    }
    guard messages.elementCount == count else {
      return row.differs("messages", expected: "\(count) messages", found: "\(messages.elementCount)")
    }
    for (place, pair) in zip(messages.elements, evidence[EvidenceMember.messages].elements).enumerated()
    where !pair.0.isSame(as: pair.1) {
      row.differs("messages/\(place)", expected: pair.1.words, found: pair.0.words)
    }
  }
}
