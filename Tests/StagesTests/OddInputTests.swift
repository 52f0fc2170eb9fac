import JSONTape
import Receipts
import StagesTesting
import Testing

@testable import Stages

/// The table "Odd input" of docs/CONFIGURATION.md, row by row: between two good records, which come out as if they were
/// alone.
@Suite struct OddInputTests {
  private static let source = simpleSource([.text: at("/t"), .score: at("/s")])
  private static let before = #"{"id":"before","t":"A","s":0.5}"#
  private static let after = #"{"id":"after","t":"B","s":1}"#

  /// Maps the record between its neighbours, as a line and as an element, and checks these and the books.
  private func map(_ record: [UInt8], _ check: (MappedEvidence, JSON?) throws -> Void) throws {
    let array = simpleSource([.text: at("/t"), .score: at("/s")], records: "/*")
    let lines = Array((Self.before + "\n").utf8) + record + Array(("\n" + Self.after + "\n").utf8)
    let elements = Array(("[" + Self.before + ",").utf8) + record + Array(("," + Self.after + "]").utf8)
    let segment = EvidenceSegment(input: "0", path: "logs/a.json", format: .json, unit: .element)
    for (mapped, isLine) in [
      (try mapLines(Self.source, lines), true), (try mapEvidence(array, [(segment, elements)]), false),
    ] {
      #expect(mapped.balances)
      var rows = try mapped.evidence
      // A document that is not JSON has no elements at all.
      guard isLine || rows.count > 1 else {
        #expect(rows.isEmpty && mapped.count("quarantined") == 1)
        try check(mapped, nil)
        continue
      }
      #expect(rows.removeFirst()["run_id"] == "before" && rows.removeLast()["run_id"] == "after")
      try check(mapped, rows.first)
    }
  }

  private func map(_ record: String, _ check: (MappedEvidence, JSON?) throws -> Void) throws {
    try map(Array(record.utf8), check)
  }

