import JSONTape
import Receipts
import ReceiptsTesting
import SystemPackage
import Testing

@testable import Stages

@Suite struct ScaffoldTests {
  private let memory = MemoryFileSystem()

  private func write(_ path: String, _ text: String) { memory.write(text, to: FilePath("/w").appending(path)) }

  /// What is proposed, which must be a configuration.
  private func propose() throws -> (text: String, configuration: Configuration) {
    let text = try scaffold(fileSystem: memory, workspace: "/w").text
    return (text, try Configuration.read(text, fileName: "distill.yaml"))
  }

  private func files(_ source: Source) throws -> [String] {
    try GlobWalk.find(source, in: "/w", of: memory).files.map(\.path.string)
  }

  @Test func `an empty folder gets an example`() throws {
    let (text, configuration) = try propose()
    #expect(configuration.sources.map(\.name) == ["logs"])
    #expect(text.contains("No logs were found"))
  }

  @Test func `logs of a preset are recognised`() throws {
    let run = #"{"task_id": 1, "reward": 1.0, "info": {}, "traj": [{"role": "user"}], "trial": 0}"#
    write("tau/gpt-4o-airline.json", "[\(run)]")
    let element = #"{"task": {"id": "x"}, "trace": {"messages": []}, "score": {}}"#
    write("bash/results/eval-1.json", #"{"provider": "p", "model": "m", "results": [\#(element)]}"#)
    let line = #"{"prompt": "p", "response": "r", "follow_all_instructions": true}"#
    for model in ["gpt-4o", "gpt-4.1"] {
      for name in ["strict", "loose"] { write("eval/run_\(model)/eval_\(name).jsonl", line + "\n") }
    }
    write("data/_kb/scrum_reviews.jsonl", "{}\n")
    write("data/_kb/outcomes.jsonl", "{}\n")
    let (text, configuration) = try propose()
    #expect(configuration.sources.map(\.name) == ["bashkit-eval", "lakehouse", "tau-gpt-4o-airline", "m-ifeval"])
    #expect(text.contains("left out: outcomes.jsonl"))
    #expect(
      try configuration.sources.map(files) == [
        ["bash/results/eval-1.json"], ["data/_kb/scrum_reviews.jsonl"], ["tau/gpt-4o-airline.json"],
        [
          "eval/run_gpt-4.1/eval_loose.jsonl", "eval/run_gpt-4.1/eval_strict.jsonl", "eval/run_gpt-4o/eval_loose.jsonl",
          "eval/run_gpt-4o/eval_strict.jsonl",
        ],
      ])
    let evaluations = try GlobWalk.find(configuration.sources[3], in: "/w", of: memory).files
    #expect(Set(evaluations.map { $0.captures["model"] }) == ["gpt-4o", "gpt-4.1"])
    #expect(configuration.sources[2].parts[0].map.fields[.modelName] == .constant("gpt-4o"))
  }

