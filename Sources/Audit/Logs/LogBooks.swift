import JSONTape
import Receipts
import Stages

/// A row of the quarantine of build-evidence, as the mapping makes it again.
struct StoppedRecord: Sendable {
  /// Half the SHA-256 of the row without its line end.
  var row: Hash128
  var log: String
  /// 0-based, as provenance has it.
  var line: Int64
}

/// What mapping all logs again stops and counts. Only asked where every log could be mapped.
struct LogBooks {
  let receipt: StageReceipt
  let log: FindingLog

  /// What the logs of one source came to.
  struct Source: Sendable {
    var name: String
    /// In the order of the quarantine.
    var stopped: [StoppedRecord] = []
    var counts: [String: Int64] = [:]
    /// Records of each log and file of a look-up.
    var records: [RelativePath: Int64] = [:]
    /// In the order of logs and lines.
    var pending: [JSON] = []

    init(name: String) { self.name = name }

    /// - Parameter counts: those of some pieces of logs.
    mutating func add(_ counts: JSON) {
      for term in LogBooks.terms { self.counts[term, default: 0] += counts[term]?.integer ?? 0 }
      pending += counts["pending_at"]?.array ?? []
      addRecords(counts)
    }

    /// - Parameter counts: of logs, or of files of a look-up.
    mutating func addRecords(_ counts: JSON) {
      for file in counts["files"]?.array ?? [] {
        guard let path = file["path"]?.string.flatMap(RelativePath.init) else { continue }
        records[path, default: 0] += file["read"]?.integer ?? 0
      }
    }
  }

  private static let terms = ["read", "mapped", "mapped_to_nothing", "quarantined", "pending", "objects"]

  private var core: Receipt.Core { receipt.receipt.core }

  private func report(_ member: String, _ expected: String, _ found: String) {
    log.add(
      .booksUnbalanced, path: "receipts/\(receipt.stage)/receipt.json", member: member, expected: expected,
      found: found)
  }

  func check(_ sources: [Source]) {
    let what = "as the mapping of the logs comes to"
    for source in sources {
      for term in Self.terms {
        let found = core.recordCounts["by_source"]?[source.name]?[term] ?? .null
        let expected = source.counts[term] ?? 0
        if found != .integer(expected) {
          report("/core/record_counts/by_source/\(source.name)/\(term)", "\(expected), \(what)", found.canonicalString)
        }
      }
    }
    // Sources may share the files of their look-ups.
    var records: [RelativePath: Int64] = [:]
    for source in sources { records.merge(source.records) { first, _ in first } }
    for (number, input) in core.inputs.enumerated() {
      guard let expected = records[input.path], expected != Int64(input.recordCount) else { continue }
      report("/core/inputs/\(number)/records", "\(expected), \(what)", "\(input.recordCount)")
    }
    let pending = JSON.array(sources.flatMap(\.pending))
    let found = core.summary["pending"] ?? .null
    if found.canonical != pending.canonical {
      report("/core/summary/pending", "\(pending.canonicalString), \(what)", found.canonicalString)
    }
  }

  /// Compares the quarantine with what the mapping stops.
  /// - Parameter view: of the quarantine.
  func check(_ sources: [Source], _ view: FileView, at path: RelativePath) {
    let due = sources.flatMap(\.stopped)
    var found: [Hash128] = []
    var start = 0
    while start < view.bytes.count {
      let end = view.bytes.firstIndex(of: UInt8(ascii: "\n"), from: start) ?? view.bytes.count
      found.append(Hash128(Digest.of(view.bytes[start..<end])))
      start = end + 1
    }
    if found == due.map(\.row) { return }
    var missing: [Hash128: Int] = [:]
    for row in due { missing[row.row, default: 0] += 1 }
    var isSame = true
    for (number, row) in found.enumerated() {
      if let count = missing[row], count > 0 {
        missing[row] = count - 1
        continue
      }
      isSame = false
      log.add(
        .provenanceMismatch, path: path.string, line: number + 1,
        expected: "a row of a record that the mapping stops, as the mapping makes it", found: "another")
    }
    for row in due where missing[row.row, default: 0] > 0 {
      missing[row.row]! -= 1
      isSame = false
      log.add(
        .provenanceMismatch, path: row.log, line: Int(clamping: row.line.addingSaturated(1)),
        expected: "a row of \(path), because the mapping stops this record", found: "none")
    }
    if isSame, let place = zip(found, due).enumerated().first(where: { $1.0 != $1.1.row })?.offset {
      log.add(
        .provenanceMismatch, path: path.string, line: place + 1,
        expected: "the row of \(due[place].log):\(due[place].line + 1), by the order of the quarantine",
        found: "another")
    }
  }
}