  /// It is one `schema_violation` in either format.
  private func expectViolation(
    _ record: [UInt8], _ error: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try map(record) { mapped, row in
      #expect(row == nil && mapped.count("quarantined") == 1, sourceLocation: sourceLocation)
      #expect(mapped.counts["by_reason"] == ["schema_violation": 1], sourceLocation: sourceLocation)
      let shown = try mapped.quarantine[0]["errors"]?.array?[0].string ?? ""
      #expect(shown.contains(error), sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: [
    "NaN", "Infinity", "-Infinity", "nan", "01", "+1", ".5", "1.", "0x1", "'a'", "1/*c*/", "1//c", "True", "undefined",
  ])
  func `what is not JSON, as NaN, is a violation`(value: String) throws {
    try expectViolation(Array(#"{"id":"x","t":"T","s":\#(value)}"#.utf8), "not JSON: ")
  }

  @Test func `a raw NUL is a violation, an escaped one is kept`() throws {
    try expectViolation(Array(#"{"id":"x","t":"a"#.utf8) + [0] + Array(#"b"}"#.utf8), "not JSON: ")
    try expectViolation([0], "not JSON: ")
    try map(#"{"id":"x","t":"a\u0000b"}"#) { mapped, row in
      #expect(row?["text"] == "a\u{0}b" && mapped.count("quarantined") == 0)
    }
  }

  @Test(
    arguments: [
      [0xFF], [0x80], [0xC0, 0xAF], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF0, 0x9F, 0x98],
    ] as [[UInt8]])
  func `invalid UTF-8 is a violation`(bytes: [UInt8]) throws {
    try expectViolation(Array(#"{"id":"x","t":"a"#.utf8) + bytes + Array(#"b"}"#.utf8), "UTF-8")
  }

  @Test func `a lone surrogate is U+FFFD in the row and itself in the hash`() throws {
    let record = #"{"id":"x","t":"a\uD800b \uDFFF"}"#
    try map(record) { _, row in
      #expect(row?["text"] == "a\u{FFFD}b \u{FFFD}")
      let canonical = #"{"id":"x","t":"a\ud800b \udfff"}"#
      #expect(row?["provenance"]?["sig_hash"] == .string(Digest.of(canonical).hex))
    }
  }

  @Test(arguments: [
    "9223372036854775808", "-9223372036854775809", "18446744073709551616", String(repeating: "9", count: 40),
  ])
  func `an integer past 64 bits is its token as a text, the nearest double as a number`(token: String) throws {
    try map(#"{"id":\#(token),"t":\#(token),"s":\#(token)}"#) { mapped, _ in
      let text = mapped.outputs["evidence/undated"] ?? ""
      #expect(text.contains(#""run_id":"\#(token)""#) && text.contains(#""text":"\#(token)""#))
      let parser = JSONParser()
      let buffer = ByteBuffer()
      buffer.append(text)
      let lines = Array(Lines(buffer.bytes))
      #expect(lines.count == 3)
      let score = try parser.parse(lines[1]).member("score")?.double
      #expect(score == Double(token))
    }
  }

  @Test func `a number past the range of doubles is a violation only where it is read as one`() throws {
    try expectViolation(Array(#"{"id":"x","t":"T","s":1e400}"#.utf8), "score: ")
    try map(#"{"id":"x","t":1e400,"other":1e400}"#) { _, row in
      #expect(row?["text"] == "1e400")
    }
  }

  @Test(arguments: [
    #"{"id":"x","id":"y"}"#, #"{"id":"x","t":"T","t":"T"}"#, #"{"id":"x","a":{"b":[{"c":1,"\u0063":2}]}}"#,
  ])
  func `a key twice is a violation`(record: String) throws {
    try expectViolation(Array(record.utf8), "duplicate key ")
  }

  @Test(arguments: [1024, 1025, 5000, 200_000]) func `more than 1024 levels are a violation`(depth: Int) throws {
    let nested = String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1)
    let record = #"{"id":"x","t":"T","n":\#(nested)}"#
    if depth > 1024 { return try expectViolation(Array(record.utf8), "nesting") }
    // As a line it has 1024 levels, as an element one more.
    let mapped = try mapLines(Self.source, record + "\n")
    #expect(try mapped.evidence[0]["run_id"] == "x")
  }

  @Test func `a record past the limit is stopped unread, and its neighbours are not`() throws {
    let long = #"{"id":"x","t":"\#(String(repeating: "y", count: 3 << 20))"}"#
    let limited = simpleSource([.text: at("/t"), .score: at("/s")], maxRecordBytes: 1 << 20)
    let mapped = try mapLines(limited, "\(Self.before)\n\(long)\n\(Self.after)\n")
    #expect(try mapped.balances && mapped.evidence.map { $0["run_id"] } == ["before", "after"])
    #expect(try mapped.quarantine[0]["errors"] == ["the record is longer than 1048576 bytes"])
  }

  @Test func `CRLF is no part of a line, a mark at the start is skipped, and offsets count both`() throws {
    let plain = try mapLines(Self.source, "\(Self.before)\n\(Self.after)\n").evidence
    for mark in ["", "\u{FEFF}"] {
      for end in ["\n", "\r\n"] {
        let rows = try mapLines(Self.source, "\(mark)\(Self.before)\(end)\(Self.after)\(end)").evidence
        #expect(rows.map { $0["text"] } == plain.map { $0["text"] })
        #expect(rows.map { $0["provenance"]?["sig_hash"] } == plain.map { $0["provenance"]?["sig_hash"] })
        let offset = mark.utf8.count
        #expect(
          rows.map { $0["provenance"]?["byte_offset"]?.integer } == [
            Int64(offset), Int64(offset + Self.before.utf8.count + end.utf8.count),
          ])
        let lengths = [Self.before, Self.after].map { Int64($0.utf8.count) }
        #expect(rows.map { $0["provenance"]?["byte_length"]?.integer } == lengths)
      }
      let array = simpleSource([.text: at("/t"), .score: at("/s")], records: "/*")
      let rows = try mapDocument(array, "\(mark)[\r\n\(Self.before)\r\n,\r\n\(Self.after)]\r\n").evidence
      #expect(rows.map { $0["text"] } == plain.map { $0["text"] })
    }
    // Anywhere else it is no white space.
    let inside = try mapLines(Self.source, "\(Self.before)\n\u{FEFF}\(Self.after)\n")
    #expect(inside.balances && inside.count("written") == 1 && inside.count("quarantined") == 1)
  }

  @Test func `a last line without its end is taken if it parses, else it is pending`() throws {
    let whole = "\(Self.before)\n\(Self.after)"
    #expect(try mapLines(Self.source, whole).count("written") == 2)
    for length in 1..<Self.after.utf8.count {
      let mapped = try mapLines(Self.source, Array(whole.utf8.dropLast(length)))
      #expect(mapped.balances && mapped.count("written") == 1 && mapped.count("quarantined") == 0)
      #expect(mapped.counts["pending_at"] == [["path": "logs/a.jsonl", "line": 1]])
    }
  }

  @Test(arguments: ["", "\n", " \r\n\t\n", "\u{FEFF}", "\u{FEFF}\n"]) func `a blank file has no record`(text: String)
    throws
  {
    for mapped in [try mapLines(Self.source, text), try mapDocument(Self.source, text)] {
      #expect(mapped.balances && mapped.count("read") == 0 && mapped.count("quarantined") == 0)
    }
  }

  @Test(arguments: [Compression.gz, .zst])
  func `a compressed file cut anywhere keeps what came before`(compression: Compression) throws {
    var random = SeededGenerator(seed: 9)
    // Random letters, so that the packed bytes of a record are many.
    let records = (0..<400).map { number in
      let text = String((0..<60).map { _ in "abcdefghijklmnopqrstuvwxyz".randomElement(using: &random)! })
      return #"{"id":"\#(number)","t":"\#(text)"}"#
    }
    let packed = try compression.pack(Array((records.joined(separator: "\n") + "\n").utf8))
    var most = 0
    for length in stride(from: 0, to: packed.count, by: packed.count / 40) {
      let mapped = try mapLines(Self.source, Array(packed[..<length]), compression: compression)
      let rows = try mapped.evidence
      #expect(mapped.balances && mapped.count("quarantined") == 1 && mapped.count("pending") == 0)
      #expect(rows.indices.allSatisfy { rows[$0]["run_id"] == .string(String($0)) })
      #expect(try mapped.quarantine[0]["errors"] == ["the compressed file ends early"])
      #expect(mapped.counts["warnings"] == ["logs/a.jsonl: the compressed file ends early"])
      most = max(most, rows.count)
    }
    #expect(compression == .zst || most > 300)
  }
}
