import JSONTape
import Testing

/// What once got through the firewall, from the logs to the exports.
@Suite("Nothing leaks")
struct LeakTests {
  private static let runs = """
    version: 1
    sources:
      - name: runs
        files: runs.jsonl
        map: {run_id: /id, task_id: /task, prompt: /ask, text: /says}
        verdict: [{when: {/ok: true}, is: accepted}, {when: {/ok: false}, is: rejected}]

    """

  private func run(_ id: String, task: String = "t", ask: String = "Why?", ok: String = "null") -> String {
    #"{"id":"\#(id)","task":"\#(task)","ask":"\#(ask)","says":"\#(id) says so.","ok":\#(ok)}"# + "\n"
  }

  private func exported(_ space: TestSpace) throws -> [String] {
    try space.rows("exports/rag/playbooks.jsonl").compactMap { $0["source_run_id"]?.string }
  }

  private func expectRefusal(_ space: TestSpace, _ words: String, sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    let result = try space.run("all", "-q")
    #expect(result.exitCode == 65 && result.stderr.contains(words), "\(result.stderr)", sourceLocation: sourceLocation)
  }

  // MARK: Judgements

  private static let reviews = """
      - name: reviews
        files: reviews.jsonl
        kind: verdict
        map: {about: {source: runs, run_id: /run}, run_id: /rid}
        verdict: [{when: {/v: ok}, is: accepted}, {when: {/v: bad}, is: rejected}]

    """

  @Test("a rejection that shares its identity with an earlier approval is heard")
  func repeatedJudgement() throws {
    let space = try TestSpace()
    try space.write("distill.yaml", Self.runs + Self.reviews)
    try space.write("runs.jsonl", run("a", ok: "true") + run("b"))
    try space.write(
      "reviews.jsonl",
      #"{"rid":"r1","run":"b","v":"ok"}"# + "\n" + #"{"rid":"r1","run":"b","v":"bad"}"# + "\n"
        + #"{"rid":"r2","run":"a","v":"ok"}"# + "\n")
    try space.build("-q")
    #expect(try exported(space) == ["a"])
    let scored = try space.rows("data/scored-runs/undated/runs-0000.jsonl")[1]
    #expect(scored["category"] == "needs_human_review")
    #expect(
      scored["reasons"]?.array?[0]["facts"]
        == ["reviews reviews.jsonl:1: accepted", "duplicate of reviews reviews.jsonl:1: rejected"])
    #expect(try space.run("audit").exitCode == 0)
  }

