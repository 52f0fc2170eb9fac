import Foundation
import JSONTape
import Receipts
import Testing

@Suite("The way back of a row, and the history of a stage")
struct TraceTests {
  private func steps(_ step: JSON) -> [JSON] { [step] + (step["from"]?.array ?? []).flatMap(steps) }

  @Test("every row of every export leads back to the bytes of its log")
  func everyRow() throws {
    let space = try Lab.built()
    for (file, sides) in [
      ("exports/rag/playbooks.jsonl", 1), ("exports/sft/instruction_response.jsonl", 1),
      ("exports/preference/chosen_rejected.jsonl", 2),
    ] {
      for (number, row) in try space.rows(file).enumerated() {
        let id = row["id"]?.string ?? ""
        let byID = try space.run("trace", id, "--json")
        let byLine = try space.run("trace", "\(file):\(number + 1)", "--json")
        #expect(byID.exitCode == 0 && byID.stdout == byLine.stdout, "\(byID.stderr)")
        let steps = steps(try JSON.parse(Array(byID.stdout.utf8)))
        #expect(steps.count == 1 + 3 * sides)
        #expect(steps.allSatisfy { ($0["checks"]?.array ?? []).allSatisfy { $0["pass"] == true } })
        #expect(steps.allSatisfy { ($0["receipts"]?.array ?? []).count >= 1 })
        let logs = steps.filter { $0["step"] == "log" }
        #expect(logs.count == sides)
        // The bytes are the record, as a reader without this program finds them.
        for log in logs {
          let span = (log["facts"]?["bytes"]?.string ?? "").components(separatedBy: "..<").compactMap { Int($0) }
          let bytes = try space.bytes(log["path"]?.string ?? "")
          let record = try JSON.parse(Array(bytes[span[0]..<span[1]]))
          let ids = [row["source_run_id"], row["chosen_run_id"], row["rejected_run_id"]].compactMap { $0 }
          #expect(record["id"].map(ids.contains) ?? false)
        }
      }
    }
  }

  @Test("on a terminal it is a tree")
  func tree() throws {
    let space = try Lab.built()
    let result = try space.run("trace", "exports/preference/chosen_rejected.jsonl:1")
    let lines = result.stdout.split(separator: "\n")
    #expect(lines.first == "pair  exports/preference/chosen_rejected.jsonl:1")
    #expect(lines.contains { $0.hasPrefix("├─ scored run  data/scored-runs/") })
    #expect(lines.contains { $0.hasPrefix("└─ scored run  data/scored-runs/") })
    #expect(lines.contains { $0.contains("rule: verdict") })
    #expect(lines.contains { $0.contains("ok    sig_hash of the bytes: ") })
    #expect(!result.stdout.contains("FAIL"))
  }

  @Test("a step that does not hold is told, and ends it with 1")
  func broken() throws {
    for (file, what) in [
      ("logs/2026-03-01.jsonl", "sig_hash of the bytes"), ("data/evidence/2026/03/01/lab.jsonl", "sha256 of the file"),
      ("exports/rag/playbooks.jsonl", "sha256 of the file"),
    ] {
      let space = try Lab.built()
      try space.write(file, try space.read(file).replacingOccurrences(of: "Read the log", with: "Ride the log"))
      let result = try space.run("trace", "exports/rag/playbooks.jsonl:1")
      #expect(result.exitCode == 1)
      #expect(result.stdout.contains("FAIL  \(what): expected "), "\(result.stdout)")
    }
  }

  @Test("what is no row is an error with words")
  func errors() throws {
    let space = try Lab.built()
    for (name, code) in [
      ("rag-0000000000000000", 65), ("exports/rag/playbooks.jsonl:99", 65), ("exports/rag/playbooks.jsonl:0", 64),
      ("logs/2026-03-01.jsonl:1", 64), ("r1", 64),
    ] as [(String, Int32)] {
      let result = try space.run("trace", name)
      #expect(result.exitCode == code && result.stderr.hasPrefix("distill-make: "), "\(name): \(result.stderr)")
    }
  }

  @Test("log lists builds, newest first, and diff tells what changed between two")
  func history() throws {
    let space = try Lab.built()
    let first = try space.receipt("export-sft")["receipt_sha256"]?.string ?? ""
    try space.build("--include-partial")
    let second = try space.receipt("export-sft")["receipt_sha256"]?.string ?? ""
    let log = try JSON.parse(Array(try space.run("log", "export-sft", "--json").stdout.utf8)).array ?? []
    #expect(log.map { $0["receipt_sha256"] } == [.string(second), .string(first)])
    let table = try space.run("log").stdout.split(separator: "\n")
    #expect(table.count == 1 + 6)

    for (before, after) in [
      ("export-sft~1", "export-sft"), (String(first.prefix(8)), String(second.prefix(8))),
      ("receipts/history/\(first).json", "receipts/export-sft/receipt.json"),
    ] {
      let result = try space.run("diff", before, after)
      #expect(
        result.stdout == """
          parameter /include_partial: false → true
          count /by_category/partially_accepted: nothing → 1
          count /by_reason/category_disallowed: 1 → nothing
          count /by_source/lab: 2 → 3
          count /exported: 2 → 3
          count /quarantined: 4 → 3

          """, "\(result.stdout)\(result.stderr)")
    }
    let same = try space.run("diff", "score", "score")
    #expect(same.exitCode == 0 && same.stdout.hasPrefix("They do not differ"))
    for (before, after, code) in [
      ("score", "export-sft", 64), ("score~1", "score", 65), ("ffff", "score", 65), ("nothing", "score", 64),
    ] as [(String, String, Int32)] {
      #expect(try space.run("diff", before, after).exitCode == code)
    }
    try space.remove("receipts/history/\(first).json")
    let rest = try space.run("log", "export-sft")
    #expect(rest.exitCode == 0 && rest.stderr.contains(first))
  }
}
