import JSONTape
import Receipts
import Stages

extension RowMatching {
  /// Is it the pair of those two runs?
  /// - Returns: the digits of its id as bits, and its reason; nil: the row has to be looked at.
  func pair(_ line: Line, of chosen: Int, over rejected: Int) throws -> (id: UInt64, reason: PreferenceReason)? {
    guard canMatch else { return nil }
    var row = RowMatch(line.bytes)
    guard let reason = Self.reason(back.index.runs[rejected].category), maySurelyStand(chosen, .accepted),
      maySurelyStand(rejected, back.index.runs[rejected].category)
    else { return nil }
    let better = try tokens(of: chosen)
    let worse = try tokens(of: rejected)
    let task = better.token(EvidenceMember.taskID)
    let prompt = better.token(EvidenceMember.prompt)
    let (text, otherText) = (better.token(EvidenceMember.text), worse.token(EvidenceMember.text))
    guard row.take(#"{"schema_version":1,"id":"pref-"#), let id = row.takeID(),
      row.take(#"","task_id":"#), row.take(task), isSame(task, worse.token(EvidenceMember.taskID)),
      row.take(#","prompt":"#), row.take(prompt), isSame(prompt, worse.token(EvidenceMember.prompt)),
      row.take(#","chosen":"#), row.take(text), row.take(#","rejected":"#), row.take(otherText),
      row.take(#","chosen_run_id":"#), row.take(better.token(EvidenceMember.runID)),
      row.take(#","rejected_run_id":"#), row.take(worse.token(EvidenceMember.runID)),
      row.take(#","chosen_model":"#), row.take(better.token(EvidenceMember.modelName)),
      row.take(#","rejected_model":"#), row.take(worse.token(EvidenceMember.modelName)),
      row.take(#","reason":""#), row.take(reason.rawValue), row.take(#"","created_at":"#),
      let created = row.takeStringOrNull(),
      isLater(created, better.token(EvidenceMember.timestamp), worse.token(EvidenceMember.timestamp)),
      row.take(#","chosen_provenance":"#), row.take(better.token(EvidenceMember.provenance)),
      row.take(#","rejected_provenance":"#), row.take(worse.token(EvidenceMember.provenance)), row.take("}"),
      row.isAtEnd, let text = better.text(EvidenceMember.text), let otherText = worse.text(EvidenceMember.text),
      WrittenText(text).surelyDiffers(from: WrittenText(otherText)), isID(id, better, worse)
    else { return nil }
    return (id, reason)
  }

  private static func reason(_ rejected: Category) -> PreferenceReason? {
    switch rejected {
    case .rejected: .acceptedOverRejected
    case .partiallyAccepted: .acceptedOverPartiallyAccepted
    default: nil
    }
  }

  private func maySurelyStand(_ run: Int, _ category: Category) -> Bool {
    let found = back.index.runs[run]
    return !found.isExtraction && found.category == category && back.scored.category(of: run, back.index) == category
      && maySurelyBeTaken(found)
  }

  private func isSame(_ left: ByteSlice?, _ right: ByteSlice?) -> Bool {
    guard let left, let right else { return false }
    return left == right
  }

  private static func inside(_ string: ByteSlice) -> ByteSlice { string[1..<string.count - 1] }

  /// Is `created` the later of two times, or null where one is unknown?
  private func isLater(_ created: ByteSlice, _ left: ByteSlice?, _ right: ByteSlice?) -> Bool {
    guard let left, let right else { return false }
    if left == "null" || right == "null" { return created == "null" }
    guard let first = Timestamp(Self.inside(left), defaultOffsetSeconds: 0),
      let second = Timestamp(Self.inside(right), defaultOffsetSeconds: 0)
    else { return false }
    return created == ((first.seconds, first.nanoseconds) >= (second.seconds, second.nanoseconds) ? left : right)
  }

  private func isID(_ id: UInt64, _ sides: EvidenceTokens...) -> Bool {
    let text = scratch.text
    text.removeAll()
    for evidence in sides {
      guard let runID = evidence.text(EvidenceMember.runID), WrittenText(runID).isPlain,
        let sigHash = evidence.sigHash
      else { return false }
      if text.count > 0 { text.append(UInt8(ascii: "|")) }
      text.append(runID)
      text.append(UInt8(ascii: "|"))
      text.append(sigHash)
    }
    return Hash128(Digest.of(text.bytes)).high == id
  }
}
