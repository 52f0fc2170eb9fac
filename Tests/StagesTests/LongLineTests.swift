import JSONTape
import Receipts
import StagesTesting
import Testing

@testable import Stages

/// Lines past `max_record_bytes` are hashed as they pass, and the rest of the log is what it is without them in memory.
@Suite struct LongLineTests {
  private static let limit = 1000

  private static func line(_ number: Int, _ length: Int) -> String {
    let start = "{\"id\":\"\(number)\",\"at\":\"2026-05-0\(1 + number % 3)\",\"text\":\""
    return start + String(repeating: "é", count: max(0, length - start.utf8.count - 2) / 2) + "\"}"
  }

  private static let lengths = [60, 5000, 90, 900, 20_000, 70, 1001, 1004, 80, 3000, 2500, 100, 100, 40_000]

  private static func texts() -> [String] {
    let lines = lengths.enumerated().map { line($0, $1) }
    let many = (0..<40).map { line(100 + $0, 50 + $0 * 7 % 300) }
    return [
      lines.joined(separator: "\n") + "\n",
      "\u{FEFF}" + lines.joined(separator: "\r\n") + "\r\n",
      (lines + many).joined(separator: "\n"),
      "\u{FEFF}" + line(1, 30_000),
      line(1, 30_000) + "\r\n",
      line(1, 30_000) + "\r",
      (many + [line(1, 30_000)] + many.map { $0.replacing("\"id\":\"1", with: "\"id\":\"2") }).joined(separator: "\n"),
      String(repeating: " ", count: 9000) + "\n" + line(2, 90) + "\n" + String(repeating: "\r", count: 8000) + "\n",
    ]
  }

  private struct Built: Equatable {
    var files: [String: String]
    var counts: JSON
    var summary: JSON
    var trouble: [String]
  }

  private func built(_ name: String, _ bytes: [UInt8], chunkSize: Int) throws -> Built {
    var space = PipelineSpace(
      """
      version: 1
      sources:
        - name: lab
          files: logs/*
          format: jsonl
          max_record_bytes: \(Self.limit)
          map: {run_id: /id, timestamp: /at, text: /text}
      """, ["logs/other.jsonl": Self.line(999, 60) + "\n"])
    space.options.chunkSize = chunkSize
    space.fileSystem.write(bytes, to: space.layout.path("logs/" + name))
    let trouble = try space.build([.buildEvidence]).compactMap(\.trouble)
    let core = try space.receipt(.buildEvidence)?.core
    return Built(
      files: Dictionary(
        uniqueKeysWithValues: (core?.outputs ?? []).map { ($0.path.string, space.text($0.path.string) ?? "") }),
      counts: core?.recordCounts ?? nil, summary: core?.summary ?? nil, trouble: trouble)
  }

  @Test(arguments: [("a.jsonl", Compression.none), ("a.jsonl.gz", .gz), ("a.jsonl.zst", .zst)])
  func `they give the same whatever the size of chunks, damaged or not`(
    _ name: String, _ compression: Compression
  ) throws {
    var random = SeededGenerator(seed: 5)
    for (number, text) in Self.texts().enumerated() {
      let packed = try compression.pack(Array(text.utf8))
      for round in 0..<(compression == .none ? 1 : 4) {
        let log = round == 0 ? packed : Array(packed.dropLast(1 + random.below(packed.count - 1)))
        let whole = try built(name, log, chunkSize: 1 << 24)
        if round == 0 {
          let long = text.split(whereSeparator: \.isNewline).count { $0.utf8.count > Self.limit + 3 }
          let said = whole.files["exports/quarantine/evidence.jsonl"] ?? whole.trouble.joined()
          #expect(said.contains("the record is longer than 1000 bytes"), "\(number) \(long)")
        }
        for size in [64, 500, 4096, 1 << 15] {
          let cut = try built(name, log, chunkSize: size)
          #expect(cut == whole, "text \(number), round \(round), chunks of \(size)")
        }
      }
    }
  }
}
