import CZlib
import CZstd
import JSONTape
import Receipts
import Testing

@testable import Stages

@Suite struct EvidenceLineTests {
  private func places(_ rows: [JSON], _ member: String = "provenance") -> [[Int64?]] {
    rows.map { row in ["line_offset", "byte_offset", "byte_length"].map { row[member]?[$0]?.integer } }
  }

  @Test func `lines have numbers and byte spans, blank ones count as lines only`() throws {
    let mapped = try mapLines(simpleSource(), "\u{FEFF}{\"id\":1}\r\n \t\r\n\n {\"id\":2} \n{\"id\":3}")
    #expect(mapped.balances && mapped.count("read") == 3 && mapped.count("mapped") == 3)
    #expect(places(try mapped.evidence) == [[0, 3, 8], [3, 18, 10], [4, 29, 8]])
  }

  @Test func `a segment counts from its base`() throws {
    let segment = EvidenceSegment(
      input: "0", path: "logs/a.jsonl", format: .jsonl, unit: .line, offset: 100, line: 7)
    let mapped = try mapEvidence(simpleSource(), [(segment, Array("\n{\"id\":1}\n".utf8))])
    #expect(places(try mapped.evidence) == [[8, 101, 8]])
  }

  @Test func `a last line without its end is taken if it parses and the file ends there`() throws {
    let text = "{\"id\":1}\n{\"id\":2}"
    #expect(try mapLines(simpleSource(), text).count("written") == 2)
    let early = try mapLines(simpleSource(), text, final: false)
    #expect(early.count("written") == 1 && early.count("pending") == 1 && early.balances)
    let cut = try mapLines(simpleSource(), "{\"id\":1}\n{\"id\":")
    #expect(cut.count("written") == 1 && cut.count("pending") == 1 && cut.balances)
    #expect(cut.counts["pending_at"] == [["path": "logs/a.jsonl", "line": 1]])
    #expect(try cut.quarantine.isEmpty)
  }

  @Test func `bad lines are quarantined with what is wrong and where`() throws {
    var bytes = Array("{\"id\":1}\nnope\n{\"id\":1,\"\\u0069d\":2}\n".utf8)
    bytes += Array("{\"id\":\"".utf8) + [0xFF] + Array("\"}\n".utf8)
    bytes += Array((String(repeating: "[", count: 1025) + String(repeating: "]", count: 1025) + "\n").utf8)
    let mapped = try mapLines(simpleSource(), bytes)
    #expect(mapped.balances && mapped.count("quarantined") == 4 && mapped.count("written") == 1)
    let rows = try mapped.quarantine
    let errors = rows.map { $0["errors"]?.array?[0].string ?? "" }
    #expect(errors[0].hasPrefix("not JSON: ") && errors[0].hasSuffix(" of the record"))
    #expect(errors[1] == #"duplicate key "id" at byte 8 of the record"#)
    #expect(errors[2].contains("UTF-8") && errors[2].hasSuffix("at byte 7 of the record"))
    #expect(errors[3].contains("nesting"))
    #expect(rows.allSatisfy { $0["stage"] == "build-evidence" && $0["reason"] == "schema_violation" })
    #expect(rows[0]["source_record"] == "nope")
    #expect(rows[0]["source_provenance"]?["sig_hash"] == .string(Digest.of("nope").hex))
    #expect(rows[2]["source_record"] == "{\"id\":\"\u{FFFD}\"}")
    #expect(mapped.counts["by_reason"] == ["schema_violation": 4])
    #expect(mapped.counts["files"]?.array?[0]["first_error"]?.string == "record 1: " + errors[0])
  }

  @Test func `a quarantine row shows at most 200 bytes, cut between characters`() throws {
    let line = "x" + String(repeating: "é", count: 300)
    let shown = try mapLines(simpleSource(), line + "\n").quarantine[0]["source_record"]?.string
    #expect(shown == "x" + String(repeating: "é", count: 99))
  }

  @Test func `a line past the limit is quarantined by its raw hash`() throws {
    let long = "{\"id\":\"" + String(repeating: "y", count: 100) + "\"}"
    let mapped = try mapLines(simpleSource(maxRecordBytes: 64), "{\"id\":1}\n\(long)\r\n{\"id\":2}\n")
    #expect(mapped.balances && mapped.count("written") == 2)
    let row = try mapped.quarantine[0]
    #expect(row["errors"] == ["the record is longer than 64 bytes"])
    #expect(row["source_provenance"]?["sig_hash"] == .string(Digest.of(long).hex))
    #expect(row["source_provenance"]?["byte_length"] == .integer(Int64(long.utf8.count)))
  }

