import JSONTape
import Receipts
import Stages

extension RowMatching {
  /// The same for a pair of two runs.
  /// - Returns: the digits of its id as bits, and both runs; nil: the row has to be looked at.
  func pair(_ line: Line) throws -> (id: UInt64, chosen: Int, rejected: Int, reason: PreferenceReason)? {
    guard canMatch else { return nil }
    var row = RowMatch(line.bytes)
    guard row.take(#"{"schema_version":1,"id":"pref-"#), let id = row.takeID(),
      row.take(#"","task_id":"#), let task = row.takeString(), row.take(#","prompt":"#),
      let prompt = row.takeStringOrNull(), row.take(#","chosen":"#), let chosenText = row.takeString(),
      row.take(#","rejected":"#), let rejectedText = row.takeString(), row.take(#","chosen_run_id":"#),
      let chosenID = row.takeString(), row.take(#","rejected_run_id":"#), let rejectedID = row.takeString(),
      row.take(#","chosen_model":"#), let chosenModel = row.takeStringOrNull(), row.take(#","rejected_model":"#),
      let rejectedModel = row.takeStringOrNull(), row.take(#","reason":""#),
      let reason = Self.reasons.first(where: { row.take($0.rawValue) }), row.take(#"","created_at":"#),
      let created = row.takeStringOrNull(), row.take(#","chosen_provenance":"#)
    else { return nil }
    var provenance = row
    guard provenance.take(#"{"source":"#), let source = provenance.takeString(),
      let chosen = run(source, chosenID),
      let chosenRow = try tokens(
        of: chosen, task, prompt, Side(text: chosenText, runID: chosenID, model: chosenModel), allowed: .accepted),
      row.take(chosenRow.token(EvidenceMember.provenance)), row.take(#","rejected_provenance":"#)
    else { return nil }
    provenance = row
    guard provenance.take(#"{"source":"#), let source = provenance.takeString(),
      let rejected = run(source, rejectedID),
      let rejectedRow = try tokens(
        of: rejected, task, prompt, Side(text: rejectedText, runID: rejectedID, model: rejectedModel),
        allowed: reason == .acceptedOverRejected ? .rejected : .partiallyAccepted),
      row.take(rejectedRow.token(EvidenceMember.provenance)), row.take("}"), row.isAtEnd,
      EscapedText(Self.inside(chosenText)).surelyDiffers(from: EscapedText(Self.inside(rejectedText))),
      isLater(created, chosenRow.token(EvidenceMember.timestamp), rejectedRow.token(EvidenceMember.timestamp)),
      isID(id, [(chosenID, chosenRow), (rejectedID, rejectedRow)])
    else { return nil }
    return (id, chosen, rejected, reason)
  }

  private static let reasons = [PreferenceReason.acceptedOverRejected, .acceptedOverPartiallyAccepted]

  /// What a pair says of one of its runs, with quotes.
  private struct Side {
    var text: ByteSlice
    var runID: ByteSlice
    var model: ByteSlice
  }

  private static func inside(_ string: ByteSlice) -> ByteSlice { string[1..<string.count - 1] }

  /// The run of that name; both with their quotes.
  private func run(_ source: ByteSlice, _ runID: ByteSlice) -> Int? {
    let text = scratch.text
    text.removeAll()
    var writer = JSONWriter(text)
    writer.beginArray()
    writer.raw(source)
    writer.string("run")
    writer.raw(runID)
    writer.endArray()
    return back.index.byIdentity[Hash128(Digest.of(text.bytes))]
  }

  /// The evidence of a run, if it says all of that and may stand on a side; nil: that is not sure.
  private func tokens(
    of run: Int, _ task: ByteSlice, _ prompt: ByteSlice, _ side: Side, allowed: Category
  ) throws -> EvidenceTokens? {
    guard !back.index.runs[run].isExtraction, maySurelyBeTaken(run, [allowed]) else { return nil }
    let evidence = try tokens(of: run)
    let isSame =
      evidence.token(EvidenceMember.taskID).map { $0 == task } ?? false
      && evidence.token(EvidenceMember.prompt).map { $0 == prompt } ?? false
      && evidence.token(EvidenceMember.text).map { $0 == side.text } ?? false
      && evidence.token(EvidenceMember.runID).map { $0 == side.runID } ?? false
      && evidence.token(EvidenceMember.modelName).map { $0 == side.model } ?? false
    return isSame ? evidence : nil
  }

  /// Is `created` the later of two times, or null where one is unknown?
  private func isLater(_ created: ByteSlice, _ left: ByteSlice?, _ right: ByteSlice?) -> Bool {
    guard let left, let right else { return false }
    if left == "null" || right == "null" { return created == "null" }
    guard let first = Timestamp(Self.inside(left), defaultOffsetSeconds: 0),
      let second = Timestamp(Self.inside(right), defaultOffsetSeconds: 0)
    else { return false }
    return created == ((first.seconds, first.nanoseconds) >= (second.seconds, second.nanoseconds) ? left : right)
  }

  private func isID(_ id: UInt64, _ sides: [(runID: ByteSlice, evidence: EvidenceTokens)]) -> Bool {
    let text = scratch.text
    text.removeAll()
    for (runID, evidence) in sides {
      guard EscapedText(runID).isPlain, let tail = RowTail(evidence.row) else { return false }
      if text.count > 0 { text.append(UInt8(ascii: "|")) }
      text.append(Self.inside(runID))
      text.append(UInt8(ascii: "|"))
      text.append(tail.sigHash)
    }
    return Hash128(Digest.of(text.bytes)).high == id
  }
}
