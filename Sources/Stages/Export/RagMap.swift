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

  private static func write(_ sample: Sample, to row: inout RowWriter) {
    row.integer("schema_version", 1)
    row.identifier("id", "rag-", sample.id)
    row.text("title", Text.trimmed(Text.prefix(Text.firstLine(sample.text) ?? sample.task, utf16: 120)))
    row.copy("content", sample.evidence.member("text"))
    row.list("tags") { writeTags(sample, to: &$0) }
    row.copy("source_run_id", sample.evidence.member("run_id"))
    row.copy("task_id", sample.evidence.member("task_id"))
    row.copy("prompt", sample.evidence.member("prompt"))
    row.text("success_score", sample.category.rawValue)
    row.text("source_category", sample.category.rawValue)
    row.text("embedding_text", embeddingText(sample.text))
    row.copy("created_at", sample.evidence.member("timestamp"))
    row.copy("provenance", sample.evidence.member("provenance"))
  }

  /// The text's first 2000 code units; where these are blank, those of the trimmed text: a blank text embeds nothing.
  private static func embeddingText(_ text: ByteSlice) -> ByteSlice {
    let start = Text.prefix(text, utf16: 2000)
    return Text.isBlank(start) ? Text.prefix(Text.trimmed(text), utf16: 2000) : start
  }

  private static func writeTags(_ sample: Sample, to tags: inout RowWriter.Elements) {
    func tag(_ prefix: StaticString, _ text: ByteSlice?) {
      if let text, !Text.isBlank(text) { tags.text(prefix, text) }
    }
    tags.text("task:", sample.task[0..<(sample.task.firstIndex(of: UInt8(ascii: ":")) ?? sample.task.count)])
    var category = sample.category.rawValue
    category.withUTF8 { tags.text("category:", ByteSlice($0)) }
    tag("role:", sample.evidence.member("model_role")?.string)
    tag("model:", sample.evidence.member("model_name")?.string)
    tag("file:", sample.evidence.member("source_files")?.element(0)?.string)
  }
}
