import JSONTape
import Receipts
import Stages

/// Is an exported row, byte for byte, the one that the auditor would write for its evidence? Then it is as its schema
/// says and no rule has anything to report. All others are parsed and looked at member by member.
struct RowMatching {
  let back: WayBack
  let rules: ExportRules
  let scratch: RowScratch

  /// Asks for the evidence of a row that comes soon, and for what is known of one that comes later.
  func prefetch(_ soon: RowKey?, _ later: RowKey?) {
    if let later {
      back.index.prefetch(Int(later.first))
      back.index.prefetch(Int(later.second))
    }
    if let soon {
      prefetchRow(of: Int(soon.first))
      prefetchRow(of: Int(soon.second))
    }
  }

  private func prefetchRow(of run: Int) {
    guard back.index.runs.indices.contains(run) else { return }
    scratch.evidence.prefetch(back.index.runs[run].place)
  }

  /// Is it the sample of that run? False: the row has to be looked at.
  func isSample(_ line: Line, of run: Int, _ stage: StageName) throws -> Bool {
    guard canMatch, maySurelyBeTaken(run) else { return false }
    var row = RowMatch(line.bytes)
    let isRAG = stage == .exportRAG
    guard row.take(#"{"schema_version":1,"id":""#), isRAG ? row.take("rag-") : row.take("sft-"),
      row.take(hex: back.index.runs[run].sampleID), row.take("\"")
    else { return false }
    let evidence = try tokens(of: run)
    return (isRAG ? playbook(&row, run, evidence) : instruction(&row, run, evidence)) && row.isAtEnd
  }

  /// Held-out prompts need the texts, and evidence that is not as its receipt says proves nothing.
  var canMatch: Bool { !back.isBroken && rules.heldOut.isEmpty }

  /// What `ExportRules.check` finds nothing wrong with; false says nothing.
  private func maySurelyBeTaken(_ run: Int) -> Bool {
    let found = back.index.runs[run]
    guard rules.allowed.contains(found.category), back.scored.category(of: run, back.index) == found.category else {
      return false
    }
    return maySurelyBeTaken(found)
  }

  /// Whatever its category.
  func maySurelyBeTaken(_ run: EvidenceRun) -> Bool {
    (rules.judges.isEmpty || rules.judges.contains(run.judge.kind))
      && !(rules.answers?.concern(back.index.name(ofSource: run.source)) ?? false)
  }

  func tokens(of run: Int) throws -> EvidenceTokens {
    try back.index.tokens(of: run, scratch.evidence.bytes(at: back.index.runs[run].place))
  }

  // MARK: Playbooks

  private func playbook(_ row: inout RowMatch, _ run: Int, _ evidence: EvidenceTokens) -> Bool {
    let category = back.index.runs[run].category.rawValue
    guard let text = evidence.text(EvidenceMember.text).map(WrittenText.init), let filled = text.firstFilled,
      let task = evidence.text(EvidenceMember.taskID), WrittenText(task).isPlain,
      row.take(#","title":"#), let title = row.takeString(), isTitle(title, of: text, from: filled),
      row.take(#","content":"#), row.take(evidence.token(EvidenceMember.text)),
      row.take(#","tags":["task:"#), row.take(task[0..<(task.firstIndex(of: UInt8(ascii: ":")) ?? task.count)]),
      row.take(#"","category:"#), row.take(category),
      takeTag(&row, #"","role:"#, evidence.token(EvidenceMember.modelRole)),
      takeTag(&row, #"","model:"#, evidence.token(EvidenceMember.modelName)),
      takeTag(&row, #"","file:"#, firstFile(evidence.token(EvidenceMember.sourceFiles))),
      row.take(#""],"source_run_id":"#), row.take(evidence.token(EvidenceMember.runID)),
      row.take(#","task_id":"#), row.take(evidence.token(EvidenceMember.taskID)),
      row.take(#","prompt":"#), row.take(evidence.token(EvidenceMember.prompt)),
      row.take(#","success_score":""#), row.take(category), row.take(#"","source_category":""#), row.take(category),
      row.take(#"","embedding_text":"#), let embedding = row.takeString(), filled < embedding.count - 2,
      WrittenText(embedding[1..<embedding.count - 1]).isStart(of: text, utf16: 2000)
    else { return false }
    return row.take(#","created_at":"#) && row.take(evidence.token(EvidenceMember.timestamp))
      && row.take(#","provenance":"#) && row.take(evidence.token(EvidenceMember.provenance)) && row.take("}")
  }

  /// - Parameter title: with its quotes.
  private func isTitle(_ title: ByteSlice, of text: WrittenText, from start: Int) -> Bool {
    let line = scratch.text
    line.removeAll()
    guard text.appendLine(at: start, to: line) else { return false }
    let expected = Text.trimmed(Text.prefix(Text.trimmed(line.bytes), utf16: 120))
    scratch.folded.removeAll()
    var writer = JSONWriter(scratch.folded)
    writer.string(expected)
    return scratch.folded.bytes == title
  }

  /// A tag that is there where the evidence says something; `start` ends the one before.
  private func takeTag(_ row: inout RowMatch, _ start: StaticString, _ token: ByteSlice?) -> Bool {
    guard let token else { return false }
    if token == "null" { return true }
    guard token.count >= 2, token[0] == UInt8(ascii: "\"") else { return false }
    let text = token[1..<token.count - 1]
    guard WrittenText(text).isPlain else { return false }
    return Text.isBlank(text) || (row.take(start) && row.take(text))
  }

  /// The first string of a list with its quotes; `null` where there is none.
  private func firstFile(_ list: ByteSlice?) -> ByteSlice? {
    guard let list, list.count >= 2 else { return nil }
    if list == "[]" { return ByteSlice(UnsafeBufferPointer(start: Self.null.utf8Start, count: 4)) }
    var elements = RowMatch(list)
    return elements.take("[") ? elements.takeString() : nil
  }

  private static let null: StaticString = "null"

  // MARK: Samples

  private func instruction(_ row: inout RowMatch, _ run: Int, _ evidence: EvidenceTokens) -> Bool {
    guard let prompt = evidence.text(EvidenceMember.prompt), WrittenText(prompt).firstFilled != nil,
      let text = evidence.text(EvidenceMember.text), WrittenText(text).firstFilled != nil,
      row.take(#","instruction":"#), row.take(evidence.token(EvidenceMember.prompt)),
      takeConversation(&row, evidence),
      row.take(#","source_run_id":"#), row.take(evidence.token(EvidenceMember.runID)),
      row.take(#","task_id":"#), row.take(evidence.token(EvidenceMember.taskID)),
      row.take(#","model_name":"#), row.take(evidence.token(EvidenceMember.modelName)),
      row.take(#","quality_score":""#), row.take(back.index.runs[run].category.rawValue),
      row.take(#"","score":"#), row.take(evidence.token(EvidenceMember.score)),
      row.take(#","judged_by":"#), takeJudge(&row, run, evidence)
    else { return false }
    return row.take(#","created_at":"#) && row.take(evidence.token(EvidenceMember.timestamp))
      && row.take(#","provenance":"#) && row.take(evidence.token(EvidenceMember.provenance)) && row.take("}")
  }

  private func takeJudge(_ row: inout RowMatch, _ run: Int, _ evidence: EvidenceTokens) -> Bool {
    switch back.index.runs[run].judge.origin {
    case .nobody: row.take("null")
    case .evidence: row.take(evidence.token(EvidenceMember.judgedBy))
    case .human: row.take(ScoredRow.human)
    case .judgement: back.index.judgedBy[run].map { row.take($0) } ?? false
    }
  }

  /// The system message, the response, and the conversation up to the last answer that is the response.
  private func takeConversation(_ row: inout RowMatch, _ evidence: EvidenceTokens) -> Bool {
    guard let messages = evidence.token(EvidenceMember.messages), let text = evidence.token(EvidenceMember.text) else {
      return false
    }
    if messages == "null" {
      return row.take(#","context":null,"response":"#) && row.take(text) && row.take(#","messages":null"#)
    }
    guard let list = try? scratch.parser.parse(messages) else { return false }
    var system: JSONValue?
    var end: Int?
    for message in list.elements {
      let role = message.member("role")?.string
      if system == nil, role == "system" { system = message.member("content") }
      if role == "assistant", let content = message.member("content") {
        // A text is written in one way only, so most that are the same are so byte for byte.
        if content.token == text || (!isPlain(content.token, text) && isSame(content, as: text)) {
          end = message.sourceRange.upperBound
        }
      }
    }
    guard row.take(#","context":"#), system.map({ row.take($0.token) }) ?? row.take("null"),
      row.take(#","response":"#), row.take(text), row.take(#","messages":"#)
    else { return false }
    guard let end else { return row.take("null") }
    return row.take(messages[0..<end]) && row.take("]")
  }

  private func isPlain(_ tokens: ByteSlice...) -> Bool { tokens.allSatisfy { WrittenText($0).isPlain } }

  private func isSame(_ content: JSONValue, as text: ByteSlice) -> Bool {
    guard let answer = try? scratch.others[0].parse(text).string else { return false }
    return content.string.map { $0 == answer } ?? false
  }
}
