import JSONTape
import Receipts

@testable import Stages

/// Logs of 982 runs as a team that reviews its agents would have them, and 70 rows that no log can cause.
///
/// | task | accepted | partially accepted | rejected | for a human | pairs |
/// | --- | --- | --- | --- | --- | --- |
/// | `wide`: three against three, more pairs than the five that one task may have | 3 | | 3 | | 5 |
/// | `gap-0` … `gap-77`: one against one | 78 | | 78 | | 78 |
/// | `torn-0` … `torn-7`: one text, accepted and rejected: contested | 8 | | 8 | | |
/// | alone with their tasks | 262 | 95 | 263 | 16 | |
/// | mode experiments: without grounding nothing decides | | | | 168 | |
enum FirewallSample {
  static let accepted = 351
  static let partiallyAccepted = 95
  static let stoppedByCategory = 536
  static let planted = 70
  static let pairs = 83
  static let contested = 16

  static let configuration = """
    version: 1
    sources:
      - name: reviews
        files: logs/reviews-{day}.jsonl
        map: {run_id: /id, task_id: /task, prompt: /ask, text: /says, timestamp: /at, model_name: /model}
        verdict:
          - {when: {/verdict: accept}, is: accepted}
          - {when: {/verdict: partial}, is: partially_accepted}
          - {when: {/verdict: reject}, is: rejected}
          - {when: {/verdict: open}, is: skipped}
        judged_by: {kind: human}
      - name: grounded-runs
        files: logs/grounded.json
        records: /runs/*
        map:
          run_id: /id
          task_id: /task
          prompt: /ask
          text: /says
          validation_results: {grounded_fraction: /grounded}
        thresholds: {grounded_fraction: {accept_at: 0.9, partial_at: 0.5}}
      - name: mode-experiments
        files: logs/modes.jsonl
        map:
          run_id: /id
          task_id: /task
          prompt: /ask
          text: /says
          validation_results: {grounded_fraction: {from: /grounded, optional: true}}
        thresholds: {grounded_fraction: {accept_at: 0.9, partial_at: 0.5}}
    """

  private struct Run {
    var id: String
    var task: String
    var says: String
    var verdict: Verdict
  }

  private static var runs: [Run] {
    var runs: [Run] = []
    func add(_ count: Int, _ verdict: Verdict, _ task: (Int) -> String, says: ((Int) -> String)? = nil) {
      for index in 0..<count {
        let id = "\(task(index))-\(verdict.rawValue)-\(index)"
        runs.append(
          Run(id: id, task: task(index), says: says?(index) ?? "What \(id) found.\nIn two lines.", verdict: verdict))
      }
    }
    for verdict in [Verdict.accepted, .rejected] {
      add(3, verdict, { _ in "wide" })
      add(78, verdict, { "gap-\($0)" })
      // The white space differs: folded, it is one text.
      add(8, verdict, { "torn-\($0)" }, says: { "The same\(verdict == .accepted ? " " : "\n  ")words \($0)." })
    }
    add(262, .accepted, { "alone-good-\($0)" })
    add(95, .partiallyAccepted, { "alone-half-\($0)" })
    add(263, .rejected, { "alone-bad-\($0)" })
    add(16, .skipped, { "alone-open-\($0)" })
    return runs
  }

  static var files: [String: [UInt8]] {
    var reviews: [String: [JSON]] = [:]
    var grounded: [JSON] = []
    for (index, run) in runs.enumerated() {
      var record: JSONObject = [
        "id": .string(run.id), "task": .string(run.task), "ask": .string("Review \(run.task)."),
        "says": .string(run.says),
      ]
      // Every fourth run was judged by how much of it is grounded; an open question has no such number.
      if index % 4 == 0, let fraction = grounding(run.verdict) {
        record["grounded"] = .double(fraction)
        grounded.append(.object(record))
        continue
      }
      let day = 20 + index % 5
      record["verdict"] = .string(word(run.verdict))
      record["at"] = .string("2026-04-\(day)T10:00:00Z")
      record["model"] = .string("model-\(index % 3)")
      reviews["logs/reviews-\(day).jsonl", default: []].append(.object(record))
    }
    let document: JSON = ["runs": .array(grounded)]
    let modes = (0..<168).map { index -> JSON in
      [
        "id": .string("mode-\(index)"), "task": .string("alone-mode-\(index)"), "ask": "Try this mode.",
        "says": .string("Mode \(index % 7) did something."),
      ]
    }
    return reviews.mapValues(FirewallActions.lines)
      .merging(["logs/grounded.json": document.encoded(), "logs/modes.jsonl": FirewallActions.lines(modes)]) { $1 }
  }

  private static func grounding(_ verdict: Verdict) -> Double? {
    switch verdict {
    case .accepted: 0.95
    case .partiallyAccepted: 0.5
    case .rejected: 0.2
    case .skipped: nil
    }
  }

  private static func word(_ verdict: Verdict) -> String {
    switch verdict {
    case .accepted: "accept"
    case .partiallyAccepted: "partial"
    case .rejected: "reject"
    case .skipped: "open"
    }
  }

  /// Rows that are stopped before anyone looks at their category, which is `accepted`.
  static var plants: [(row: JSON, reason: Reason)] {
    (0..<planted).map { index in
      let row = FirewallPlant.scored("planted-\(index)", .accepted)
      return switch index % 4 {
      case 0: (FirewallPlant.with(row, "provenance", nil), .missingProvenance)
      case 1: (FirewallPlant.with(row, "evidence_run_id", nil), .missingSourceRunID)
      case 2: (row, .missingSourceRunID)
      default: (FirewallPlant.with(row, "schema_version", "one"), .schemaViolation)
      }
    }
  }
}
