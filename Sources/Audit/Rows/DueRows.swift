import JSONTape
import Receipts
import Stages

/// What an export has to hold, by the evidence and the receipt's parameters.
struct DueRows: Sendable {
  /// In the order of the export.
  var keys: [RowKey] = []
  /// In the order of the quarantine.
  var stopped: [StoppedRow] = []
  /// Of export-preference; nil: it is another stage.
  var plan: PairPlan?
  /// Runs, or comparisons, that the gates stop.
  var stoppedRuns: Int64 = 0
  var stoppedComparisons: Int64 = 0
  var comparisonsWithoutWinner: Int64 = 0
}

/// Compares the rows of an export with those that are due.
struct DueRowCheck {
  let path: RelativePath
  let due: DueRows
  let index: EvidenceIndex
  let partitions: [RelativePath]
  let log: FindingLog

  /// Are these the due rows, in their order?
  /// - Parameter parts: of the export, in its order.
  func areDue(_ parts: some Sequence<[ExportedRow]>) -> Bool {
    var place = 0
    for rows in parts {
      guard place + rows.count <= due.keys.count, zip(rows, due.keys[place...]).allSatisfy({ $0.key == $1 }) else {
        return false
      }
      place += rows.count
    }
    return place == due.keys.count
  }

  func check(_ rows: [ExportedRow]) {
    let keys = Set(due.keys)
    let found = Set(rows.compactMap(\.key))
    for key in due.keys where !found.contains(key) {
      log.add(.rowMissing, path: path.string, expected: "a row of \(words(key))", found: "none")
    }
    var isRight = true
    for row in rows where !row.isLeak {
      guard let key = row.key else { continue }
      if !keys.contains(key) {
        reportUndue(key, row.line)
        isRight = false
      }
    }
    guard isRight, rows.count == due.keys.count else { return }
    if let (row, key) = zip(rows, due.keys).first(where: { $0.key != $1 && found.contains($1) }) {
      log.add(
        .rowDiffers, path: path.string, line: row.line,
        expected: "the row of \(words(key)), by the order of the export",
        found: row.key.map { "that of \(words($0))" } ?? "another")
    }
  }

  private func reportUndue(_ key: RowKey, _ line: Int) {
    if let plan = due.plan, plan.contested.contains(key.first) || plan.contested.contains(key.second) {
      log.add(
        .leak, path: path.string, line: line, expected: "texts that their task has not both accepted and rejected",
        found: "a contested text, in \(words(key))")
    } else {
      log.add(
        .rowUndue, path: path.string, line: line,
        expected: due.plan == nil
          ? "a run that the gates let through, and no text that an earlier row has" : "a pair that the rule chooses",
        found: words(key))
    }
  }

  private func words(_ key: RowKey) -> String { key.words(index, partitions) }
}
