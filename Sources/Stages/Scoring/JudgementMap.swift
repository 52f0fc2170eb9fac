import JSONTape
import Receipts

/// `score.collect/1`: takes the judgements out of evidence, each under the key of the run that it is about.
///
/// Parameters: `{"bits": n, "sources": […]}`: see `HashBuckets`; the sources whose runs can be looked for.
/// Inputs: `evidence/<i>`, fragments one behind the other.
/// Outputs: `judgements/<bucket>`, see `KeyedRows`.
/// Counts: `judgements`; `unaddressed`, those that name no run, with up to five `examples`; `about`: judgements by the
/// source of their run, where that is one of `sources`.
public enum JudgementMap {
  public static let function = ActionFunction(name: "score.collect/1") { context in
    guard let buckets = HashBuckets(context.parameters["bits"]) else {
      throw DistillError(.internalFault, "score.collect was not told how many buckets there are")
    }
    let row = EvidenceRow()
    let scratch = context.scratch
    let text = ByteBuffer(capacity: 1024)
    let sources = Set((context.parameters["sources"]?.array ?? []).compactMap(\.string))
    var sinks = BucketSinks("judgements", buckets, context)
    var tally = Tally()
    var examples: [JSON] = []
    for fragment in context.indices(of: "evidence") {
      for line in Lines(try context.input("evidence/\(fragment)")) {
        // A row that is no evidence is quarantined where it is scored.
        if let kind = RowIdentity(line)?.kind, kind != .verdict { continue }
        guard row.read(line) == nil, row.kind == .verdict else { continue }
        tally.increment("judgements")
        text.removeAll()
        write(row, to: text)
        guard let subject = row.subject(scratch) else {
          tally.increment("unaddressed")
          if examples.count < 5 { examples.append(example(try JSON.parse(Array(text.bytes.buffer)))) }
          continue
        }
        if let source = row.reader.text(row.aboutSource)?.string(), sources.contains(source) {
          tally.add("about", source)
        }
        KeyedRows.append(subject, text.bytes, to: sinks.sink(of: subject))
      }
    }
    return [
      "judgements": .integer(tally.count("judgements")), "unaddressed": .integer(tally.count("unaddressed")),
      "examples": .array(examples), "about": tally.json("about"),
    ]
  }

  private static func write(_ row: EvidenceRow, to text: ByteBuffer) {
    var writer = JSONWriter(text)
    writer.beginObject()
    writer.key("about")
    writer.raw(row.token(row.about))
    writer.key("verdict")
    writer.raw(row.token(row.verdictName))
    writer.key("other_verdicts")
    writer.raw(row.token(row.otherVerdictNames))
    writer.key("human_override")
    writer.raw(row.token(row.overrideName))
    writer.key("timestamp")
    writer.raw(row.token(row.timestamp))
    writer.key("source")
    writer.raw(row.token(row.source))
    writer.key("source_file")
    writer.raw(row.token(row.sourceFile))
    writer.key("line")
    writer.raw(row.token(row.line))
    writer.key("judged_by")
    writer.raw(row.token(row.judgedBy))
    writer.endObject()
  }

  /// What the report shows of a judgement that could not be used.
  static func example(_ judgement: JSON) -> JSON {
    [
      "source": judgement["source"] ?? .null, "source_file": judgement["source_file"] ?? .null,
      "line": judgement["line"] ?? .null, "about": judgement["about"] ?? .null,
    ]
  }
}