  @Test func `a time is found by its name, else by how it reads`() throws {
    for (record, pointer) in [
      (#"{"id": "1", "answer": "!", "when": "2026-04-26T08:00:00Z"}"#, "/when"),
      (#"{"id": "1", "answer": "!", "meta": {"logged": "2026-04-26 08:00:00+02:00"}}"#, "/meta/logged"),
      (#"{"id": "1", "answer": "!", "closed": "2026-04-26", "ts": 1777190400}"#, "/ts"),
      (#"{"id": "1", "answer": "!", "date": "yesterday"}"#, "/date"),
      (#"{"id": "1", "answer": "!"}"#, "/timestamp"),
    ] {
      write("runs/a.jsonl", record + "\n")
      #expect(try propose().text.contains("      # timestamp: \(pointer)\n"), "\(record)")
    }
  }

  @Test func `other logs get a mapping to complete, with the pointers of the first record and no values`() throws {
    write(
      "runs/a.jsonl", #"{"id": "s3cret", "q/a": {"question": "?"}, "answer": "!", "ok": true, "passed": false}"# + "\n{"
    )
    let (text, configuration) = try propose()
    let source = configuration.sources[0]
    #expect(source.name == "runs")
    #expect(source.parts[0].map.fields.keys.map(\.rawValue) == ["run_id"])
    #expect(!text.contains("s3cret"))
    #expect(
      text.contains(
        """
          # The first record of runs/a.jsonl has
          #   /id             text
          #   /q~1a/question  text
          #   /answer         text
          #   /ok             boolean
          #   /passed         boolean
          - name: runs
            files: runs/*.jsonl
            map:
              run_id: /id
              # task_id: /task_id   # runs of one task can pair
              # prompt: /q~1a/question
              # text: /answer   # what the run came to
              # timestamp: /timestamp
              # model_name: /model   # or a constant
            # verdict:                      # without one, every run waits for a human's review
            #   - {when: {/passed: true}, is: accepted}
            #   - {when: {/passed: false}, is: rejected}
            # judged_by: {kind: test}       # test, human, model or reward

        """))
  }

  @Test func `what is commented out is a configuration, too`() throws {
    write("runs/a.jsonl", #"{"id": 1, "messages": [{"role": "user"}], "score": 0.5, "ts": 1, "status": "ok"}"# + "\n")
    var (text, _) = try propose()
    let proposed = text.split(separator: "\n", omittingEmptySubsequences: false)
    let mapStart = try #require(proposed.firstIndex { $0.hasPrefix("  - name:") })
    text =
      proposed.enumerated().map { index, line in
        guard index > mapStart, let hash = line.firstIndex(of: "#"), line[..<hash].allSatisfy({ $0 == " " }) else {
          return String(line)
        }
        if line.contains("exported") { return String(line) }
        return String(line[..<hash] + line[hash...].dropFirst(2))
      }.joined(separator: "\n")
    let source = try Configuration.read(text, fileName: "distill.yaml").sources[0]
    let expected: Set<EvidenceField> = [.runID, .taskID, .prompt, .text, .messages, .timestamp, .modelName, .score]
    #expect(Set(source.parts[0].map.fields.keys) == expected)
    #expect(source.parts[0].verdict.count == 2)
    #expect(source.parts[0].thresholds.score != nil)
  }

  @Test func `folders of logs with the same shape are one source`() throws {
    for day in 1...3 { write("logs/2026/0\(day)/a.jsonl", "{\"id\": 1, \"text\": \"t\"}\n") }
    write("other/a.jsonl", "{\"id\": 1, \"reply\": \"t\", \"text\": 1}\n")
    let (_, configuration) = try propose()
    #expect(configuration.sources.map(\.files.first?.text) == ["logs/2026/**/*.jsonl", "other/*.jsonl"])
  }

  @Test func `settings, inputs and compressed logs are no sources`() throws {
    write("package.json", #"{"name": "x", "version": "1"}"#)
    write("logs/a.jsonl", "{\"id\": 1, \"text\": \"t\"}\n")
    write("inputs/a.jsonl", "{\"id\": 1, \"kwargs\": []}\n")
    write("old/a.jsonl.gz", "")
    write(".distill/x.json", "[]")
    write("exports/rag/playbooks.jsonl", "{\"id\": 1, \"text\": \"t\"}\n")
    let (text, configuration) = try propose()
    #expect(configuration.sources.map(\.name) == ["logs"])
    #expect(text.contains("#   inputs/*.jsonl\n"))
    #expect(text.contains("#   old/a.jsonl.gz\n"))
  }

  @Test func `what is behind a link in the workspace is found, other links are named`() throws {
    let line = #"{"id": 1, "text": "t"}"# + "\n"
    memory.write(line, to: "/data/logs/2026/a.jsonl")
    memory.write(line, to: "/data/more/a.jsonl")
    write("own/a.jsonl", #"{"id": 1, "answer": "t"}"# + "\n")
    for (link, target) in [
      ("logs", "/data/logs"), ("latest", "own"), ("self", "."), ("up", "/"), ("gone", "/nowhere"),
      ("run.jsonl", "/data/logs/2026/a.jsonl"), ("own/more", "/data/more"), ("notes.txt", "/data/logs/2026/a.jsonl"),
    ] {
      memory.link(FilePath("/w").appending(link), to: target)
    }
    let (text, configuration) = try propose()
    #expect(configuration.sources.map(\.name) == ["2026", "own"])
    #expect(try configuration.sources.map(files) == [["logs/2026/a.jsonl"], ["own/a.jsonl"]])
    #expect(
      text.contains(
        """
        # Links, which were not followed; `files` may name one, without a wildcard in its name:
        #   latest
        #   own/more
        #   run.jsonl
        #   self
        #   up

        """))
  }

  @Test func `a model's folder that is a link is not left to a pattern that does not follow it`() throws {
    let line = #"{"id": 1, "prompt": "p", "response": "r", "follow_all_instructions": true}"# + "\n"
    memory.write(line, to: "/data/eval_strict.jsonl")
    memory.link("/w/gpt-4o", to: "/data")
    let (_, configuration) = try propose()
    #expect(try configuration.sources.map(files) == [["gpt-4o/eval_strict.jsonl"]])
  }

  @Test func `logs in which no records are found are named`() throws {
    write("deep/a.json", #"{"data": {"runs": [{"id": 1, "text": "t"}]}}"#)
    write("deep/b.json", "{}")
    write("one.json", "[1, 2]")
    write("broken/a.jsonl", "no JSON\n")
    let (text, configuration) = try propose()
    #expect(configuration.sources.map(\.name) == ["logs"])
    #expect(try scaffold(fileSystem: memory, workspace: "/w").isExample)
    #expect(
      text.contains(
        """
        # Not proposed, because no list of records was found in them:
        #   one.json
        #   broken/a.jsonl
        #   deep/*.json

        """))
  }

  @Test func `messages with tool blocks are Anthropic's`() throws {
    for (content, shape) in [
      (#""text""#, "openai}   # or anthropic"), (#"[{"type": "text", "text": "t"}]"#, "openai}   # or anthropic"),
      (#"[{"type": "tool_use", "id": "1", "name": "f"}]"#, "anthropic}   # or openai"),
      (#"[{"type": "tool_result", "tool_use_id": "1"}]"#, "anthropic}   # or openai"),
    ] {
      write("runs/a.jsonl", #"{"id": 1, "messages": [{"role": "user", "content": \#(content)}]}"# + "\n")
      #expect(try propose().text.contains("      # messages: {from: /messages, shape: \(shape)\n"), "\(content)")
    }
  }

  @Test func `a long document is known by its beginning`() throws {
    let run = #"{"id": "r", "output": "\#(String(repeating: "x", count: 5000))"}"#
    write("runs.json", #"{"results": [\#(Array(repeating: run, count: 50).joined(separator: ","))]}"#)
    let (_, configuration) = try propose()
    #expect(configuration.sources.map(\.records.text) == ["/results/*"])
  }

  @Test func `a long name of a folder is shortened to that of a source`() throws {
    for folder in ["a", "b"] {
      write(
        "\(folder)/\(String(repeating: "x", count: 200))/a.jsonl", "{\"id\": 1, \"\(folder)\": 1, \"text\": \"t\"}\n")
    }
    let names = try propose().configuration.sources.map(\.name)
    #expect(names.count == 2 && names.allSatisfy { $0.count <= Source.longestName })
  }

  @Test func `odd names of files and members stay what they are`() throws {
    write("lögs {x}/a: #1.jsonl", #"{"run_id": 1, "text": "t", "a b, [c]": 1, "line\nbreak": 2}"# + "\n")
    let (_, configuration) = try propose()
    #expect(configuration.sources.map(\.name) == ["l-gs-x"])
    #expect(try files(configuration.sources[0]) == ["lögs {x}/a: #1.jsonl"])
  }

  @Test(arguments: [
    (#"[{"a": 1, "b": [1, {"c": "#, #"[{"a":1,"b":[1]}]"#),
    (#"{"a": "x,y\"}", "b": {"c": 1, "d"#, #"{"a":"x,y\"}","b":{"c":1}}"#),
    (#"[1, 2, 3"#, "[1,2]"),
    (#"{"a": "unfinished"#, nil),
    ("}", nil),
  ])
  func `the beginning of a document is made a document`(beginning: String, document: String?) {
    #expect(JSONPrefix.parse(Array(beginning.utf8), isWhole: false)?.canonicalString == document)
  }
}
