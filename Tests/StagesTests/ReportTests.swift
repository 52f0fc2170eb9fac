import JSONTape
import Receipts
import ReceiptsTesting
import SystemPackage
import Testing

@testable import Stages

@Suite("Report")
struct ReportTests {
  @Test("both files are written, and not again while nothing changed")
  func writing() throws {
    let space = ReportSpace.complete()
    #expect(try space.report.write())
    let markdown = try #require(space.fileSystem.text(of: "/space/reports/distillation/latest.md"))
    let json = try #require(space.fileSystem.bytes(of: "/space/reports/distillation/latest.json"))
    #expect(try markdown == space.markdown)
    #expect(try JSON.parse(json) == space.report.facts())

    space.fileSystem.forgetCalls()
    #expect(try !space.report.write())
    #expect(space.fileSystem.pathsChanged.isEmpty)

    space.fileSystem.write("edited", to: "/space/reports/distillation/latest.md")
    #expect(try space.report.write())
    #expect(space.fileSystem.text(of: "/space/reports/distillation/latest.md") == markdown)
  }

  @Test("another copy of the workspace gives the same bytes")
  func determinism() throws {
    let first = try ReportSpace.complete().report.facts()
    for _ in 0..<5 {
      let space = ReportSpace.complete()
      space.fileSystem.write("noise", to: "/space/exports/quarantine/other.jsonl")
      #expect(try space.report.facts().encoded() == first.encoded())
    }
  }

  @Test("a workspace without receipts names what is missing")
  func nothing() throws {
    let space = ReportSpace()
    let facts = try space.report.facts()
    #expect(facts.text("status") == "incomplete")
    #expect(facts.list("problems").count == 5)
    let page = try space.markdown
    #expect(page.contains("- score has not been built\n"))
    #expect(page.contains("| export-rag        | **not built** |"))
    #expect(!page.contains("## Sources"))
  }

  @Test("a stage that was never built leaves its sections out")
  func missingStages() throws {
    let space = ReportSpace()
    space.publish(space.evidenceReceipt)
    space.publish(space.scoreReceipt())
    let page = try space.markdown
    #expect(page.contains("**INCOMPLETE** since 2026-04-26T08:00:20Z"))
    #expect(page.contains("- export-sft has not been built\n"))
    #expect(page.contains("## How runs were scored"))
    #expect(!page.contains("## Exports"))
  }

