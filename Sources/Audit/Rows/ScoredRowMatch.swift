import JSONTape
import Receipts
import Stages

/// Is a scored run the row that the rules make of a run of the evidence?
struct ScoredRowMatch {
  let index: EvidenceIndex
  let cuts: CutTable
  let scratch: RowScratch

  /// - Parameter place: the run's number.
  func isSame(_ scored: ByteSlice, _ place: Int) throws -> Bool {
    if try isExpected(scored, place) { return true }
    return try isExactly(scored, place)
  }

  /// False: that is not sure.
  func isExpected(_ scored: ByteSlice, _ place: Int) throws -> Bool {
    let run = index.runs[place]
    if run.reasoning == .other { return Hash128(Digest.of(scored)) == run.scoredRow }
    let evidence = index.tokens(of: place, try scratch.evidence.bytes(at: run.place))
    var row = RowMatch(scored)
    return row.take(#"{"schema_version":1,"evidence_run_id":"#) && row.take(evidence.token(EvidenceMember.runID))
      && row.take(#","evidence_task_id":"#) && row.take(evidence.token(EvidenceMember.taskID))
      && row.take(#","kind":""#) && row.take(run.kind.rawValue) && row.take(#"","category":""#)
      && row.take(run.category.rawValue) && row.take(#"","reasons":[{"rule":""#) && row.take(run.rule.rawValue)
      && row.take(#"","facts":[""#) && takeFact(&row, run, evidence) && row.take(#""]}],"score":"#)
      && row.take(evidence.token(EvidenceMember.score)) && row.take(#","judged_by":"#)
      && (run.reasoning == .skipped ? row.take("null") : row.take(evidence.token(EvidenceMember.judgedBy)))
      && row.take(#","scorer_version":1,"scored_at":"#) && row.take(evidence.token(EvidenceMember.timestamp))
      && row.take(#","provenance":"#) && row.take(evidence.token(EvidenceMember.provenance)) && row.take("}")
      && row.isAtEnd
  }

  private func takeFact(_ row: inout RowMatch, _ run: EvidenceRun, _ evidence: EvidenceTokens) -> Bool {
    switch run.reasoning {
    case .ownVerdict: return row.take("own: ") && row.take(run.category.rawValue)
    case .skipped: return row.take("own: skipped")
    case .other: return false
    case .measured:
      guard let provenance = evidence.token(EvidenceMember.provenance) else { return false }
      var place = RowMatch(provenance)
      guard place.take(#"{"source":"#), let source = place.takeString(), place.take(#","source_file":"#),
        let file = place.takeString(), WrittenText(source).isPlain, WrittenText(file).isPlain,
        let number = evidence.number(at: Int(run.measured))
      else { return false }
      let found = cuts.cuts(source: source[1..<source.count - 1], file: file[1..<file.count - 1], kind: run.kind)
      guard let cut = run.rule == .score ? found.score : found.grounded else { return false }
      return row.take(number) && row.take(run.category == .rejected ? " is below " : " is at least ")
        && row.take(cut.words(run.category))
    }
  }

  /// The same, from the whole evidence of a run whose own record decided.
  private func isExactly(_ scored: ByteSlice, _ place: Int) throws -> Bool {
    let run = index.runs[place]
    guard run.reasoning != .other else { return false }
    let row = scratch.row
    scratch.plain.removeAll()
    guard row.read(try scratch.evidence.bytes(at: run.place)) == nil else { return false }
    let ruling = RunKnowledge(row, run.kind, cuts, scratch).ruling()
    return ScoredRow.withJudgedBy(ruling, row, []) { judge in
      ScoredRow.write(row, ruling, judge: judge, to: scratch.text)
      return scratch.text.bytes == scored
    }
  }
}
