import JSONTape
import Receipts
import Stages

/// The table at the end of a build.
enum SummaryTable {
  static func text(_ reports: [StageReport]) -> String {
    var rows = [["stage", "", "read", "written", "quarantined", "time"]]
    for report in reports {
      let counts = report.recordCounts.map { Counts($0, of: report.stage) }
      rows.append([
        report.stage.text, word(report), counts.map { Quantity.count($0.read) } ?? "",
        counts.map { Quantity.count($0.written) } ?? "", counts?.quarantined ?? "",
        Quantity.seconds(Double(report.nanoseconds) / 1e9),
      ])
    }
    return TextTable.text(rows, rightAligned: [2, 3, 5])
  }

  static func json(_ reports: [StageReport], _ layout: WorkspaceLayout) -> JSON {
    [
      "ok": .bool(reports.allSatisfy(\.isGood)),
      "stages": .array(
        reports.map { report in
          [
            "stage": .string(report.stage.text), "state": .string(state(report)),
            "receipt_sha256": report.receiptDigest.map { .string($0.hex) } ?? .null,
            "record_counts": report.recordCounts ?? .null,
            "reasons": .array(report.reasons.map { .string("\($0)") }),
            "warnings": .array(report.warnings.map(JSON.string)),
            "error": error(report, layout),
            "duration_ms": .integer(Int64(report.nanoseconds / 1_000_000)),
          ]
        }),
    ]
  }

  private static func error(_ report: StageReport, _ layout: WorkspaceLayout) -> JSON {
    guard case .stopped(let error) = report.ending else { return .null }
    return .string("\(ErrorText.describe(error, root: layout))")
  }

  private static func state(_ report: StageReport) -> String {
    switch report.ending {
    case .upToDate: "up_to_date"
    case .built: "built"
    case .failed: "failed"
    case .stopped: "stopped"
    case .notRun: "not_run"
    }
  }

  private static func word(_ report: StageReport) -> String {
    switch report.ending {
    case .upToDate: "up to date"
    case .built(_, let isUnchanged): isUnchanged ? "built, unchanged" : "built"
    case .failed: "FAILED"
    case .stopped: "STOPPED"
    case .notRun(let cause): "not run: \(cause) failed"
    }
  }

  /// A stage's books in the three words of the table.
  private struct Counts {
    var read: Int64
    var written: Int64
    var quarantined: String

    init(_ counts: JSON, of stage: StageName) {
      func number(_ name: String) -> Int64 { counts[name]?.integer ?? 0 }
      switch stage {
      case .buildEvidence: (read, written) = (number("read"), number("written"))
      case .score: (read, written) = (number("evidence"), number("scored"))
      default: (read, written) = (number("scored"), number("exported"))
      }
      let reasons = counts["by_reason"]?.object ?? [:]
      let total = reasons.reduce(Int64(0)) { $0 + ($1.value.integer ?? 0) }
      let words = reasons.map { "\($0.key) \(Quantity.count($0.value.integer ?? 0))" }.joined(separator: ", ")
      // What was read and is neither written nor stopped.
      let aside = ["pending", "mapped_to_nothing", "judgements", "comparisons"].compactMap { term in
        number(term) == 0 ? nil : "\(term.replacing("_", with: " ")) \(Quantity.count(number(term)))"
      }
      quarantined = ([total == 0 ? "0" : "\(Quantity.count(total)): \(words)"] + aside).joined(separator: "; ")
    }
  }
}

extension StageReport {
  var receiptDigest: Digest? {
    switch ending {
    case .upToDate(let receipt), .built(let receipt, _): receipt.digest
    case .failed(let receipt): receipt.digest
    case .stopped, .notRun: nil
    }
  }

  var recordCounts: JSON? {
    switch ending {
    case .upToDate(let receipt), .built(let receipt, _): receipt.recordCounts
    case .failed(let receipt): receipt.receipt.core.recordCounts
    case .stopped, .notRun: nil
    }
  }
}

/// Columns padded to the same width.
enum TextTable {
  static func text(_ rows: [[String]], rightAligned: Set<Int> = []) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        line += rightAligned.contains(column) ? padding + cell : cell + padding
        if column + 1 < row.count { line += "  " }
      }
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
