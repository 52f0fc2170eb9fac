import JSONTape
import Receipts
import Testing

@testable import Stages

/// Pairwise judgements.
@Suite struct ComparisonTests {
  // MARK: Configuration

  private static let sides = "map: {a: {text: /a}, b: {text: /b}}\n"

  private func part(_ lines: String) throws -> Part {
    let indented = lines.split(separator: "\n").map { "    \($0)\n" }.joined()
    return try Configuration.read(
      "version: 1\nsources:\n  - name: a\n    files: a.jsonl\n    kind: comparison\n\(indented)", fileName: "d"
    ).sources[0].parts[0]
  }

  private func error(_ lines: String) -> String {
    do {
      _ = try part(lines)
      return "none"
    } catch {
      return "\(error)"
    }
  }

  static let refusals: [(lines: String, text: String)] = [
    ("votes: /v", "3:5: `map` is missing in the source\n  as in map: {prompt: /prompt, a: {text: /a}, b: {text: /b}}"),
    (
      "map: {a: {text: /a}}",
      "6:10: `b` is missing in map\n  a comparison has two texts, as in map: {a: {text: /a}, b: {text: /b}}"
    ),
    ("map: {a: {text: /a}, b: {run_id: /b}}", "6:29: `text` is missing in map.b"),
    (
      "map: {a: {text: /a, model: m}, b: {text: /b}}",
      "6:25: unknown key `model`\n  keys of map.a: run_id, text, model_name"
    ),
    (sides, "3:5: `votes` is missing in the source\n  as in votes: [/annotator1]"),
    ("\(sides)votes: []", "7:12: `votes` is an empty list"),
    (
      "\(sides)votes: [annotator1]",
      "7:13: a vote is the same in every record\n  write where it stands, as in votes: [/annotator1]"
    ),
    (
      "\(sides)votes: /v",
      "3:5: `winner` is missing in the source\n  what each vote means, as in winner: {1: a, 2: b, 0: tie}"
    ),
    (
      "\(sides)votes: /v\nwinner: a",
      "8:13: `winner` is a text, expected a mapping of votes\n  as in winner: {1: a, 2: b, 0: tie}"
    ),
    (
      "\(sides)votes: /v\nwinner: {}", "8:13: `winner` gives no vote a meaning\n  as in winner: {1: a, 2: b, 0: tie}"
    ),
    (
      "\(sides)votes: /v\nwinner: {1: c}", "8:17: `winner.1` can't be `c`\n  it is one of: a, b, tie"
    ),
    (
      "\(sides)votes: /v\nwinner: {~: tie}", "8:14: null is no vote\n  a vote that is null was not given"
    ),
    ("\(sides)votes: /v\nwinner: {1: a, 1.0: b}", "8:20: the vote `1.0` has two meanings"),
    (
      "\(sides)votes: /v\nwinner: {1: a}\ndecide: all",
      "9:13: `decide` can't be `all`\n  it is one of: majority, unanimous"
    ),
    (
      "map: {text: /t, a: {text: /a}, b: {text: /b}}",
      "6:17: `map.text` is not for a comparison, which says nothing of a run by itself\n"
        + "  its texts stand in `map.a` and `map.b`, what was said of them in `votes`"
    ),
    (
      "map: {about: {run_id: /r}, a: {text: /a}, b: {text: /b}}",
      "6:18: `map.about` is for a judgement or an extraction\n  write kind: verdict or kind: extraction"
    ),
    (
      "\(sides)votes: /v\nwinner: {1: a}\nverdict: [{otherwise: rejected}]",
      "9:14: `verdict` is not for a comparison\n  a comparison makes pairs by its `votes`, and no category"
    ),
    (
      "\(sides)votes: /v\nwinner: {1: a}\nthresholds: {score: {accept_at: 1}}",
      "9:17: `thresholds` are not for a comparison\n  a comparison makes pairs by its `votes`, and no category"
    ),
  ]

