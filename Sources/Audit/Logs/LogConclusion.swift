import JSONTape
import Receipts
import Stages

/// What can only be said when all logs are mapped: rows that no log gave, objects that have no row, and what dropped
/// duplicates said.
struct LogConclusion {
  let log: FindingLog
  let index: EvidenceIndex
  let partitions: [RelativePath]
  /// Logs that are as the receipt says.
  let readable: Set<String>
  let inputs: Set<String>
  /// false: rows of the evidence are known to be missing.
  let isWhole: Bool
  let rows: EvidenceRowReader

  private let parser = JSONParser()
  private let members = RowMembers()

  init(
    log: FindingLog, index: EvidenceIndex, partitions: [RelativePath], readable: Set<String>, inputs: Set<String>,
    isWhole: Bool, rows: EvidenceRowReader
  ) {
    self.log = log
    self.index = index
    self.partitions = partitions
    self.readable = readable
    self.inputs = inputs
    self.isWhole = isWhole
    self.rows = rows
  }

  func check(_ outcome: LogOutcome) throws {
    for row in outcome.isMet.indices where !outcome.isMet[row] { try checkOrphan(row) }
    var dropped: [Int: [LogObject]] = [:]
    for object in outcome.spare {
      if let row = index.row(object.identity) {
        dropped[row, default: []].append(object)
      } else if isWhole {
        log.add(
          .provenanceMismatch, path: object.log, line: Int(object.line) + 1,
          expected: "evidence of \(object.runID), which the mapping makes", found: "none")
      }
    }
    for row in Set(dropped.keys).union(outcome.withOthers.keys).sorted() where outcome.isMet[row] {
      try checkDropped(row, dropped[row] ?? [], override: outcome.withOthers[row])
    }
  }

  private func evidence(_ row: Int) throws -> RowMembers {
    try rows.members(at: index.place(of: row), parser, members)
  }

  /// A row that nothing in the logs gave.
  private func checkOrphan(_ row: Int) throws {
    let members = try evidence(row)
    let place = index.place(of: row)
    let source = members[EvidenceMember.provenance].member("source_file")?.string?.string() ?? ""
    // What can't be read is a finding of its own.
    if inputs.contains(source) && !readable.contains(source) { return }
    log.add(
      .provenanceMismatch, path: partitions[place.file].string, line: place.line, member: "provenance",
      expected: inputs.contains(source)
        ? "a record of \(source) that the mapping makes this of" : "a log of the receipt",
      found: inputs.contains(source) ? "none" : source)
  }

  /// The first object stays, and has the verdicts of the others that differ from its own. Where one of them has a word
  /// of a human that it has not, a human must look.
  /// - Parameter override: what the mapping gives the row; nil: what the row says.
  private func checkDropped(_ row: Int, _ objects: [LogObject], override: Category??) throws {
    let members = try evidence(row)
    let place = index.place(of: row)
    let provenance = members[EvidenceMember.provenance]
    let file = provenance.member("source_file")?.string?.string() ?? ""
    let line = provenance.member("line_offset")?.integer ?? 0
    let verdict = members[EvidenceMember.verdict].string.flatMap { Verdict(rawValue: $0.string()) }
    var expected: [Verdict] = []
    for object in objects {
      let isEarlier =
        object.log == file ? object.line < line : object.log.utf8.lexicographicallyPrecedes(file.utf8)
      if isEarlier {
        log.add(
          .provenanceMismatch, path: partitions[place.file].string, line: place.line, member: "provenance",
          expected: "the first record of this identity, \(object.log):\(object.line + 1)",
          found: "\(file):\(line.addingSaturated(1))")
      }
      if let other = object.verdict, other != verdict, !expected.contains(other) { expected.append(other) }
    }
    let words = "[\(expected.map { "\"\($0.rawValue)\"" }.joined(separator: ","))]"
    let found = members[EvidenceMember.otherVerdicts].words
    if found != words {
      log.add(
        .provenanceMismatch, path: partitions[place.file].string, line: place.line, member: "other_verdicts",
        expected: "\(words), of the records with this identity that were dropped", found: found)
    }
    let word = members[EvidenceMember.humanOverride].string.flatMap { Category(rawValue: $0.string()) }
    let own = override ?? word
    let isDisputed = objects.contains { $0.humanOverride != nil && $0.humanOverride != own }
    let due = isDisputed ? Category.needsHumanReview : own
    if word != due {
      log.add(
        .provenanceMismatch, path: partitions[place.file].string, line: place.line, member: "human_override",
        expected: due?.rawValue ?? "null", found: word?.rawValue ?? "null")
    }
  }
}