  @Test("a judgement that would be dropped for one about another run, or another text, stops the build")
  func sharedJudgementID() throws {
    let space = try TestSpace()
    try space.write("distill.yaml", Self.runs + Self.reviews)
    try space.write("runs.jsonl", run("a", ok: "true") + run("b", ok: "true"))
    try space.write(
      "reviews.jsonl", #"{"rid":"r1","run":"a","v":"ok"}"# + "\n" + #"{"rid":"r1","run":"b","v":"bad"}"# + "\n")
    try expectRefusal(space, "reviews.jsonl:2: this judgement has the run_id of the one in reviews.jsonl:1")
    // Without an id of its own each is known by its record and what it is about.
    try space.write(
      "distill.yaml", Self.runs + Self.reviews.replacing(", run_id: /rid", with: ""))
    try space.build("-q")
    #expect(try exported(space) == ["a"])
  }

  @Test(
    "judgements that can be about no run stop the build",
    arguments: [
      ("{run_id: /run}", #"are about records of kind `run` of source "reviews", which has none"#),
      ("{source: rusn, run_id: /run}", #"are about source "rusn", which does not exist"#),
      ("{source: runs, kind: extraction, run_id: /run}", #"of kind `extraction` of source "runs", which has none"#),
    ])
  func deafJudgements(about: String, words: String) throws {
    let space = try TestSpace()
    let reviews = Self.reviews.replacing("{source: runs, run_id: /run}", with: about)
    try space.write("distill.yaml", Self.runs + reviews)
    try space.write("runs.jsonl", run("a", ok: "true"))
    try space.write("reviews.jsonl", #"{"rid":"r1","run":"a","v":"bad"}"# + "\n")
    try expectRefusal(space, words)
  }

  @Test("judgements about runs that are not there are told of")
  func unmatchedJudgement() throws {
    let space = try TestSpace()
    try space.write("distill.yaml", Self.runs + Self.reviews)
    try space.write("runs.jsonl", run("a", ok: "true"))
    try space.write("reviews.jsonl", #"{"rid":"r1","run":"A","v":"bad"}"# + "\n")
    let result = try space.run("all")
    #expect(result.exitCode == 0)
    let words =
      "distill-make: warning: 1 of 1 judgements are about no run that is there, or about another text of it, "
      + "such as reviews.jsonl:1\n"
    #expect(result.stderr.contains(words), "\(result.stderr)")
  }

  // MARK: Holdout

  private static let holdout = "exports:\n  holdout: {files: evals/*, prompt: /q}\n"

  @Test("a held-out prompt with a lone surrogate is held out")
  func surrogate() throws {
    let space = try TestSpace()
    try space.write("distill.yaml", Self.runs + Self.holdout)
    try space.write("runs.jsonl", run("a", ask: #"held \ud83d x"#, ok: "true") + run("b", ok: "true"))
    try space.write("evals/a.jsonl", #"{"q":"held  \ud83d x"}"# + "\n")
    try space.build("-q")
    #expect(try exported(space) == ["b"])
    #expect(try space.run("audit").exitCode == 0)
  }

  @Test("what exports.holdout names and is not read stops the build")
  func unreadHoldout() throws {
    let space = try TestSpace()
    try space.write("distill.yaml", Self.runs + Self.holdout)
    try space.write("runs.jsonl", run("a", ok: "true"))
    try space.write("evals/a.jsonl", #"{"q":"Who?"}"# + "\n")
    try space.write("h.jsonl", #"{"q":"Why?"}"# + "\n")
    #expect(try Machine.run(["ln", "-s", "../h.jsonl", space.path("evals/b.jsonl")]).exitCode == 0)
    try expectRefusal(space, "evals/b.jsonl, which exports.holdout names, is no file, or a link that a wildcard met")
    try space.remove("evals/b.jsonl")
    for nothing in ["", "\n"] {
      try space.write("evals/b.jsonl", nothing)
      try expectRefusal(space, "evals/b.jsonl: it has no record, so nothing is held out by it")
    }
    try space.remove("evals/b.jsonl")
    try space.build("-q")
  }

  // MARK: Comparisons

  @Test("a comparison of a run with itself, and one that a rejected text won, make no pair")
  func comparisons() throws {
    let space = try TestSpace()
    try space.write(
      "distill.yaml",
      Self.runs + """
          - name: arena
            files: arena.jsonl
            kind: comparison
            map:
              run_id: /id
              task_id: /task
              prompt: /ask
              a: {run_id: /a/id, text: /a/says}
              b: {run_id: /b/id, text: /b/says}
            votes: /vote
            winner: {1: a, 2: b}

        """)
    try space.write("runs.jsonl", run("good", ok: "true") + run("hack", ok: "false"))
    func match(_ id: String, _ a: String, _ b: String, says: (String, String)) -> String {
      #"{"id":"\#(id)","task":"t","ask":"Why?","a":{"id":"\#(a)","says":"\#(says.0)"},"#
        + #""b":{"id":"\#(b)","says":"\#(says.1)"},"vote":1}"# + "\n"
    }
    try space.write(
      "arena.jsonl",
      match("c1", "hack", "good", says: ("hack says  so.", "good says so."))
        + match("c2", "x", "x", says: ("One.", "Two."))
        + match("c3", "good", "y", says: ("good says so.", "Not so.")))
    try space.build("-q")
    let pairs = try space.rows("exports/preference/chosen_rejected.jsonl").map {
      "\($0["chosen_run_id"]?.string ?? "") > \($0["rejected_run_id"]?.string ?? "")"
    }
    #expect(Set(pairs) == ["good > hack", "good > y"])
    let stopped = try space.rows("exports/quarantine/preference.jsonl").map { $0["reason"]?.string }
    #expect(Set(stopped) == ["invalid_preference_pairing", "self_pairing"])
    #expect(try space.run("audit").exitCode == 0)
  }

  @Test("models whose names look alike and are written otherwise are counted apart")
  func canonicalNames() throws {
    let space = try TestSpace()
    try space.write("distill.yaml", Self.runs.replacing("text: /says", with: "text: /says, model_name: /model"))
    try space.write(
      "runs.jsonl",
      ["caf\u{e9}", "cafe\u{301}"].enumerated().map { number, name in
        #"{"id":"\#(number)","task":"t","ask":"Why?","says":"So \#(number).","ok":true,"model":"\#(name)"}"# + "\n"
      }.joined())
    try space.build("-q")
    let models = try space.receipt("export-rag")["core"]?["summary"]?["models"]?.object
    #expect(models?.count == 2)
    #expect(try space.run("audit").exitCode == 0)
  }
}
