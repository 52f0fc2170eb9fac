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
    var counts = RowCounts()
    let check = RowCheck(schema: .quarantine, path: path.string, log: log)
    try files.lines(of: segment, in: path) { line in
      guard let row = check.parse(line, scratch.parser) else { return }
      if let name = row.member("stage")?.string?.string(), name != stage.text {
        log.add(
          .rowInvalid, path: path.string, line: line.number, member: "stage", expected: stage.text, found: name)
      }
      let reason = row.member("reason")?.string?.string() ?? ""
      let source = row.member("source_provenance")?.member("source")?.string?.string() ?? ""
      counts.add("by_reason", reason)
      counts.add("\(reason == Reason.duplicateID.rawValue ? "duplicates" : "quarantined")/by_source", source)
      counts.add("by_subject", Self.subject(row.member("source_record")))
    }
    return counts
  }

  /// What was stopped: pairs and comparisons are in other books than runs.
  private static func subject(_ record: JSONValue?) -> String {
    if record?.member("chosen_run_id") != nil { return "pair" }
    return record?.member("a_run_id") != nil ? "comparison" : "run"
  }
}
