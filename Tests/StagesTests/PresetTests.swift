import JSONTape
import Receipts
import Testing

@testable import Stages

@Suite struct PresetTests {
  private func source(_ lines: String) throws -> Source {
    try Configuration.read("version: 1\nsources:\n  - {name: a, \(lines)}\n", fileName: "distill.yaml").sources[0]
  }

  private func text(_ expression: FieldExpression?) -> String? {
    switch expression {
    case .constant(let value): value.canonicalString
    case .pointer(let reference): reference.text
    case .template(let pieces): TemplateText.write(pieces)
    case .lastMessage(let reference, let role, let final): "last \(reference.text) \(role ?? "any") \(final)"
    case .messages(let reference, let shape): "\(shape) \(reference.text)"
    default: nil
    }
  }

  @Test(arguments: Preset.all.map(\.name))
  func `every preset can be used as it is`(name: String) throws {
    let source = try source("files: 'logs/{model}/*', preset: \(name)")
    for part in source.parts { #expect(!part.map.fields.isEmpty) }
  }

  @Test(arguments: Preset.all)
  func `every preset says in a comment what it reads`(preset: Preset) {
    #expect(preset.text.hasPrefix("# \(preset.name == "m-ifeval" ? "M-IFEval" : preset.name): "))
  }

  @Test func `tau-bench reads rewards, and the model only from the path`() throws {
    let part = try source("files: '{model}-airline.json', preset: tau-bench").parts[0]
    #expect(text(part.map.fields[.runID]) == "{/task_id}-{/trial}")
    #expect(text(part.map.fields[.taskID]) == "{/task_id}")
    #expect(text(part.map.fields[.prompt]) == "/info/task/instruction")
    #expect(text(part.map.fields[.text]) == "last /traj assistant false")
    #expect(text(part.map.fields[.messages]) == "openai /traj")
    #expect(text(part.map.fields[.modelName]) == "{model}")
    #expect(part.judgedBy == JudgedBy(kind: "reward"))
    let without = try source("files: gpt-4o-airline.json, preset: tau-bench").parts[0]
    #expect(without.map.fields[.modelName] == nil)
  }

  @Test func `tau-bench never points to the benchmark's answers`() throws {
    let source = try source("files: '{model}-airline.json', preset: tau-bench")
    #expect(source.parts[0].never.map(\.text) == ["/info/reward_info/actions", "/info/task/actions"])
    var open = source
    open.parts[0].never = []
    let slice = open.slice.canonicalString
    for secret in ["actions", "reward_info", "user_cost"] { #expect(!slice.contains(secret)) }
  }

  @Test func `bashkit-eval takes what the document says of all its runs`() throws {
    let source = try source("files: results/*.json, preset: bashkit-eval")
    let part = source.parts[0]
    #expect(source.records.text == "/results/*")
    #expect(source.unit(in: .json) == .element)
    #expect(text(part.map.fields[.timestamp]) == "$root/timestamp")
    #expect(text(part.map.fields[.modelProvider]) == "$root/provider")
    #expect(text(part.map.fields[.text]) == "last /trace/messages assistant true")
    #expect(text(part.map.fields[.messages]) == "anthropic /trace/messages")
    #expect(part.map.fields[.score] == nil)
    let accepting = part.verdict.filter { $0.verdict == .accepted }
    #expect(accepting.flatMap(\.conditions).map(\.test) == [.every(true)])
  }

  @Test func `m-ifeval makes a run of the strict file and a judgement of the loose one`() throws {
    let parts = try source("files: 'x_{model}/eval_*.jsonl', preset: m-ifeval").parts
    #expect(parts.map(\.kind) == [.run, .verdict])
    #expect(parts.map { $0.only?.matchesName("eval_results_strict.jsonl") } == [true, false])
    #expect(parts.map { $0.only?.matchesName("eval_results_loose.jsonl.gz") } == [false, true])
    let runID = "{model}-{sha256:/prompt,/response}"
    #expect(text(parts[0].map.fields[.runID]) == runID)
    #expect(text(parts[1].map.about.first { $0.key == "run_id" }?.expression) == runID)
    #expect(parts.map { text($0.judgedBy?.name) } == ["\"strict\"", "\"loose\""])
  }

  @Test func `lakehouse takes each of its files in one part, and reviews of a file can pair`() throws {
    let source = try source("files: data/_kb/*.jsonl, preset: lakehouse")
    let kinds: [(String, RecordKind)] = [
      ("scrum_reviews", .run), ("observer_reviews", .run), ("audits", .run), ("mode_experiments", .run),
      ("distilled_facts", .extraction), ("distilled_procedures", .extraction), ("distilled_config_hints", .extraction),
      ("audit_facts", .extraction), ("observer_escalations", .extraction),
    ]
    for (name, kind) in kinds {
      for file in ["\(name).jsonl", "\(name)-2026-04.jsonl", "\(name).jsonl.zst"] {
        #expect(source.parts.filter { $0.only?.matchesName(file) ?? true }.map(\.kind) == [kind])
      }
    }
    #expect(source.parts.count == kinds.count)
    let reviews = source.parts.filter { text($0.map.fields[.taskID]) == "file:{/file}" && $0.kind == .run }
    #expect(reviews.count == 3)
    #expect(Set(reviews.compactMap { text($0.map.fields[.prompt]) }).count == 1)
    #expect(source.parts[3].thresholds.groundedFraction == Thresholds.Cut(acceptAt: 0.9, partialAt: 0.5))
  }

  @Test func `the source's keys win over the preset's, field by field in the map`() throws {
    let part = try source(
      """
      files: x.json, preset: tau-bench, judged_by: {kind: human}, verdict: [{otherwise: rejected}],
            map: {model_name: gpt-4o, score: null, prompt: /question}
      """
    ).parts[0]
    #expect(part.map.fields[.modelName] == .constant("gpt-4o"))
    #expect(part.map.fields[.score] == nil)
    #expect(text(part.map.fields[.prompt]) == "/question")
    #expect(text(part.map.fields[.runID]) == "{/task_id}-{/trial}")
    #expect(part.verdict.count == 1)
    #expect(part.judgedBy?.kind == "human")
  }

  @Test func `the source's keys win in every part of a preset`() throws {
    let parts = try source("files: '{model}/*.jsonl', preset: m-ifeval, map: {prompt: /q}, time_zone: '+01:00'").parts
    #expect(parts.map { text($0.map.fields[.prompt]) } == ["/q", "/q"])
    #expect(parts.map(\.timeZoneOffset) == [3600, 3600])
    #expect(text(parts[0].map.fields[.text]) == "/response")
  }

  @Test func `what a preset points to is reported where the user named it`() throws {
    let part = try source("files: x.json, preset: tau-bench").parts[0]
    #expect(Set(part.probes.map(\.place)) == ["distill.yaml:3:38"])
  }
}
