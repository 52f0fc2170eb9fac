import Foundation
import JSONTape
import Receipts
import Testing

@Suite("A line of 100 MB", .enabled(if: Machine.hasPython, "python3 measures the memory"))
struct LargeRecordTests {
  private static let length = 100_000_000

  private func space(maxRecordBytes: Int?, length: Int = length) throws -> TestSpace {
    let space = try Lab.space()
    let limit = maxRecordBytes.map { "    max_record_bytes: \($0)\n" } ?? ""
    try space.write(
      "distill.yaml",
      Lab.configuration.replacingOccurrences(of: "    files: logs/*.jsonl\n", with: "    files: logs/*.jsonl\n" + limit)
    )
    let text = String(repeating: "All of it. ", count: length / 11)
    try space.write(
      "logs/2026-03-03.jsonl",
      Lab.line("before", task: "t3", at: "2026-03-03T01:00:00Z")
        + Lab.line("long", task: "t3", at: "2026-03-03T02:00:00Z", says: "%")
        .replacingOccurrences(of: "%", with: text)
        + Lab.line("after", task: "t3", at: "2026-03-03T03:00:00Z"))
    return space
  }

  /// Builds everything on one core, and gives the largest memory that the process had, in bytes.
  private func peakMemory(_ space: TestSpace) throws -> Int {
    let script = """
      import resource, subprocess, sys
      code = subprocess.run(sys.argv[1:]).returncode
      print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
      sys.exit(code)
      """
    let result = try space.build("-q", "-j", "1", through: ["python3", "-c", script])
    return 1024 * (Int(result.stderr.split(separator: "\n").last ?? "") ?? .max)
  }

  /// 256 MB, two chunks of a core, and sixteen times the longest record.
  private static let bound = 256_000_000 + 2 * (16 << 20) + 16 * length

  @Test("is past the limit unless the source says otherwise: it is stopped unread, and its neighbours are not")
  func stopped() throws {
    let space = try space(maxRecordBytes: nil)
    #expect(try peakMemory(space) < Self.bound)
    let stopped = try space.rows("exports/quarantine/evidence.jsonl").filter {
      $0["errors"] == ["the record is longer than 67108864 bytes"]
    }
    #expect(stopped.count == 1 && stopped[0]["reason"] == "schema_violation")
    #expect(stopped[0]["source_record"]?.string?.utf8.count == 200)
    #expect(stopped[0]["source_provenance"]?["line_offset"]?.integer == 1)
    let day = try space.rows("data/evidence/2026/03/03/lab.jsonl")
    #expect(day.map { $0["run_id"]?.string } == ["before", "after"])
  }

  @Test("of 600 MB past a small limit is hashed as it passes: memory does not follow its length")
  func hashed() throws {
    let space = try space(maxRecordBytes: 5000, length: 600_000_000)
    #expect(try peakMemory(space) < 256_000_000 + 2 * (16 << 20))
    let day = try space.rows("data/evidence/2026/03/03/lab.jsonl")
    #expect(day.map { $0["run_id"]?.string } == ["before", "after"])
    let log = try Data(contentsOf: URL(fileURLWithPath: space.path("logs/2026-03-03.jsonl")), options: .alwaysMapped)
    let first = log.firstIndex(of: 0x0A)! + 1
    let end = log[first...].firstIndex(of: 0x0A)!
    let stopped = try space.rows("exports/quarantine/evidence.jsonl").filter {
      $0["errors"] == ["the record is longer than 5000 bytes"]
    }
    #expect(stopped.count == 1)
    #expect(stopped[0]["source_provenance"]?["sig_hash"]?.string == Digest.of(Array(log[first..<end])).hex)
    #expect(stopped[0]["source_provenance"]?["byte_length"] == .integer(Int64(end - first)))
  }

  @Test("is taken where max_record_bytes lets it, within the bound on memory")
  func taken() throws {
    let space = try space(maxRecordBytes: 200_000_000)
    #expect(try peakMemory(space) < Self.bound)
    let counts = try space.counts("build-evidence")
    #expect(counts["read"]?.integer == 10 && counts["written"]?.integer == 9)
    let rag = try space.bytes("exports/rag/playbooks.jsonl").split(separator: UInt8(ascii: "\n"))
    #expect(rag.contains { $0.count > 99_000_000 })
  }
}
