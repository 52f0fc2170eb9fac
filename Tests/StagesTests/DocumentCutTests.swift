import JSONTape
import Receipts
import Testing

@testable import Stages

@Suite("Large documents, cut between their records")
struct DocumentCutTests {
  private static let configuration = """
    version: 1
    sources:
      - name: lab
        files: logs/*.json
        records: /run/results/*
        map: {run_id: /id, task_id: /task, text: /text, model_name: $root/model, timestamp: /ts}
        verdict: [{when: {/ok: true}, is: accepted}, {when: {/ok: false}, is: rejected}]
    """

  private func record(_ number: Int) -> String {
    """
    {"id": "r\(number)", "task": "t\(number % 3)", "text": "text, \\"of\\" [\(number)]}", "ok": \(number % 2 == 0), \
    "ts": "2026-04-26T10:00:00Z"}
    """
  }

  private func document(_ records: [String]) -> String {
    "\u{FEFF}{\"model\": \"m\", \"run\": {\"results\": [\n  " + records.joined(separator: ",\n  ")
      + "\n]}, \"end\": 1}\n"
  }

  private func built(_ document: String, chunkSize: Int, jobs: Int = 1) throws -> (
    space: PipelineSpace, trouble: [String]
  ) {
    var space = PipelineSpace(
      Self.configuration, ["logs/a.json": document, "logs/b.json": self.document([record(99)])])
    space.options.chunkSize = chunkSize
    space.options.jobs = jobs
    return (space, try space.build().compactMap(\.trouble))
  }

  private func outputs(_ space: PipelineSpace) -> [String: String] {
    var files: [String: String] = [:]
    for path in space.fileSystem.files {
      let relative = space.layout.relative(path.string)
      if relative.hasPrefix("data/") || relative.hasPrefix("exports/") { files[relative] = space.text(relative) }
    }
    return files
  }

  @Test func `the outputs are those of the document as a whole, for any size of chunks`() throws {
    let text = document((0..<40).map(record))
    let whole = try built(text, chunkSize: 1 << 20)
    #expect(whole.trouble.isEmpty)
    let rows = try whole.space.rows("data/evidence/2026/04/26/lab.jsonl")
    #expect(rows.count == 41 && rows.allSatisfy { $0["model_name"] == "m" })
    for size in [64, 200, 1000, 4000] {
      let cut = try built(text, chunkSize: size, jobs: 2)
      #expect(cut.trouble.isEmpty && outputs(cut.space) == outputs(whole.space))
      let mapped = try #require(try cut.space.receipt(.buildEvidence)).run.actions.run
      #expect(mapped > 3)
    }
  }

  @Test func `a record more at the end maps the last part alone`() throws {
    let cut = try built(document((0..<40).map(record)), chunkSize: 1000)
    cut.space.write(document((0..<41).map(record)), to: "logs/a.json")
    #expect(try cut.space.build().compactMap(\.trouble).isEmpty)
    // The last part, and the look for duplicates: in the last group of tables, and in the part of the new identity.
    #expect(try #require(try cut.space.receipt(.buildEvidence)).run.actions.run == 3)
  }

  @Test(arguments: [
    (#"{"id": tru}"#, "not JSON: expected a value"), (#"{"id": "a" "b"}"#, "not JSON: "),
  ])
  func `a part that is no JSON makes one bad record of the document`(_ bad: String, _ message: String) throws {
    var records = (0..<40).map(record)
    records[20] = bad
    let text = document(records)
    for size in [500, 1 << 20] {
      let cut = try built(text, chunkSize: size)
      #expect(cut.trouble.isEmpty)
      let row = try #require(try cut.space.rows("exports/quarantine/evidence.jsonl").first)
      #expect(row["errors"]?.array?[0].string?.hasPrefix(message) == true)
      let counts = try #require(try cut.space.receipt(.buildEvidence)).core.recordCounts
      #expect(counts["read"] == 2 && counts["quarantined"] == 1 && counts["written"] == 1)
    }
  }

  @Test func `a document that ends early, or is astray behind its records, is one bad record`() throws {
    let text = document((0..<40).map(record))
    for damaged in [String(text.dropLast(200)), String(text.dropLast(4)) + "x}\n"] {
      let cut = try built(damaged, chunkSize: 500)
      #expect(cut.trouble.isEmpty)
      let row = try #require(try cut.space.rows("exports/quarantine/evidence.jsonl").first)
      #expect(row["errors"]?.array?[0].string?.hasPrefix("not JSON: ") == true)
      #expect(row["source_provenance"]?["byte_length"] == .integer(Int64(damaged.utf8.count)))
      #expect(row["source_provenance"]?["sig_hash"] == .string(Digest.of(damaged).hex))
    }
  }

  @Test func `records as deep as the parser allows are taken in a part, too`() throws {
    // The document itself is three deep around a record.
    func deep(_ levels: Int) -> String {
      #"{"id": "deep", "task": "t", "x": "# + String(repeating: "[", count: levels)
        + String(repeating: "]", count: levels)
        + "}"
    }
    for levels in [1019, 1020, 1021] {
      let text = document((0..<30).map(record) + [deep(levels)])
      let counts = try [500, 1 << 20].map { size in
        try #require(try built(text, chunkSize: size).space.receipt(.buildEvidence)).core.recordCounts["written"]
      }
      #expect(counts[0] == counts[1])
    }
  }

  @Test func `brackets without an end are one bad record, and say where`() throws {
    let start = "{\"model\": [], \"run\": {\"results\": ["
    for text in [start + String(repeating: "[", count: 5000), String(repeating: "[", count: 5000)] {
      let rows = try [500, 1 << 20].map { size in
        let cut = try built(text, chunkSize: size)
        #expect(cut.trouble.isEmpty)
        return try cut.space.rows("exports/quarantine/evidence.jsonl")
      }
      #expect(rows[0] == rows[1] && rows[0].count == 1)
      let depth = text.hasPrefix("{") ? start.utf8.count + 1021 : 1024
      #expect(rows[0][0]["errors"] == [.string("not JSON: nesting deeper than 1024 at byte \(depth) of the file")])
    }
  }

  @Test func `a pointer from the root into the records keeps the document whole`() throws {
    let configuration = Self.configuration.replacing("$root/model", with: "$root/run/results/0/id")
    let lab = try #require(try Configuration.read(configuration, fileName: "distill.yaml").sources.first)
    #expect(lab.cutRule(for: RelativePath(unchecked: "logs/a.json")) == nil)
    let plain = try #require(try Configuration.read(Self.configuration, fileName: "distill.yaml").sources.first)
    let steps = [ElementStep(name: "run", index: nil), ElementStep(name: "results", index: nil)]
    #expect(plain.cutRule(for: RelativePath(unchecked: "logs/a.json")) == .elements(path: steps))
    #expect(plain.cutRule(for: RelativePath(unchecked: "logs/a.json.gz")) == nil)
  }
}
