import JSONTape
import Receipts
import StagesTesting
import Testing

@testable import Stages

/// Compressed logs are read block by block, and large ones are cut by what they hold.
@Suite struct CompressedLogTests {
  private static let lines = (0..<300).map { number in
    let text = String(repeating: "word \(number) ", count: number % 40)
    return "{\"id\":\"\(number % 290)\",\"at\":\"2026-05-0\(1 + number % 3)\",\"text\":\"\(text)\"}"
  }

  private static func damaged(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    switch random.below(4) {
    case 0: bytes.removeLast(random.below(bytes.count))
    case 1: bytes[random.below(bytes.count)] ^= UInt8(1 << random.below(8))
    case 2: bytes += [0, 0, 0] + (random.chance(50) ? [7] : [])
    default: break
    }
    return bytes
  }

  /// What a decompressor gives, in blocks of so many bytes; 0: all at once.
  private func text(_ bytes: [UInt8], _ compression: Compression, block: Int) throws -> ([UInt8], CompressionDamage?) {
    try bytes.withUnsafeBytes { raw in
      var place = 0
      let input =
        block == 0
        ? CompressedInput(ByteSlice(raw))
        : CompressedInput { buffer in
          let end = min(place + block, raw.count)
          buffer.append(UnsafeRawBufferPointer(rebasing: raw[place..<end]))
          place = end
        }
      let decompressor = try #require(try compression.decompressor(input))
      let text = ByteBuffer()
      do {
        while true {
          let before = text.count
          try text.append(count: 1000) { try decompressor.read(into: $0) }
          if text.count == before { return (Array(text.bytes.buffer), nil) }
        }
      } catch {
        return (Array(text.bytes.buffer), error as? CompressionDamage)
      }
    }
  }

  @Test(arguments: [Compression.gz, .zst]) func `blocks give what the whole file gives, and the same damage`(
    _ compression: Compression
  ) throws {
    var random = SeededGenerator(seed: 11)
    let half = Array(Self.lines[..<20].joined(separator: "\n").utf8)
    let whole = try compression.pack(half) + compression.pack(half) + compression.pack([])
    for _ in 0..<150 {
      let bytes = Self.damaged(whole, &random)
      let expected = try text(bytes, compression, block: 0)
      for block in [1, 2, 7, 100, 1 + random.below(bytes.count)] {
        let found = try text(bytes, compression, block: block)
        #expect(found.0 == expected.0 && found.1 == expected.1)
      }
    }
  }

  private struct Built: Equatable {
    var files: [String: String]
    var counts: JSON
    var summary: JSON
  }

  private func built(_ name: String, _ bytes: [UInt8], chunkSize: Int) throws -> Built {
    var space = PipelineSpace(
      """
      version: 1
      sources:
        - name: lab
          files: logs/*
          format: jsonl
          map: {run_id: /id, timestamp: /at, text: /text}
      """, ["logs/plain.jsonl": #"{"id":"other","at":"2026-05-01","text":"x"}"# + "\n"])
    space.options.chunkSize = chunkSize
    space.fileSystem.write(bytes, to: space.layout.path("logs/" + name))
    let reports = try space.build([.buildEvidence])
    for report in reports { #expect(report.isGood, "\(report)") }
    let core = try #require(try space.receipt(.buildEvidence)).core
    var files: [String: String] = [:]
    for output in core.outputs.sorted(by: { $0.path < $1.path }) {
      // Records that damage took the time from are in partitions that are numbered by chunk.
      let path = output.path.string
      files[path.contains("/undated/") ? "undated" : path, default: ""] += space.text(path) ?? ""
    }
    return Built(files: files, counts: core.recordCounts, summary: core.summary)
  }

  @Test(arguments: [("a.jsonl.gz", Compression.gz), ("a.jsonl.zst", .zst)])
  func `a log cut by what it holds gives what it gives as a whole, damaged or not`(
    _ name: String, _ compression: Compression
  ) throws {
    var random = SeededGenerator(seed: 12)
    let texts = [
      Self.lines.joined(separator: "\n") + "\n", "\u{FEFF}" + Self.lines.joined(separator: "\r\n"),
      Self.lines.joined(separator: "\n") + "\n{\"id\":\"cut",
    ]
    for text in texts {
      let bytes = Array(text.utf8)
      let middle = bytes.count / 3
      let packed = try compression.pack(Array(bytes[..<middle])) + compression.pack(Array(bytes[middle...]))
      for round in 0..<12 {
        let log = round == 0 ? packed : Self.damaged(packed, &random)
        let whole = try built(name, log, chunkSize: 1 << 24)
        for size in [500, 4096, 1 << 15] { #expect(try built(name, log, chunkSize: size) == whole) }
      }
    }
  }

  @Test(arguments: [Compression.gz, .zst]) func `a document that unpacks to too much is refused by its name`(
    _ compression: Compression
  ) throws {
    let source = simpleSource(records: "/*", maxRecordBytes: 1000)
    let context = ActionContext(parameters: [:], inputs: [:], scratch: WorkerScratch())
    let documents = DocumentMapper(
      mapper: try RecordMapper(source: source, context: context), scratch: context.scratch, source: source,
      maximumUnpacked: 100_000)
    let segment = EvidenceSegment(
      input: "0", path: "logs/a.json.gz", format: .json, unit: .element, compression: compression)
    for count in [90_000, 200_000] {
      let text = Array(("[" + String(repeating: " ", count: count) + "]").utf8)
      let packed = ByteBuffer()
      try compression.pack(text).withUnsafeBytes { packed.append($0) }
      let result = Result {
        try documents.mapper.beginFile(segment); try documents.map(segment, bytes: packed.bytes)
      }
      guard count > 100_000 else {
        try result.get()
        continue
      }
      let error = #expect(throws: DistillError.self) { try result.get() }
      #expect(error?.code == .data && error?.place == "logs/a.json.gz")
      #expect(error?.message.hasPrefix("unpacks to more than 100000 bytes") == true)
    }
  }

  @Test func `pieces of a compressed log are made again when the store lost them`() throws {
    var space = PipelineSpace(
      """
      version: 1
      sources:
        - name: lab
          files: logs/*
          format: jsonl
          map: {run_id: /id, timestamp: /at, text: /text}
      """)
    space.options.chunkSize = 2000
    let text = Self.lines.joined(separator: "\n") + "\n"
    space.fileSystem.write(try Compression.gz.pack(Array(text.utf8)), to: space.layout.path("logs/a.jsonl.gz"))
    for report in try space.build([.buildEvidence]) { #expect(report.isGood) }
    for object in space.fileSystem.files(below: space.layout.path(".distill/objects")) {
      _ = try space.fileSystem.remove(object)
    }
    // The first run of the log comes in once more, in another log: its piece has to say so.
    space.write(Self.lines[5] + "\n", to: "logs/Z.jsonl")
    for report in try space.build([.buildEvidence]) { #expect(report.isGood) }
    let repeated = try space.rows("exports/quarantine/evidence.jsonl").filter {
      $0["errors"]?.array?.first?.string?.contains("logs/Z.jsonl") == true
    }
    #expect(repeated.first?["source_provenance"]?["source_file"] == "logs/a.jsonl.gz")
  }
}
