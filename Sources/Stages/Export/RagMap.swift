import JSONTape
import Receipts

/// `rag.map/1`: scored runs to retrieval playbooks.
///
/// Parameters: `{"include_review": bool}`. Inputs: `scored/<i>`, `evidence/<i>`, and `overlay` (rows `{"row", "error"}`: a `duplicate_id`)
/// when the reduce found some. Outputs: `rag`, `quarantine`, `samples`.
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

  private static func write(_ evidence: JSONValue, _ candidate: Candidate, id: UInt64, to buffer: ByteBuffer) {
    guard let text = candidate.text("text"), let task = candidate.text("task_id"), let category = candidate.category
    else { return }
    var writer = JSONWriter(buffer)
    writer.beginObject()
    writer.key("schema_version")
    writer.integer(1)
    writer.key("id")
    writer.sampleID("rag-", id)
    writer.key("title")
    writer.string(Text.trimmed(Text.prefix(Text.firstLine(text) ?? task, utf16: 120)))
    writer.key("content")
    writer.copy(evidence.member("text"))
    writer.key("tags")
    writeTags(evidence, task: task, category: category, to: &writer)
    writer.key("source_run_id")
    writer.copy(evidence.member("run_id"))
    writer.key("task_id")
    writer.copy(evidence.member("task_id"))
    writer.key("prompt")
    writer.copy(evidence.member("prompt"))
    writer.key("success_score")
    writer.string(category.rawValue)
    writer.key("source_category")
    writer.string(category.rawValue)
    writer.key("embedding_text")
    writer.string(embeddingText(text))
    writer.key("created_at")
    writer.copy(evidence.member("timestamp"))
    writer.key("provenance")
    writer.copy(evidence.member("provenance"))
    writer.endObject()
    writer.newline()
  }

  /// The text's first 2000 code units; where these are blank, those of the trimmed text: a blank text embeds nothing.
  private static func embeddingText(_ text: ByteSlice) -> ByteSlice {
    let start = Text.prefix(text, utf16: 2000)
    return Text.isBlank(start) ? Text.prefix(Text.trimmed(text), utf16: 2000) : start
  }

  private static func writeTags(
    _ evidence: JSONValue, task: ByteSlice, category: Category, to writer: inout JSONWriter
  ) {
    func tag(_ prefix: StaticString, _ text: ByteSlice?) {
      guard let text, !Text.isBlank(text) else { return }
      writer.beginString()
      writer.stringPiece(prefix)
      writer.stringPiece(text)
      writer.endString()
    }
    writer.beginArray()
    writer.beginString()
    writer.stringPiece("task:")
    writer.stringPiece(task[0..<(task.buffer.firstIndex(of: UInt8(ascii: ":")) ?? task.count)])
    writer.endString()
    writer.string("category:\(category.rawValue)")
    tag("role:", evidence.member("model_role")?.string)
    tag("model:", evidence.member("model_name")?.string)
    tag("file:", evidence.member("source_files")?.element(0)?.string)
    writer.endArray()
  }
}
