import JSONTape
import Testing

@Suite("Records by rule")
struct RuleCountTests {
  private static let configuration = """
    version: 1
    sources:
      - name: runs
        files: logs/runs.jsonl
        map:
          run_id: /id
          task_id: /task
          text: /says
          score: {from: /score, optional: true}
          human_override: {from: /word, optional: true}
        verdict:
          - {when: {/tests: passed}, is: accepted}
          - {when: {/tests: failed}, is: rejected}
          - {when: {/tests: none}, is: skipped}
        thresholds: {score: {accept_at: 0.9}}
      - name: words
        files: logs/words.jsonl
        kind: verdict
        map: {about: {source: runs, run_id: /about}}
        verdict: [{when: {/good: true}, is: accepted}]
      - name: lessons
        files: logs/lessons.jsonl
        kind: extraction
        map: {run_id: /id, task_id: /task, text: /says}

    """

  private func space() throws -> TestSpace {
    let space = try TestSpace()
    try space.write("distill.yaml", Self.configuration)
    func lines(_ rows: [String]) -> String { rows.map { "{\($0)}\n" }.joined() }
    let runs = [
      #""id":"1","task":"a","tests":"passed""#, #""id":"2","task":"b","tests":"failed""#,
      #""id":"3","task":"c","tests":"passed","word":"rejected""#, #""id":"4","task":"d","tests":"none""#,
      #""id":"5","task":"e","tests":"?","score":0.95"#, #""id":"6","task":"f","tests":"?""#,
      #""id":"7","task":"g","tests":"failed""#,
    ]
    try space.write("logs/runs.jsonl", lines(runs.map { $0 + #","says":"A""# }))
    try space.write("logs/words.jsonl", lines([#""about":"7","good":true"#]))
    try space.write(
      "logs/lessons.jsonl",
      lines([#""id":"l1","task":"a","says":"L""#, #""id":"l2","task":"none","says":"L""#]))
    return space
  }

  private let expected: JSON = [
    "human_override": 1, "no_parent": 1, "no_verdict": 1, "not_judged": 1, "parent": 1, "score": 1, "verdict": 2,
    "verdict_conflict": 1,
  ]

  @Test("are counted by `score --json`, built or up to date, in the receipt and in the report")
  func counts() throws {
    let space = try space()
    for state in ["built", "up_to_date"] {
      let result = try space.run("score", "--json")
      #expect(result.exitCode == 0, "\(result.stderr)")
      let stages = try JSON.parse(Array(result.stdout.utf8))["stages"]?.array ?? []
      let score = try #require(stages.first { $0["stage"] == "score" })
      #expect(score["state"]?.string == state)
      #expect(score["record_counts"]?["by_rule"] == expected)
    }
    #expect(try space.counts("score")["by_rule"] == expected)
    try space.build()
    #expect(try space.json("reports/distillation/latest.json")["scoring"]?["by_rule"] == expected)
    let page = try space.read("reports/distillation/latest.md")
    for (rule, count) in expected.object ?? [:] {
      let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `\(rule)` ") }
      #expect(rows.count == 1, "\(rule)")
      #expect(rows.first?.split(separator: "|")[1].contains(" \(count.integer ?? 0) ") == true, "\(rule)")
    }
  }
}