  @Test(arguments: ComparisonTests.refusals)
  func `errors say what is wrong`(lines: String, text: String) { #expect(error(lines) == "d:\(text)") }

  @Test func `its keys are not for other kinds`() {
    func error(_ lines: String) -> String {
      do {
        _ = try Configuration.read("version: 1\nsources:\n  - {name: a, files: a.jsonl, \(lines)}\n", fileName: "d")
        return "none"
      } catch {
        return "\(error)"
      }
    }
    #expect(error("map: {run_id: /i}, votes: /v") == "d:3:57: `votes` is for `kind: comparison`")
    #expect(error("map: {run_id: /i, a: {text: /a}}").hasPrefix("d:3:49: unknown key `a`"))
    // A source may give them to those of its parts that are comparisons.
    let parts = "[{only: c*, kind: comparison, map: {a: {text: /a}, b: {text: /b}}}, {only: r*, map: {text: /t}}]"
    #expect(error("map: {run_id: /i}, votes: /v, winner: {1: a}, parts: \(parts)") == "none")
  }

  @Test func `keys of winner have the type that they are written in`() throws {
    let part = try part("\(Self.sides)votes: /v\nwinner: {1: a, '2': b, true: tie, model_a: a, 0.5: b}")
    let winner = try #require(part.comparison).winner
    #expect(
      winner == [
        .init(vote: "2", outcome: .b), .init(vote: "model_a", outcome: .a), .init(vote: 0.5, outcome: .b),
        .init(vote: 1, outcome: .a), .init(vote: true, outcome: .tie),
      ])
    #expect(part.comparison?.decide == .majority)
    #expect(part.map.fields.isEmpty)
  }

  // MARK: Mapping

  private func source(
    _ votes: [String] = ["/v1", "/v2", "/v3"], _ decide: Comparison.Decision = .majority,
    _ fields: [EvidenceField: FieldExpression] = [:], adjust: (inout Comparison) -> Void = { _ in }
  ) -> Source {
    var comparison = Comparison(
      a: .init(text: at("/a")), b: .init(text: at("/b")), votes: votes.map { at($0) },
      winner: [
        .init(vote: 0, outcome: .tie), .init(vote: 1, outcome: .a), .init(vote: 2, outcome: .b),
        .init(vote: "1", outcome: .b), .init(vote: true, outcome: .a),
      ], decide: decide)
    adjust(&comparison)
    var source = simpleSource(fields, kind: .comparison)
    source.parts[0].comparison = comparison
    return source
  }

  private func row(_ source: Source, _ line: String) throws -> JSON {
    let mapped = try mapLines(source, line + "\n")
    #expect(mapped.balances && mapped.count("written") == 1, "\(mapped.outputs)")
    #expect(mapped.counts["by_kind"] == ["comparison": 1])
    let text = try #require(mapped.outputs["evidence/undated"]).dropLast()
    let violations = try JSONParser().violations(of: String(text))
    #expect(violations == [])
    return try mapped.evidence[0]
  }

