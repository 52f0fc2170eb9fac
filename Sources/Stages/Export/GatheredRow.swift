import JSONTape
import Receipts

/// What a pair shows of one of its sides, a line of `gathered`: `{"row", "kind", "category", "run_id", "task_id",
/// "model_name", "prompt", "text", "timestamp", "provenance"}`.
struct GatheredRow {
  /// Line of `scored` for a run, of `evidence` for a comparison.
  var row: Int64
  var kind: Pairing.Side.Kind
  /// nil: a side of a comparison, which has none.
  var category: Category?
  /// The run, or the side of the comparison: it has `run_id`, `model_name` and `text`.
  var said: JSONValue
  /// The run, or the comparison.
  var evidence: JSONValue

  func append(to sink: OutputSink) {
    var writer = JSONWriter(sink.buffer)
    writer.beginObject()
    writer.key("row")
    writer.integer(row)
    writer.key("kind")
    writer.integer(kind.rawValue)
    writer.key("category")
    if let category { writer.string(category.rawValue) } else { writer.null() }
    let members: [(StaticString, JSONValue?)] = [
      ("run_id", said.member("run_id")), ("task_id", evidence.member("task_id")),
      ("model_name", said.member("model_name")), ("prompt", evidence.member("prompt")), ("text", said.member("text")),
      ("timestamp", evidence.member("timestamp")), ("provenance", evidence.member("provenance")),
    ]
    for (key, value) in members {
      writer.key(key)
      writer.copy(value)
    }
    writer.endObject()
    writer.newline()
    sink.recordCount += 1
  }
}
