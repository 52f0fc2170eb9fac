/// A small workspace of two days, written by hand: every category, judgements, a bad line.
enum Lab {
  static let configuration = """
    version: 1
    sources:
      - name: lab
        files: logs/*.jsonl
        map:
          run_id: /id
          task_id: /task
          timestamp: /at
          model_name: /model
          prompt: /ask
          text: /says
        verdict:
          - {when: {/tests: passed}, is: accepted}
          - {when: {/tests: flaky}, is: partially_accepted}
          - {when: {/tests: failed}, is: rejected}
          - {when: {/tests: not run}, is: skipped}
        judged_by: {kind: test, name: suite}

    """

  static func line(
    _ id: String, task: String = "t1", at time: String? = "2026-03-01T10:00:00Z", ask: String? = "Why?",
    says text: String? = "Because.", tests: String = "passed"
  ) -> String {
    func quoted(_ text: String?) -> String {
      text.map { "\"" + $0.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\\n") + "\"" }
        ?? "null"
    }
    return "{\"id\":\(quoted(id)),\"task\":\(quoted(task)),\"at\":\(quoted(time)),\"model\":\"m1\","
      + "\"ask\":\(quoted(ask)),\"says\":\(quoted(text)),\"tests\":\(quoted(tests))}\n"
  }

  static let firstDay = [
    line("r1", says: "Read the log first."), line("r2", says: "Guess.", tests: "failed"),
    line("r3", says: "Read half of it.", tests: "flaky"), "{\"id\":\"cut off\n",
  ].joined()

  static let secondDay = [
    line("r4", task: "t2", at: "2026-03-02T09:00:00+01:00", says: "Ask the owner. Grüße, 😀"),
    line("r5", task: "t2", at: "2026-03-02T09:30:00+01:00", says: "Give up.", tests: "failed"),
    line("r6", task: "t2", at: "2026-03-02T10:30:00+01:00", says: "Later.", tests: "not run"),
  ].joined()

  static func space(_ name: String = "workspace") throws -> TestSpace {
    let space = try TestSpace(name)
    try space.write("distill.yaml", configuration)
    try space.write("logs/2026-03-01.jsonl", firstDay)
    try space.write("logs/2026-03-02.jsonl", secondDay)
    return space
  }

  /// The same, built.
  static func built() throws -> TestSpace {
    let space = try space()
    try space.build()
    return space
  }
}