  @Test func `a row carries both texts and the votes`() throws {
    let source = source(["/v1", "/v2"], .majority, [.prompt: at("/p")]) {
      $0.a.modelName = at("/m")
      $0.b.runID = at("/rb")
    }
    let mapped = try mapLines(
      source, #"{"id":"c1","a":"A","b":"B","m":"gpt","rb":"run-b","p":"ask","v1":1,"v2":1}"# + "\n")
    #expect(
      mapped.outputs["evidence/undated"]?.contains(
        #""comparison":{"a":{"run_id":"c1#a","model_name":"gpt","text":"A"},"b":{"run_id":"run-b","model_name":null,"#
          + #""text":"B"},"votes":["a","a"],"winner":"a"},"#) == true)
    let row = try mapped.evidence[0]
    #expect(row["kind"] == "comparison" && row["text"] == .null && row["verdict"] == .null && row["task_id"] == "c1")
    #expect(row["prompt"] == "ask" && row["about"] == .null)
    #expect(
      mapped.counts["fields"] == [
        "run_id": 1, "prompt": 1, "a.text": 1, "a.model_name": 1, "b.run_id": 1, "b.text": 1, "votes": 1,
      ])
  }

  private func decision(_ source: Source, _ votes: String) throws -> [JSON?] {
    let comparison = try row(source, #"{"id":"c","a":"A","b":"B",\#(votes)}"#)["comparison"]
    return [comparison?["votes"], comparison?["winner"]]
  }

  @Test func `more than half of the votes decide`() throws {
    #expect(try decision(source(), #""v1":1,"v2":2,"v3":1"#) == [["a", "b", "a"], "a"])
    #expect(try decision(source(), #""v1":1,"v2":2,"v3":0"#) == [["a", "b", "tie"], "tie"])
    #expect(try decision(source(), #""v1":2,"v2":null"#) == [["b"], "b"])
    #expect(try decision(source(), #""v1":1,"v2":2"#) == [["a", "b"], "tie"])
    #expect(try decision(source(), #""v1":0,"v2":0,"v3":1"#) == [["tie", "tie", "a"], "tie"])
    #expect(try decision(source(), #""x":1"#) == [[], .null])
  }

  @Test func `or all of them`() throws {
    #expect(try decision(source(["/v1", "/v2"], .unanimous), #""v1":2,"v2":2"#) == [["b", "b"], "b"])
    #expect(try decision(source(["/v1", "/v2"], .unanimous), #""v1":2,"v2":1"#) == [["b", "a"], "tie"])
    #expect(try decision(source(["/v1", "/v2"], .unanimous), #""v2":1"#) == [["a"], "a"])
    #expect(try decision(source(["/v1", "/v2"], .unanimous), #""x":1"#) == [[], .null])
  }

  @Test func `types of votes are strict, numbers compare by value`() throws {
    #expect(try decision(source(), #""v1":1.0,"v2":"1","v3":true"#) == [["a", "b", "a"], "a"])
    func error(_ vote: String) throws -> String? {
      try mapLines(source(), #"{"id":"c","a":"A","b":"B","v1":\#(vote)}"# + "\n").quarantine[0]["errors"]?.array?[0]
        .string
    }
    #expect(try error("3") == "votes: /v1 is 3, to which `winner` gives no meaning")
    #expect(try error("\"2\"") == "votes: /v1 is \"2\", to which `winner` gives no meaning")
    #expect(try error("false") == "votes: /v1 is false, to which `winner` gives no meaning")
    #expect(try error("[1]") == "votes: /v1 is a list, where a vote is expected")
  }

  @Test func `without a run id the record's hash makes one`() throws {
    var source = source()
    source.parts[0].map.fields[.runID] = nil
    let line = #"{"a":"A","b":"B","v1":1}"#
    let made = try row(source, line)
    let runID = Digest.of("[\"\(Digest.of(line).hex)\"]").hex
    #expect(made["run_id"] == .string(runID))
    #expect(made["comparison"]?["a"]?["run_id"] == .string(runID + "#a"))
    #expect(made["comparison"]?["b"]?["run_id"] == .string(runID + "#b"))
  }

  @Test func `a text may be absent`() throws {
    let made = try row(source(), #"{"id":"c","a":"A","b":null,"v1":1}"#)
    #expect(made["comparison"]?["b"]?["text"] == .null)
  }

  @Test func `a program can make comparisons`() throws {
    var source = source(["/v"])
    source.parts[0].jq = #".pairs[] | {id: .n, a: .x, b: .y, v: .w}"#
    let mapped = try mapLines(
      source, #"{"pairs":[{"n":"1","x":"A","y":"B","w":2},{"n":"2","x":"C","y":"D","w":0}]}"# + "\n")
    #expect(try mapped.evidence.map { $0["comparison"]?["winner"] } == ["b", "tie"])
  }

  // MARK: The pipeline

  @Test func `a winner makes a pair, and nothing else`() throws {
    let space = PipelineSpace(
      """
      version: 1
      sources:
        - name: votes
          files: votes/*.jsonl
          kind: comparison
          map:
            prompt: /ask
            a: {text: /one, model_name: /m1}
            b: {text: /two, model_name: /m2}
          votes: [/v1, {from: /v2, optional: true}]
          winner: {1: a, 2: b, 0: tie}
          judged_by: {kind: human}
      """,
      [
        "votes/a.jsonl": #"{"ask":"q","one":"A","two":"B","m1":"x","m2":"y","v1":2}"# + "\n"
          + #"{"ask":"q","one":"C","two":"D","m1":"x","m2":"y","v1":0}"# + "\n"
      ])
    for report in try space.build() { #expect(report.isGood, "\(report)") }
    #expect(try space.receipt(.score)?.core.recordCounts["comparisons"] == 2)
    let pairs = try space.rows("exports/preference/chosen_rejected.jsonl")
    try #require(pairs.count == 1)
    #expect(pairs[0]["chosen"] == "B" && pairs[0]["rejected"] == "A" && pairs[0]["reason"] == "preferred")
    #expect(
      space.text("exports/rag/playbooks.jsonl") == "" && space.text("exports/sft/instruction_response.jsonl") == "")
  }
}

extension JSONParser {
  fileprivate func violations(of text: String) throws -> [String] {
    let buffer = ByteBuffer()
    buffer.append(text)
    defer { withExtendedLifetime(buffer) {} }
    return RecordSchema.evidence.violations(of: try parse(buffer.bytes))
  }
}
