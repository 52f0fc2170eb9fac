import JSONTape
import Receipts

/// `rag.map/1`: scored runs to retrieval playbooks.
///
/// Parameters: `{"include_review": bool}`. Inputs: `scored/<i>`, `evidence/<i>`, and `overlay` (rows `{"row",
/// "error"}`: a `duplicate_id`) when the reduce found some. Outputs: `rag`, `quarantine`, `samples`.
public enum RagMap {
  public static let function = function(behind: Firewall())

  static func function(behind firewall: Firewall) -> ActionFunction {
    ActionFunction(name: "rag.map/1") { context in
      let includeReview = context.parameters["include_review"]?.bool ?? false
      let samples = SampleMap(
        firewall: firewall, schema: .ragSample, output: "rag", write: write, texts: { _, _ in .zero })
      return try samples.run(
        context, stage: .exportRAG,
        gates: try firewall.gates(
          category: Firewall.ragCategory(includeReview: includeReview), content: Firewall.hasText,
          context))
    }
  }

  private static func write(_ sample: Sample, to row: inout RowWriter) -> Bool {
    let evidence = sample.evidence
    row.integer("schema_version", 1)
    row.identifier("id", "rag-", sample.id)
    row.text("title", title(sample))
    row.text("content", sample.text)
    row.list("tags") { writeTags(sample, to: &$0) }
    row.copy("source_run_id", evidence.token(EvidenceMember.runID))
    row.copy("task_id", evidence.token(EvidenceMember.taskID))
    row.copy("prompt", evidence.token(EvidenceMember.prompt))
    row.text("success_score", sample.category.rawValue)
    row.text("source_category", sample.category.rawValue)
    writeEmbeddingText(sample, to: &row)
    row.copy("created_at", evidence.token(EvidenceMember.timestamp))
    row.copy("provenance", evidence.token(EvidenceMember.provenance))
    return false
  }

  /// As many code units as a title can have, and white space before it: of most texts no more need be read.
  private static let titleWindow = 160
  private static let titleLimit = 120

  private static func title(_ sample: Sample) -> ByteSlice {
    let buffer = sample.buffer
    buffer.removeAll()
    let window = sample.text.prefix(utf16: titleWindow)
    let start = window.text(buffer)
    if let line = Text.firstLine(start) {
      let title = Text.prefix(line, utf16: titleLimit)
      // Else the line may go on behind the window.
      if title.count < line.count || window.bytes.count == sample.text.bytes.count || isEnded(line, in: start) {
        return Text.trimmed(title)
      }
    }
    buffer.removeAll()
    let line = Text.firstLine(sample.text.text(buffer)) ?? sample.task.text(buffer)
    return Text.trimmed(Text.prefix(line, utf16: titleLimit))
  }

  /// - Parameter line: a slice of the text.
  private static func isEnded(_ line: ByteSlice, in text: ByteSlice) -> Bool {
    let end = text.raw.baseAddress!.distance(to: line.raw.baseAddress!) + line.count
    return text.firstIndex(of: UInt8(ascii: "\n"), from: end) != nil
  }

  /// The text's first 2000 code units; where these are blank, those of the trimmed text: a blank text embeds nothing.
  private static func writeEmbeddingText(_ sample: Sample, to row: inout RowWriter) {
    let start = sample.text.prefix(utf16: 2000)
    guard Text.isBlank(start) else { return row.text("embedding_text", start) }
    sample.buffer.removeAll()
    row.text("embedding_text", Text.prefix(Text.trimmed(sample.text.text(sample.buffer)), utf16: 2000))
  }

  private static func writeTags(_ sample: Sample, to tags: inout RowWriter.Elements) {
    func tag(_ prefix: StaticString, _ text: EscapedText?) {
      if let text, !Text.isBlank(text) { tags.text(prefix, text) }
    }
    sample.buffer.removeAll()
    let task = sample.task.text(sample.buffer)
    tags.text("task:", task[0..<(task.firstIndex(of: UInt8(ascii: ":")) ?? task.count)])
    var category = sample.category.rawValue
    category.withUTF8 { tags.text("category:", ByteSlice($0)) }
    tag("role:", sample.evidence.text(EvidenceMember.modelRole))
    tag("model:", sample.evidence.text(EvidenceMember.modelName))
    var files = sample.evidence.elements(EvidenceMember.sourceFiles)
    tag("file:", files.next().flatMap { EscapedText(quoted: $0) })
  }
}
