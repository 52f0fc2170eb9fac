import JSONTape
import Receipts
import Stages

/// A playbook, made again from its evidence.
struct RagRow {
  let members: RowMembers
  let row: ExportRow

  private static func place(_ name: String) -> Int { RecordSchema.ragSample.place(of: name) }
  private static let id = place("id")
  private static let title = place("title")
  private static let content = place("content")
  private static let tags = place("tags")
  private static let runID = place("source_run_id")
  private static let taskID = place("task_id")
  private static let prompt = place("prompt")
  private static let success = place("success_score")
  private static let category = place("source_category")
  private static let embedding = place("embedding_text")
  private static let created = place("created_at")
  private static let provenance = place("provenance")

  /// - Returns: the run that the row says it is made of.
  func check(_ pass: ExportPass, _ index: inout ExportIndex) throws -> RowKey? {
    row.expectVersion(members[0])
    index.counts.add("by_category", members[Self.category].string?.string() ?? "")
    index.counts.add("by_source", members[Self.provenance].member("source")?.string?.string() ?? "")
    guard
      let found = try SampleRow.run(
        pass, row, runID: members[Self.runID], provenance: members[Self.provenance])
    else { return pass.back.claimed(members[Self.runID], members[Self.provenance]).map(RowKey.init(sampleOf:)) }
    pass.rules.checkPrompt(members[Self.prompt], row, pass.scratch)
    let evidence = found.evidence
    row.expect("content", members[Self.content], evidence[EvidenceMember.text])
    row.expect("task_id", members[Self.taskID], evidence[EvidenceMember.taskID])
    row.expect("prompt", members[Self.prompt], evidence[EvidenceMember.prompt])
    row.expect("created_at", members[Self.created], evidence[EvidenceMember.timestamp])
    row.expect("success_score", members[Self.success], text: found.run.category.rawValue)
    row.expect("source_category", members[Self.category], text: found.run.category.rawValue)
    let text = evidence[EvidenceMember.text].string ?? .empty
    let task = evidence[EvidenceMember.taskID].string ?? .empty
    row.expect("title", members[Self.title], text: Text.trimmed(Text.prefix(Text.firstLine(text) ?? task, utf16: 120)))
    // A start that says nothing embeds nothing: then it is that of the trimmed text.
    let start = Text.prefix(text, utf16: 2000)
    row.expect(
      "embedding_text", members[Self.embedding],
      text: Text.isBlank(start) ? Text.prefix(Text.trimmed(text), utf16: 2000) : start)
    checkTags(found, task)
    row.expectID(
      "rag-", members[Self.id],
      [evidence[EvidenceMember.runID].string, evidence[EvidenceMember.provenance].member("sig_hash")?.string],
      pass.scratch.sha256)
    return RowKey(sampleOf: found.row)
  }

  private func checkTags(_ found: WayBack.Found, _ task: ByteSlice) {
    let tags = members[Self.tags]
    var place = 0
    func expect(_ name: String, _ text: ByteSlice) {
      let tag = tags.element(place)
      let count = name.utf8.count
      let isRight =
        tag?.string.map {
          $0.count == count + text.count && $0[0..<count] == name && $0[count..<$0.count] == text
        } ?? false
      if !isRight {
        row.differs("tags/\(place)", expected: "\(name)\(text.string())", found: tag?.words ?? "no such tag")
      }
      place += 1
    }
    func expect(_ name: String, ifPresent text: ByteSlice?) {
      if let text, !Text.isBlank(text) { expect(name, text) }
    }
    expect("task:", task[0..<(task.buffer.firstIndex(of: UInt8(ascii: ":")) ?? task.count)])
    expect("category:\(found.run.category.rawValue)", .empty)
    expect("role:", ifPresent: found.evidence[EvidenceMember.modelRole].string)
    expect("model:", ifPresent: found.evidence[EvidenceMember.modelName].string)
    expect("file:", ifPresent: found.evidence[EvidenceMember.sourceFiles].element(0)?.string)
    if tags.elementCount > place { row.differs("tags", expected: "\(place) tags", found: "\(tags.elementCount)") }
  }
}