  @Test func `one bad part quarantines the whole record`() throws {
    let good = Part(kind: .run, map: fieldMap([.runID: at("/id")]))
    let bad = Part(kind: .extraction, map: fieldMap([.runID: at("/id"), .text: at("/t")]))
    let both = source(parts: [good, bad])
    let mapped = try mapLines(both, "{\"id\":1,\"t\":\"x\"}\n{\"id\":2,\"t\":[]}\n")
    #expect(mapped.balances && mapped.count("objects") == 2 && mapped.count("quarantined") == 1)
    #expect(mapped.counts["by_kind"] == ["run": 1, "extraction": 1])
    #expect(mapped.counts["fields"] == ["run_id": 2, "text": 1])
  }

  // MARK: Compression

  private static let lines = (0..<25_000).map {
    "{\"id\":\($0),\"pad\":\"\(String(repeating: "p", count: $0 % 97))\"}\n"
  }
  .joined()

  @Test(arguments: [Compression.gz, .zst])
  func `compressed lines are mapped as plain ones are`(_ compression: Compression) throws {
    let plain = try mapLines(simpleSource(), Self.lines)
    let bytes = Array(Self.lines.utf8)
    // Two members, or frames, with the cut within a line.
    let packed = try compression.pack(Array(bytes[..<1_000_003])) + compression.pack(Array(bytes[1_000_003...]))
    let mapped = try mapLines(simpleSource(), packed, compression: compression)
    #expect(mapped.outputs == plain.outputs)
    #expect(mapped.identities == plain.identities)
    #expect(mapped.counts == plain.counts)
  }

  @Test(arguments: [Compression.gz, .zst])
  func `a truncated file keeps what came before`(_ compression: Compression) throws {
    let packed = try compression.pack(Array(Self.lines.utf8))
    for length in [0, 1, 5, packed.count / 2, packed.count - 1] {
      let mapped = try mapLines(simpleSource(), Array(packed[..<length]), compression: compression)
      #expect(mapped.balances)
      #expect(mapped.count("quarantined") == 1 && mapped.count("pending") == 0)
      #expect(try mapped.quarantine[0]["errors"] == ["the compressed file ends early"])
      #expect(mapped.counts["warnings"] == ["logs/a.jsonl: the compressed file ends early"])
    }
  }

  @Test func `a damaged file keeps what came before`() throws {
    var packed = try Compression.gz.pack(Array(Self.lines.utf8))
    packed[packed.count - 6] ^= 1
    let mapped = try mapLines(simpleSource(), packed, compression: .gz)
    #expect(mapped.balances && mapped.count("written") == 25_000 && mapped.count("quarantined") == 1)
    #expect(
      try mapped.quarantine[0]["errors"] == ["the compressed file is damaged: incorrect data check"])
    let garbage = try mapLines(
      simpleSource(), Compression.gz.pack(Array("{\"id\":1}\n".utf8)) + [1, 2, 3], compression: .gz)
    #expect(garbage.count("written") == 1 && garbage.count("quarantined") == 1)
    let padded = try mapLines(
      simpleSource(), Compression.gz.pack(Array("{\"id\":1}\n".utf8)) + [0, 0, 0], compression: .gz)
    #expect(padded.count("written") == 1 && padded.count("quarantined") == 0)
  }

  @Test(arguments: [0, 1, 2]) func `a long line passes through the window`(_ tail: Int) throws {
    let long = "{\"id\":\"" + String(repeating: "y", count: 5 << 20) + "\"}"
    let end = ["\n", "\r\n", ""][tail]
    let text = "{\"id\":1}\n\(long)\(end)" + (tail < 2 ? "{\"id\":2}\n" : "")
    let packed = try Compression.gz.pack(Array(text.utf8))
    for limit in [1 << 20, 6 << 20] {
      let plain = try mapLines(simpleSource(maxRecordBytes: limit), text)
      let mapped = try mapLines(simpleSource(maxRecordBytes: limit), packed, compression: .gz)
      #expect(mapped.outputs == plain.outputs)
      #expect(mapped.counts == plain.counts && mapped.balances)
    }
  }
}

extension Compression {
  /// One gzip member or zstd frame.
  func pack(_ bytes: [UInt8]) throws -> [UInt8] {
    switch self {
    case .none: return bytes
    case .zst:
      var packed = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
      let count = ZSTD_compress(&packed, packed.count, bytes, bytes.count, 3)
      try #require(ZSTD_isError(count) == 0)
      return Array(packed[..<count])
    case .gz:
      var stream = z_stream()
      let size = Int32(MemoryLayout<z_stream>.size)
      try #require(
        deflateInit2_(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK)
      var input = bytes
      var packed = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
      let room = packed.count
      let status = input.withUnsafeMutableBufferPointer { source in
        packed.withUnsafeMutableBufferPointer { target in
          stream.next_in = source.baseAddress
          stream.avail_in = UInt32(source.count)
          stream.next_out = target.baseAddress
          stream.avail_out = UInt32(room)
          return deflate(&stream, Z_FINISH)
        }
      }
      try #require(status == Z_STREAM_END)
      let count = room - Int(stream.avail_out)
      deflateEnd(&stream)
      return Array(packed[..<count])
    }
  }
}
