import Foundation
import JSONTape
import Receipts
import Testing

@testable import Stages

/// Logs of real agents, with the counts that were made independently of this program.
@Suite(.enabled(if: realLogs != nil)) struct EvidenceRealLogTests {
  private func files(_ folder: String, _ suffix: String) throws -> [(path: String, bytes: [UInt8])] {
    let root = try #require(realLogs)
    let all = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)?.allObjects ?? []
    return try all.compactMap { $0 as? String }.filter { $0.hasSuffix(suffix) }.sorted().map {
      let path = folder + "/" + $0
      return (path, Array(try Data(contentsOf: root.appendingPathComponent(path))))
    }
  }

  private func verdicts(_ mapped: MappedEvidence) throws -> [String: Int] {
    try mapped.evidence.reduce(into: [:]) { $0[$1["verdict"]?.string ?? "none", default: 0] += 1 }
  }

  private func checkSchema(_ mapped: MappedEvidence) throws {
    let parser = JSONParser()
    let text = ByteBuffer()
    for (name, lines) in mapped.outputs where name.hasPrefix("evidence/") {
      for line in lines.split(separator: "\n") {
        text.removeAll()
        text.append(String(line))
        let violations = RecordSchema.evidence.violations(of: try parser.parse(text.bytes))
        #expect(violations.isEmpty)
      }
    }
  }

  @Test func `tau-airline`() throws {
    var part = Part(
      map: fieldMap([
        .runID: .template([.pointer(reference("/task_id")), .literal("-"), .pointer(reference("/trial"))]),
        .taskID: at("/task_id"), .prompt: at("/info/task/instruction"), .score: at("/reward"),
        .text: .lastMessage(reference("/traj"), role: "assistant", final: false),
        .messages: .messages(reference("/traj"), shape: .openai),
      ]))
    part.verdict = [
      VerdictRule(
        conditions: [Condition(reference: reference("/reward"), test: .atLeast(0.999999))], verdict: .accepted),
      VerdictRule(conditions: [], verdict: .rejected),
    ]
    let log = try #require(try files("tau-airline", "-airline.json").first)
    let segment = EvidenceSegment(input: "0", path: log.path, format: .json, unit: .element)
    let mapped = try mapEvidence(source("tau-airline", records: "/*", parts: [part]), [(segment, log.bytes)])
    #expect(mapped.balances && mapped.count("read") == 200 && mapped.count("written") == 200)
    #expect(try verdicts(mapped) == ["accepted": 84, "rejected": 116])
    #expect(mapped.counts["fields"]?["text"] == 200)
    let messages = try mapped.evidence.flatMap { $0["messages"]?.array ?? [] }
    #expect(messages.count == 5308)
    #expect(messages.filter { $0["content"]?.isNull == true }.count == 1074)
    try checkSchema(mapped)
    for row in try mapped.evidence {
      let offset = Int(row["provenance"]!["byte_offset"]!.integer!)
      let length = Int(row["provenance"]!["byte_length"]!.integer!)
      #expect(log.bytes[offset] == UInt8(ascii: "{") && log.bytes[offset + length - 1] == UInt8(ascii: "}"))
    }
  }

  @Test func `bashkit-eval`() throws {
    var part = Part(
      map: fieldMap([
        .runID: .template([.stem, .literal("-"), .pointer(reference("/task/id"))]), .taskID: at("/task/id"),
        .prompt: at("/task/prompt"), .timestamp: at("$root/timestamp"), .modelName: at("$root/model"),
        .text: .lastMessage(reference("/trace/messages"), role: "assistant", final: true),
        .messages: .messages(reference("/trace/messages"), shape: .anthropic),
        .latencyMS: at("/trace/duration_ms"),
      ]))
    part.verdict = [
      VerdictRule(
        conditions: [Condition(reference: reference("/score/results/*/passed"), test: .every(true))],
        verdict: .accepted),
      VerdictRule(conditions: [], verdict: .rejected),
    ]
    let logs = try files("bashkit-eval/results", ".json")
    let inputs = logs.enumerated().map { index, log in
      (EvidenceSegment(input: String(index), path: log.path, format: .json, unit: .element), log.bytes)
    }
    let mapped = try mapEvidence(source("bashkit-eval", records: "/results/*", parts: [part]), inputs)
    #expect(mapped.balances && mapped.count("read") == 1219 && mapped.count("written") == 1219)
    #expect(try verdicts(mapped) == ["accepted": 1023, "rejected": 196])
    #expect(mapped.counts["fields"]?["text"] == .integer(1219 - 149))
    #expect(mapped.counts["fields"]?["timestamp"] == 1219)
    try checkSchema(mapped)
  }

  @Test func `mifeval-es`() throws {
    func part(_ only: String, _ kind: RecordKind) throws -> Part {
      let runID = FieldExpression.template([
        .capture("model"), .literal("-"), .sha256([reference("/prompt"), reference("/response")]),
      ])
      var map = fieldMap([
        .runID: runID, .taskID: .template([.sha256([reference("/prompt")])]), .prompt: at("/prompt"),
        .text: at("/response"), .modelName: .template([.capture("model")]),
      ])
      if kind == .verdict { map.about = [.init(key: "run_id", expression: runID)] }
      return Part(
        only: try Glob(only), kind: kind, map: map,
        verdict: [
          VerdictRule(
            conditions: [Condition(reference: reference("/follow_all_instructions"), test: .equals(true))],
            verdict: .accepted),
          VerdictRule(conditions: [], verdict: .rejected),
        ])
    }
    let parts = [try part("*_strict.jsonl", .run), try part("*_loose.jsonl", .verdict)]
    let logs = try files("mifeval-es/evaluations", ".jsonl").filter { $0.path.contains("eval_results_") }
    let inputs = logs.enumerated().map { index, log in
      let folder = log.path.split(separator: "/")[2]
      let model = String(folder.dropFirst("es_input_response_data_".count))
      return (
        EvidenceSegment(
          input: String(index), path: log.path, captures: ["model": .string(model)], format: .jsonl, unit: .line),
        log.bytes
      )
    }
    let mapped = try mapEvidence(source("mifeval-es", parts: parts), inputs)
    #expect(mapped.balances && mapped.count("read") == 3910 && mapped.count("written") == 3910)
    #expect(mapped.counts["by_kind"] == ["run": 1955, "verdict": 1955])
    let runs = try mapped.evidence.filter { $0["kind"] == "run" }.map { $0["run_id"]?.string ?? "" }
    let judged = try mapped.evidence.filter { $0["kind"] == "verdict" }.map { $0["about"]?["run_id"]?.string ?? "" }
    #expect(Set(runs) == Set(judged))
    try checkSchema(mapped)
  }
}
