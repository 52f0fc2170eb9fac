import JSONTape
import Receipts

/// Who a scored run says has judged it. The run's own judge if the run's verdict or score decided, else that of the
/// judgement which did. Where nothing was judged (a conflict, no verdict, a category that comes from other runs) there
/// is none, and a human's word is a human's.
enum Judge {
  case nobody
  case human
  /// As the evidence has it.
  case own
  case other(JSON)

  init(_ decision: Decision, _ facts: RunFacts, _ row: EvidenceRow) {
    let isHuman = decision.rule == .humanOverride
    switch decision.decider {
    case .nobody: self = .nobody
    case .run: self = isHuman ? .human : row.reader.isNull(row.judgedBy) ? .nobody : .own
    case .judgement(let index):
      let judge = facts.judgements[index].judgedBy
      self = !judge.isNull ? .other(judge) : isHuman ? .human : .nobody
    }
  }

  /// Appends `judged_by`.
  func append(_ row: EvidenceRow, to output: ByteBuffer) {
    switch self {
    case .nobody: output.append("null")
    case .human: output.append(#"{"kind":"human","name":null}"#)
    case .own: output.append(row.token(row.judgedBy))
    case .other(let judge):
      var writer = JSONWriter(output)
      writer.beginObject()
      writer.key("kind")
      writer.string(judge["kind"]?.string ?? "")
      writer.key("name")
      if let name = judge["name"]?.string { writer.string(name) } else { writer.null() }
      writer.endObject()
    }
  }

  /// Appends what `by_judge` counts it as.
  func appendKind(_ row: EvidenceRow, to output: ByteBuffer) {
    switch self {
    case .nobody: output.append("none")
    case .human: output.append("human")
    case .own: output.append(row.reader.text(row.judgeKind)?.bytes ?? .empty)
    case .other(let judge): output.append(judge["kind"]?.string ?? "none")
    }
  }
}

extension Judgement {
  /// From an overlay.
  init(_ item: JSONValue) throws {
    let file = item.member("source_file")?.string?.string() ?? ""
    let line = item.member("line")?.integer ?? 0
    self.init(
      verdict: item.member("verdict")?.string.flatMap { Verdict($0) },
      otherVerdicts: item.member("other_verdicts")?.elements.compactMap { $0.string.flatMap { Verdict($0) } } ?? [],
      humanOverride: item.member("human_override")?.string.flatMap { Category($0) },
      timestamp: item.member("timestamp")?.string.flatMap { Timestamp($0, defaultOffsetSeconds: 0) },
      sourceFile: file, line: line, label: "\(item.member("source")?.string?.string() ?? "") \(file):\(line + 1)",
      judgedBy: try item.member("judged_by").map { try JSON($0) } ?? .null)
  }
}
