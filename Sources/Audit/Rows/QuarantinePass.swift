import JSONTape
import Receipts
import Stages

/// Reads a segment of a quarantine file.
struct QuarantinePass {
  let stage: StageName
  let path: RelativePath
  let log: FindingLog
  let scratch: RowScratch

  private static let stage = RecordSchema.quarantine.member("stage")
  private static let reason = RecordSchema.quarantine.member("reason")
  private static let record = RecordSchema.quarantine.member("source_record")
  private static let provenance = RecordSchema.quarantine.member("source_provenance")

  func read(_ lines: SegmentLines) -> RowCounts {
    var tally = KindsOfRows()
    let check = RowCheck(schema: .quarantine, path: path.string, log: log)
    let row = scratch.quarantine
    lines.forEach { line in
      guard check.check(line, row) else { return }
      // A row that is compact can be spelled in another way only by its escapes.
      if line.bytes.firstIndex(of: UInt8(ascii: "\\")) != nil, let value = try? scratch.parser.parse(line.bytes) {
        check.checkSpelling(value, line, scratch.text)
      }
      scratch.plain.removeAll()
      if let name = row.plain(Self.stage, scratch.plain), !(name == stage.text) {
        log.add(
          .rowInvalid, path: path.string, line: line.number, member: "stage", expected: stage.text, found: name.string()
        )
      }
      let reason = row.plain(Self.reason, scratch.plain) ?? .empty
      let subject = subject(row)
      if let source = plainSource(row) {
        tally.add(reason, source, subject)
      } else {
        tally.add(reason, row.value(Self.provenance)?.member("source")?.string ?? .empty, subject)
      }
    }
    var counts = RowCounts()
    for kind in tally.entries {
      let table = kind.reason == Reason.duplicateID.rawValue ? "duplicates" : "quarantined"
      counts.add("by_reason", kind.reason, kind.count)
      counts.add("\(table)/by_source", kind.source, kind.count)
      counts.add("by_subject", kind.subject.rawValue, kind.count)
    }
    return counts
  }

  /// The source of a provenance as this program writes it; nil: it has to be parsed.
  private func plainSource(_ row: RowReader) -> ByteSlice? {
    guard let token = row.token(Self.provenance) else { return nil }
    var provenance = RowMatch(token)
    guard provenance.take(#"{"source":"#), let source = provenance.takeString() else { return nil }
    let inside = source[1..<source.count - 1]
    return WrittenText(inside).isPlain ? inside : nil
  }

  /// What was stopped: pairs and comparisons are in other books than runs.
  private func subject(_ row: RowReader) -> KindsOfRows.Subject {
    // How a scored run begins: it has no other side.
    guard let token = row.token(Self.record), token[0] == UInt8(ascii: "{"),
      !token.hasPrefix(#"{"schema_version":1,"evidence_run_id":"#)
    else { return .run }
    let record = row.value(Self.record)
    if record?.member("chosen_run_id") != nil { return .pair }
    return record?.member("a_run_id") != nil ? .comparison : .run
  }
}

/// Counts rows of a quarantine by what is counted of them: few kinds, so that a row costs no look-up of a text.
private struct KindsOfRows {
  enum Subject: String { case run, pair, comparison }

  struct Entry {
    var reason: String
    var source: String
    var subject: Subject
    var count: Int64
  }

  private(set) var entries: [Entry] = []

  mutating func add(_ reason: ByteSlice, _ source: ByteSlice, _ subject: Subject) {
    for place in entries.indices
    where subject == entries[place].subject && source == entries[place].source && reason == entries[place].reason {
      entries[place].count += 1
      return
    }
    entries.append(Entry(reason: reason.string(), source: source.string(), subject: subject, count: 1))
  }
}
