import JSONTape
import Receipts
import Stages

/// Reads a segment of a quarantine file.
struct QuarantinePass {
  let stage: StageName
  let path: RelativePath
  let log: FindingLog
  let scratch: RowScratch

  func read(_ segment: Segment, _ files: FileViews) throws -> RowCounts {
    var tally: [Kind: Int64] = [:]
    let check = RowCheck(schema: .quarantine, path: path.string, log: log)
    try files.lines(of: segment, in: path) { line in
      guard let row = check.parse(line, scratch.parser) else { return }
      if let name = row.member("stage")?.string, !(name == stage.text) {
        log.add(
          .rowInvalid, path: path.string, line: line.number, member: "stage", expected: stage.text, found: name.string()
        )
      }
      let kind = Kind(
        reason: row.member("reason")?.string?.string() ?? "",
        source: row.member("source_provenance")?.member("source")?.string?.string() ?? "",
        subject: Self.subject(row.member("source_record")))
      tally[kind, default: 0] += 1
    }
    var counts = RowCounts()
    for (kind, count) in tally {
      let table = kind.reason == Reason.duplicateID.rawValue ? "duplicates" : "quarantined"
      counts.add("by_reason", kind.reason, count)
      counts.add("\(table)/by_source", kind.source, count)
      counts.add("by_subject", kind.subject, count)
    }
    return counts
  }

  /// What is counted of a row.
  private struct Kind: Hashable {
    var reason: String
    var source: String
    var subject: String
  }

  /// What was stopped: pairs and comparisons are in other books than runs.
  private static func subject(_ record: JSONValue?) -> String {
    if record?.member("chosen_run_id") != nil { return "pair" }
    return record?.member("a_run_id") != nil ? "comparison" : "run"
  }
}
