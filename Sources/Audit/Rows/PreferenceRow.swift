import JSONTape
import Receipts
import Stages

/// A preference pair, made again from the evidence of both sides.
struct PreferenceRow {
  let members: RowMembers
  let row: ExportRow

  private static func place(_ name: String) -> Int { RecordSchema.preferenceSample.place(of: name) }
  private static let id = place("id")
  private static let taskID = place("task_id")
  private static let prompt = place("prompt")
  private static let reason = place("reason")
  private static let created = place("created_at")

  /// The members of one side.
  private struct Side {
    var name: String
    var text: Int
    var runID: Int
    var model: Int
    var provenance: Int

    init(_ name: String) {
      self.name = name
      text = PreferenceRow.place(name)
      runID = PreferenceRow.place("\(name)_run_id")
      model = PreferenceRow.place("\(name)_model")
      provenance = PreferenceRow.place("\(name)_provenance")
    }
  }
  private static let chosen = Side("chosen")
  private static let rejected = Side("rejected")

  /// - Returns: what the row says it is made of.
  func check(_ pass: ExportPass, _ index: inout ExportIndex) throws -> RowKey? {
    row.expectVersion(members[0])
    let reason = members[Self.reason].string?.string() ?? ""
    index.counts.add("by_preference", reason)
    pass.rules.checkPrompt(members[Self.prompt], row, pass.scratch)
    row.expectID(
      "pref-", members[Self.id],
      [Self.chosen, Self.rejected].flatMap {
        [members[$0.runID].string, members[$0.provenance].member("sig_hash")?.string]
      }, pass.scratch.sha256)
    if isAlike(members[Self.chosen.text], members[Self.rejected.text], pass) {
      row.leak("rejected", expected: "another text than the chosen one", found: "the same")
    }
    return PreferenceReason(rawValue: reason) == .preferred
      ? try checkComparison(pass) : try checkRuns(pass, PreferenceReason(rawValue: reason) == .acceptedOverRejected)
  }

  private func isAlike(_ left: JSONValue, _ right: JSONValue, _ pass: ExportPass) -> Bool {
    Text.foldAlike(left.string ?? .empty, right.string ?? .empty, pass.scratch.folded)
  }

  // MARK: Two runs

  private func checkRuns(_ pass: ExportPass, _ isRejected: Bool) throws -> RowKey? {
    let chosen = try pass.back.run(members[Self.chosen.runID], members[Self.chosen.provenance], side: 0)
    let rejected = try pass.back.run(members[Self.rejected.runID], members[Self.rejected.provenance], side: 1)
    for (found, side, allowed) in [
      (chosen, Self.chosen, Category.accepted), (rejected, Self.rejected, isRejected ? .rejected : .partiallyAccepted),
    ] {
      guard let found else {
        if !pass.back.isBroken {
          row.leak(
            "\(side.name)_provenance",
            expected: "evidence of the run \(members[side.runID].words) with this provenance",
            found: "none")
        }
        continue
      }
      if found.run.isExtraction {
        row.leak("\(side.name)_run_id", expected: "a run", found: "an extraction")
      }
      pass.rules.check(found, row, member: side.name, allowed: [allowed])
      row.expect(side.name, members[side.text], found.evidence[EvidenceMember.text])
      row.expect("\(side.name)_model", members[side.model], found.evidence[EvidenceMember.modelName])
      if !members[Self.taskID].isSame(as: found.evidence[EvidenceMember.taskID]) {
        row.differs("task_id", expected: found.evidence[EvidenceMember.taskID].words, found: members[Self.taskID].words)
      }
    }
    func number(_ found: WayBack.Found?, _ side: Side) -> Int? {
      found?.row ?? pass.back.claimed(members[side.runID], members[side.provenance])
    }
    let key = number(chosen, Self.chosen).flatMap { first in
      number(rejected, Self.rejected).map { RowKey(Int32(first), Int32($0)) }
    }
    guard let chosen, let rejected else { return key }
    row.expect("prompt", members[Self.prompt], chosen.evidence[EvidenceMember.prompt])
    if !isAlike(chosen.evidence[EvidenceMember.prompt], rejected.evidence[EvidenceMember.prompt], pass) {
      row.leak("prompt", expected: "two answers to one prompt", found: "the rejected run was asked something else")
    }
    expectCreated(
      Self.later(chosen.evidence[EvidenceMember.timestamp], rejected.evidence[EvidenceMember.timestamp]))
    return key
  }

  private func expectCreated(_ expected: JSONValue?) {
    let isRight = expected.map { members[Self.created].isSame(as: $0) } ?? members[Self.created].isNull
    if !isRight { row.differs("created_at", expected: expected?.words ?? "null", found: members[Self.created].words) }
  }

  /// nil: one of them is unknown.
  private static func later(_ left: JSONValue, _ right: JSONValue) -> JSONValue? {
    func time(_ value: JSONValue) -> (Int64, Int32)? {
      value.string.flatMap { Timestamp($0, defaultOffsetSeconds: 0) }.map { ($0.seconds, $0.nanoseconds) }
    }
    guard let first = time(left), let second = time(right) else { return nil }
    return first >= second ? left : right
  }

  // MARK: A comparison

  private func checkComparison(_ pass: ExportPass) throws -> RowKey? {
    if pass.back.isBroken { return nil }
    if !members[Self.chosen.provenance].isSame(as: members[Self.rejected.provenance]) {
      row.leak("rejected_provenance", expected: "the record of one comparison", found: "two records")
      return nil
    }
    var claimed: RowKey?
    var why = "no comparison with this provenance"
    for number in pass.back.comparisons(members[Self.chosen.provenance]) {
      let evidence = try pass.back.comparison(number)
      let key = RowKey(Int32(number), Int32(number))
      claimed = claimed ?? key
      let comparison = evidence[EvidenceMember.comparison]
      let winner = comparison.member("winner")?.string?.string() ?? "none"
      guard winner == "a" || winner == "b", let a = comparison.member("a"), let b = comparison.member("b") else {
        why = "a comparison that \(winner == "tie" ? "is a tie" : "has no winner")"
        continue
      }
      let (won, lost) = winner == "a" ? (a, b) : (b, a)
      guard won.member("run_id")?.isSame(as: members[Self.chosen.runID]) ?? false,
        lost.member("run_id")?.isSame(as: members[Self.rejected.runID]) ?? false
      else {
        why = "a comparison that \(winner) won, of other sides"
        continue
      }
      for (side, found) in [(Self.chosen, won), (Self.rejected, lost)] {
        if let text = found.member("text") { row.expect(side.name, members[side.text], text) }
        if let model = found.member("model_name") { row.expect("\(side.name)_model", members[side.model], model) }
      }
      row.expect("task_id", members[Self.taskID], evidence[EvidenceMember.taskID])
      row.expect("prompt", members[Self.prompt], evidence[EvidenceMember.prompt])
      row.expect("created_at", members[Self.created], evidence[EvidenceMember.timestamp])
      return key
    }
    row.leak("chosen", expected: "a comparison that the chosen side won", found: why)
    return claimed
  }
}