  @Test("a failed run is shown with the check that it failed, beside the receipt that still holds")
  func failure() throws {
    let space = ReportSpace.complete()
    space.fail(
      receipt(
        .exportRAG, at: 90,
        checks: [
          Receipt.Check("books-balance", pass: false, facts: ["scored = exported + quarantined: 3 = 1 exported"]),
          Receipt.Check("all-read", pass: true, facts: ["3 = 3"]),
        ], git: GitState(sha: String(repeating: "cd", count: 20), dirty: true)))
    let facts = try space.report.facts()
    #expect(facts.text("status") == "fail")
    #expect(facts.list("stages")[2].text("state") == "failed")
    let page = try space.markdown
    #expect(page.contains("**FAIL** at 2026-04-26T08:01:30Z, git `cdcdcdcdcdcd` (**dirty**"))
    #expect(
      page.contains(
        "- export-rag failed at 2026-04-26T08:01:30Z: books-balance (scored = exported + quarantined: 3 = 1 exported)"))
    #expect(page.contains("| `books-balance` | **fail** | scored = exported + quarantined: 3 = 1 exported |"))
    #expect(page.contains("**900 of 1,198 scored runs"))
  }

  @Test("exports that are older than the scores are told apart from a data set that is whole")
  func outdated() throws {
    let space = ReportSpace.complete()
    var score = space.scoreReceipt(at: 50)
    score.core.outputs[0].digest = Digest.of("other")
    space.publish(score)
    let facts = try space.report.facts()
    #expect(facts.text("status") == "incomplete")
    #expect(facts.list("stages").map { $0.text("state") } == ["passed", "passed", "outdated", "outdated", "outdated"])
    #expect(try space.markdown.contains("- export-sft was built before the newest run of score\n"))
  }

  @Test("a receipt that was tampered with is a fact of the report, not an error")
  func unreadableReceipt() throws {
    let space = ReportSpace.complete()
    var bytes = try #require(space.fileSystem.bytes(of: "/space/receipts/score/receipt.json"))
    let place = try #require(bytes.lastIndex(of: UInt8(ascii: "9")))
    bytes[place] = UInt8(ascii: "8")
    space.fileSystem.write(bytes, to: "/space/receipts/score/receipt.json")
    let facts = try space.report.facts()
    #expect(facts.text("status") == "fail")
    #expect(facts.list("stages")[1].text("state") == "unreadable")
    #expect(try space.markdown.contains("- receipts/score/receipt.json: this is no receipt"))
  }

  @Test("what changed is told by inputs, counts, parameters, program and commit")
  func changes() throws {
    let space = ReportSpace.complete()
    let before = space.publish(space.evidenceReceipt)
    var next = space.evidenceReceipt
    next.previous = before
    next.run.finishedAt = Timestamp(seconds: 1_777_200_000, nanoseconds: 0)!
    next.git?.dirty = true
    next.core.tool.version = "1.1.0"
    next.core.inputs = [file("logs/a.jsonl", records: 1205, version: "2"), file("logs/c.jsonl", records: 1)]
    next.core.parameters = ["sources": [["name": "new", "kind": "run"], ["name": "lab", "time_zone": "UTC"]]]
    var counts = next.core.recordCounts.object ?? [:]
    counts["read"] = 2410
    counts["by_reason"] = ["schema_violation": 1, "duplicate_id": 4, "missing_source_run_id": 2]
    next.core.recordCounts = .object(counts)
    space.publish(next)

    let page = try space.markdown
    #expect(page.contains("**build-evidence**, since `\(before.hex.prefix(12))` of 2026-04-26T08:00:10Z:"))
    #expect(page.contains("- inputs added: 1 (`logs/c.jsonl`)\n- inputs changed: 1 (`logs/a.jsonl`)\n"))
    #expect(page.contains("- `read`: 1,205 → 2,410 (+1,205)\n- `by_reason/missing_source_run_id`: 0 → 2 (+2)\n"))
    #expect(page.contains("- parameter `/sources/lab/time_zone`: nothing → `\"UTC\"`\n"))
    #expect(page.contains("- parameter `/sources/new`: nothing → `{\"kind\":\"run\",\"name\":\"new\"}`\n"))
    #expect(page.contains("- program: 1.0.0 "))
    #expect(page.contains("- git: `abababababab` → `abababababab` **dirty**\n"))
    #expect(page.contains("**score**: its first receipt."))
  }

  @Test("a receipt that is gone from the history is said to be gone")
  func historyGone() throws {
    let space = ReportSpace.complete()
    space.publish(space.scoreReceipt(at: 60, previous: Digest.of("gone")))
    let short = Digest.of("gone").hex.prefix(12)
    #expect(try space.markdown.contains("**score**: the receipt before, `\(short)`, is not in receipts/history."))
  }

  @Test("quarantined records are shown by their place, never by what they say")
  func examples() throws {
    let space = ReportSpace.complete()
    let facts = try space.report.facts()
    let duplicates = try #require(facts.list("quarantine").first { $0.text("reason") == "duplicate_id" })
    #expect(duplicates.list("examples").map { $0.figure("line_offset") } == [8, 0, 10])
    #expect(!String(decoding: facts.encoded(), as: UTF8.self).contains("SECRET"))
    // Without provenance there is only the place in the quarantine file.
    #expect(try space.markdown.contains("| `category_disallowed` |       2 | `exports/quarantine/rag.jsonl:5`"))
  }

  @Test("a quarantine file of another size than its receipt says is not read")
  func quarantineMismatch() throws {
    let space = ReportSpace.complete()
    space.fileSystem.write("{}\n", to: "/space/exports/quarantine/rag.jsonl")
    space.fileSystem.forgetCalls()
    let page = try space.markdown
    #expect(page.contains("the quarantine file is not as the receipt says"))
    #expect(!space.fileSystem.filesRead.contains("/space/exports/quarantine/rag.jsonl"))
  }

  @Test("a quarantine file is read no further than its reasons need")
  func quarantineLook() throws {
    let space = ReportSpace.complete()
    var evidence = space.evidenceReceipt
    let rows = (0..<20_000).map { (reason: "empty_content", place: Optional((file: "logs/a.jsonl", line: $0))) }
    let file = space.quarantine("evidence", "build-evidence", rows + [("duplicate_id", ("logs/z.json", 4))])
    evidence.core.outputs[1] = file
    evidence.core.recordCounts = ["by_reason": ["empty_content": 20_000, "duplicate_id": 1]]
    space.publish(evidence)
    let page = try space.markdown
    #expect(page.contains("`logs/a.jsonl:1`, `logs/a.jsonl:2`, `logs/a.jsonl:3`"))
    #expect(page.contains("`logs/z.json` record 5"))
  }
}
