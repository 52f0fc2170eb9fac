import Receipts

/// Whether the data set is fine, and if not, why.
struct ReportVerdict {
  enum Status: String {
    case pass
    /// A stage failed, or a receipt can't be read.
    case fail
    /// Nothing failed, but a stage was not built, or not since a stage that it reads from.
    case incomplete
  }

  var status: Status
  /// Sentences without a full stop, in the order of the stages.
  var problems: [String]
  /// The run that brought the stages where they are: the last one that failed, else the last of all.
  var last: Receipt?

  init(_ records: [StageRecord]) {
    let states = records.map(\.state)
    status =
      states.contains { $0 == .failed || $0 == .unreadable }
      ? .fail : states.allSatisfy { $0 == .passed } ? .pass : .incomplete
    problems = records.flatMap(Self.problems)
    let failed = records.compactMap { $0.failed?.receipt }
    let all = failed.isEmpty ? records.compactMap { $0.newest?.receipt } : failed
    // Of two that ended together the one further down the pipeline.
    last = all.reduce(nil) { found, next in
      guard let found else { return next }
      return next.run.finishedAt < found.run.finishedAt ? found : next
    }
  }

  private static func problems(of record: StageRecord) -> [String] {
    var problems = record.faults
    if let failed = record.failed?.receipt {
      let checks = failed.core.validation.filter { !$0.pass }
      problems += checks.map { check in
        "\(record.name) failed at \(failed.run.finishedAt): \(check.name)"
          + (check.facts.isEmpty ? "" : " (\(check.facts.joined(separator: "; ")))")
      }
    }
    switch record.state {
    case .missing: problems.append("\(record.name) has not been built")
    case .outdated, .failed, .unreadable, .passed:
      for name in record.behind { problems.append("\(record.name) was built before the newest run of \(name)") }
    }
    return problems
  }
}
