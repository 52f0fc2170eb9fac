import JSONTape
import Receipts
import Stages

/// Compares rows of an export's quarantine with those that are due: which, why, and what they show.
struct StoppedRowPass {
  let gates: ExportGates
  let scored: ScoredRowMatch
  let scratch: RowScratch

  /// Where a row says something else than it should.
  struct Difference {
    var member: String
    var expected: String
    var found: String
  }

  private var index: EvidenceIndex { gates.index }

  /// - Returns: nil: the line is, byte for byte, the row that is due.
  func difference(_ line: ByteSlice, _ stopped: StoppedRow) throws -> Difference? {
    let number = Int(stopped.key.first)
    let isRun = stopped.subject == .run
    // Most runs are stopped for what is known of them without a look at their evidence.
    let evidence =
      isRun && stopped.stop != .sourceFiles
      ? nil
      : try scratch.evidence.members(at: index.place(of: number), scratch.others[0], scratch.otherMembers[0])
    let (reason, errors) = gates.words(stopped, evidence)
    var row = RowMatch(line)
    guard row.take(#"{"stage":""#), row.take(gates.stage.text), row.take(#"","reason":""#), row.take(reason.rawValue),
      row.take("\"")
    else { return differs("reason", reason.rawValue, line) }
    write(errors)
    guard row.take(#","errors":"#), row.take(scratch.text.bytes) else {
      return differs("errors", scratch.text.bytes.string(), line)
    }
    guard row.take(#","source_record":"#) else { return differs("source_record", "such a member", line) }
    let tokens = isRun ? index.tokens(of: number, try scratch.evidence.bytes(at: index.place(of: number))) : nil
    func token(_ member: Int) -> ByteSlice { tokens?.token(member) ?? evidence?[member].token ?? .empty }
    let end = scratch.folded
    end.removeAll()
    end.append(#","source_provenance":"#)
    end.append(token(EvidenceMember.provenance))
    end.append(#","recorded_at":"#)
    end.append(token(EvidenceMember.timestamp))
    end.append("}")
    let rest = row.rest
    guard rest.count >= end.count, rest[rest.count - end.count..<rest.count] == end.bytes else {
      return differs("source_provenance", token(EvidenceMember.provenance).string(), line)
    }
    let record = rest[0..<rest.count - end.count]
    guard !isRun, let evidence else {
      if try scored.isSame(record, number) { return nil }
      return Difference(
        member: "source_record", expected: "the scored run, as the stage score wrote it", found: record.string())
    }
    try write(stopped, evidence)
    return scratch.text.bytes == record
      ? nil : Difference(member: "source_record", expected: scratch.text.bytes.string(), found: record.string())
  }

  private func differs(_ member: String, _ expected: String, _ line: ByteSlice) -> Difference {
    let found = (try? scratch.parser.parse(line)).flatMap { row in member.withBytes { row.member($0) } }
    return Difference(member: member, expected: expected, found: found?.words ?? "nothing")
  }

  private func write(_ errors: [String]) {
    scratch.text.removeAll()
    var writer = JSONWriter(scratch.text)
    writer.beginArray()
    for error in errors { writer.string(error) }
    writer.endArray()
  }

  // MARK: Comparisons and pairs, shown by their ids

  private func write(_ stopped: StoppedRow, _ evidence: RowMembers) throws {
    scratch.text.removeAll()
    var writer = JSONWriter(scratch.text)
    func member(_ name: StaticString, _ value: JSONValue?) {
      writer.key(name)
      if let value { writer.raw(value.token) } else { writer.null() }
    }
    writer.beginObject()
    if stopped.subject == .comparison {
      let comparison = evidence[EvidenceMember.comparison]
      member("run_id", evidence[EvidenceMember.runID])
      member("task_id", evidence[EvidenceMember.taskID])
      member("a_run_id", comparison.member("a")?.member("run_id"))
      member("b_run_id", comparison.member("b")?.member("run_id"))
      member("winner", comparison.member("winner"))
    } else if let (won, lost) = gates.winner(evidence) {
      member("task_id", evidence[EvidenceMember.taskID])
      member("chosen_run_id", won.member("run_id"))
      member("rejected_run_id", lost.member("run_id"))
      member("rejected_provenance", evidence[EvidenceMember.provenance])
    } else {
      let rejected = try scratch.evidence.members(
        at: index.place(of: Int(stopped.key.second)), scratch.others[1], scratch.otherMembers[1])
      member("task_id", evidence[EvidenceMember.taskID])
      member("chosen_run_id", evidence[EvidenceMember.runID])
      member("rejected_run_id", rejected[EvidenceMember.runID])
      member("rejected_provenance", rejected[EvidenceMember.provenance])
    }
    writer.endObject()
  }

  // MARK: What a row says that it is of

  /// What was stopped, by the row itself; nil: nothing that there is.
  func claimed(_ line: ByteSlice) -> RowKey? {
    guard let row = try? scratch.parser.parse(line), let record = row.member("source_record"),
      let provenance = row.member("source_provenance")
    else { return nil }
    if let runID = record.member("evidence_run_id") {
      let kind = record.member("kind")?.string.flatMap { RecordKind(rawValue: $0.string()) }
      return self.row(kind ?? .run, runID, record.member("provenance")).map(RowKey.init(sampleOf:))
    }
    if record.member("a_run_id") != nil, let runID = record.member("run_id") {
      return self.row(.comparison, runID, provenance).map { RowKey(Int32($0), Int32($0)) }
    }
    guard let chosen = record.member("chosen_run_id"), let rejected = record.member("rejected_run_id") else {
      return nil
    }
    if let first = self.row(.run, chosen, provenance),
      let second = self.row(.run, rejected, record.member("rejected_provenance"))
    {
      return RowKey(Int32(first), Int32(second))
    }
    return index.comparisonsByProvenance[Hash128(Digest.of(provenance.token))]?.first.map {
      RowKey(Int32($0), Int32($0))
    }
  }

  private func row(_ kind: RecordKind, _ runID: JSONValue, _ provenance: JSONValue?) -> Int? {
    guard let id = runID.string, let source = provenance?.member("source")?.string else { return nil }
    return index.row(
      kind.rawValue.withBytes {
        Identity.hash(source: source, kind: $0, runID: id, scratch.sha256, scratch.text)
      })
  }
}
