import JSONTape
import Receipts
import Stages

/// What one pass over an export tells.
struct ExportIndex: Sendable {
  var counts = RowCounts()
  /// Half of each row's id as bits, and its line.
  var ids: [(id: UInt64, line: Int)] = []
  /// In the order of the file; without those that are none.
  var rows: [ExportedRow] = []
}

/// Leads the rows of a segment of an export back to the evidence, and makes them again from it.
struct ExportPass {
  let stage: StageName
  let path: RelativePath
  let rules: ExportRules
  /// What should be there, line by line.
  let due: DueRows
  let back: WayBack
  let log: FindingLog
  let scratch: RowScratch

  private var schema: RecordSchema {
    switch stage {
    case .exportRAG: .ragSample
    case .exportSFT: .sftSample
    default: .preferenceSample
    }
  }

  func read(_ lines: SegmentLines) throws -> ExportIndex {
    var index = ExportIndex()
    index.ids.reserveCapacity(lines.count)
    index.rows.reserveCapacity(lines.count)
    let check = RowCheck(schema: schema, path: path.string, log: log)
    let matching = RowMatching(back: back, rules: rules, scratch: scratch)
    var tally = RunTally()
    var pairs: [PreferenceReason: Int64] = [:]
    try lines.forEach { line in
      matching.prefetch(key(of: line.number + 1), key(of: line.number + 3))
      let key = key(of: line.number)
      if let key, let id = try isDue(line, key, matching, &tally, &pairs) {
        index.ids.append((id, line.number))
        index.rows.append(ExportedRow(key: key, line: line.number))
        return
      }
      guard let value = check.parse(line, scratch.parser) else { return }
      check.checkSpelling(value, line, scratch.text)
      scratch.members.read(value)
      let members = scratch.members
      if let id = members[1].string { index.ids.append((Self.bits(id), line.number)) }
      let row = ExportRow(path: path, line: line.number, log: log)
      let claimed =
        switch stage {
        case .exportRAG: try RagRow(members: members, row: row).check(self, &index)
        case .exportSFT: try SftRow(members: members, row: row).check(self, &index)
        default: try PreferenceRow(members: members, row: row).check(self, &index)
        }
      index.rows.append(ExportedRow(key: claimed, line: line.number, isLeak: row.isLeak))
    }
    for (run, count) in tally.entries {
      index.counts.add("by_category", run.category.rawValue, count)
      index.counts.add("by_source", back.index.name(ofSource: run.source), count)
    }
    for (reason, count) in pairs { index.counts.add("by_preference", reason.rawValue, count) }
    return index
  }

  /// What is due in a line.
  private func key(of line: Int) -> RowKey? { line <= due.keys.count ? due.keys[line - 1] : nil }

  /// Is the line, byte for byte, the row that is due there?
  /// - Returns: the digits of its id as bits; nil: it has to be looked at.
  private func isDue(
    _ line: Line, _ key: RowKey, _ matching: RowMatching, _ tally: inout RunTally,
    _ pairs: inout [PreferenceReason: Int64]
  ) throws -> UInt64? {
    let first = Int(key.first)
    guard first < back.index.runs.count else { return nil }
    if stage == .exportPreference {
      guard let pair = try matching.pair(line, of: first, over: Int(key.second)) else { return nil }
      pairs[pair.reason, default: 0] += 1
      return pair.id
    }
    guard try matching.isSample(line, of: first, stage) else { return nil }
    tally.add(back.index.runs[first])
    return back.index.runs[first].sampleID
  }

  /// The 16 hex digits at the end of an id.
  private static func bits(_ id: ByteSlice) -> UInt64 {
    var bits: UInt64 = 0
    for digit in id[max(0, id.count - 16)..<id.count].buffer {
      bits = bits << 4 | UInt64(digit < 0x3A ? digit &- 0x30 : digit &- 0x57)
    }
    return bits
  }

  /// Reports each row whose id an earlier row has.
  static func checkIDs(_ ids: [(id: UInt64, line: Int)], _ path: RelativePath, _ log: FindingLog) {
    let ids = ids.sorted { ($0.id, $0.line) < ($1.id, $1.line) }
    for (first, second) in zip(ids, ids.dropFirst()) where first.id == second.id {
      log.add(
        .rowInvalid, path: path.string, line: second.line, member: "id", expected: "an id of its own",
        found: "that of line \(first.line)")
    }
  }
}

/// What samples of one run have in common.
enum SampleRow {
  /// The run behind the row, where it may be there.
  static func run(
    _ pass: ExportPass, _ row: ExportRow, runID: JSONValue, provenance: JSONValue
  ) throws -> WayBack.Found? {
    guard let found = try pass.back.run(runID, provenance) else {
      if !pass.back.isBroken {
        row.leak(
          "provenance", expected: "evidence of the run \(runID.words) with this provenance", found: "none")
      }
      return nil
    }
    pass.rules.check(found, row)
    return found
  }
}
