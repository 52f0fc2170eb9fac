import JSONTape
import Testing

@testable import Stages

/// Reading a row in one pass says what parsing it and checking the schema says.
@Suite struct RowReaderTests {
  private static let evidence = evidenceRow(
    "run \"1\"", line: 3,
    [
      "text": "first\nsecond \u{85} é 😀",
      "messages": [["role": "user", "content": "hé", "tool_calls": nil, "tool_call_id": nil, "name": nil]],
      "source_files": ["a.swift", "b \"c\".swift"], "score": .double(0.25),
      "validation_results": ["a": [1, true, nil, ["b": "c"]]],
      "judged_by": ["kind": "human", "name": "ann"],
      "about": ["source": "lab", "kind": "run", "run_id": "r", "task_id": nil, "text_sha256": nil],
    ])

  private func padded(_ line: [UInt8]) -> ByteBuffer {
    let buffer = ByteBuffer()
    line.withUnsafeBytes { buffer.append($0) }
    return buffer
  }

  /// Reads the line and compares with the parser and the schema.
  private func agrees(_ line: [UInt8], _ reader: RowReader, _ parser: JSONParser) -> Bool {
    let buffer = padded(line)
    defer { withExtendedLifetime(buffer) {} }
    let value = try? parser.parse(buffer.bytes)
    let violations = value.map { reader.schema.violations(of: $0) }
    switch reader.read(buffer.bytes) {
    case .notJSON: return value == nil
    case .violations(let found, _): return violations == found && !found.isEmpty
    case nil:
      guard let value, violations == [] else { return false }
      let buffer = ByteBuffer()
      defer { withExtendedLifetime(buffer) {} }
      return zip(reader.schema.fields, value.members).allSatisfy { field, expected in
        let member = reader.schema.member(field.name)
        buffer.removeAll()
        return reader.text(member).map { $0.text(buffer) } == expected.value.string
          && reader.isNull(member) == expected.value.isNull
          && Array(reader.elements(member)).count == Array(expected.value.elements).count
      }
    }
  }

  @Test func `the members of a row`() throws {
    let reader = RowReader(.evidence)
    let line = padded(Self.evidence.encoded())
    #expect(reader.read(line.bytes) == nil)
    let text = ByteBuffer()
    #expect(reader.text(RecordSchema.evidence.member("run_id"))?.text(text).string() == "run \"1\"")
    #expect(reader.text(RecordSchema.evidence.member("kind")) == "run")
    #expect(reader.text(RecordSchema.evidence.member("score")) == nil)
    #expect(reader.double(RecordSchema.evidence.member("score")) == 0.25)
    #expect(reader.integer(RecordSchema.evidence.member("provenance.line_offset")) == 3)
    #expect(reader.text(RecordSchema.evidence.member("about.run_id")) == "r")
    #expect(reader.isNull(RecordSchema.evidence.member("about.task_id")))
    #expect(
      reader.elements(RecordSchema.evidence.member("source_files")).map { $0.string() } == [
        #""a.swift""#, #""b \"c\".swift""#,
      ])
    withExtendedLifetime((line, text)) {}
  }

  @Test func `what the row before had is not there`() throws {
    let reader = RowReader(.evidence)
    let first = padded(Self.evidence.encoded())
    let second = padded(evidenceRow("other").encoded())
    #expect(reader.read(first.bytes) == nil)
    #expect(reader.read(second.bytes) == nil)
    #expect(reader.token(RecordSchema.evidence.member("about.run_id")) == nil)
    #expect(reader.isNull(RecordSchema.evidence.member("about")))
    withExtendedLifetime((first, second)) {}
  }

  @Test func `a row with any byte changed, or cut anywhere, is what the parser and the schema say`() {
    let parser = JSONParser()
    for (schema, row) in [
      (RecordSchema.evidence, Self.evidence), (.scoredRun, scoredRow(Self.evidence)),
      (.scoredRun, scoredRow(evidenceRow("x"), "rejected", ["judged_by": ["kind": "test", "name": nil]])),
    ] {
      let reader = RowReader(schema)
      let line = row.encoded()
      #expect(agrees(line, reader, parser))
      for place in line.indices {
        for byte in Array(" \"\\{}[],:0-tn\u{0}\u{1f}a".utf8) + [0x80, 0xc3, 0xed, 0xff] {
          var changed = line
          changed[place] = byte
          #expect(agrees(changed, reader, parser), "\(byte) at \(place)")
        }
        #expect(agrees(Array(line[..<place]), reader, parser), "cut at \(place)")
      }
    }
  }

  @Test func `a row that is written in another way is a row`() {
    let (reader, parser) = (RowReader(.evidence), JSONParser())
    let text = Self.evidence.canonicalString
    #expect(!text.isEmpty)
    let line = String(decoding: Self.evidence.encoded(), as: UTF8.self)
    for (plain, odd) in [
      ("[\"a.swift\",", "[ \"a.swift\" ,"), ("\"kind\":\"run\"", "\"k\\u0069nd\":\"r\\u0075n\""), ("0.25", "2.5e-001"),
      ("{\"a\":[1", "{\"a\" : [\t1"),
    ] {
      let changed = line.split(separator: plain, maxSplits: 1).joined(separator: odd)
      #expect(changed != line && changed.contains(odd))
      #expect(agrees(Array(changed.utf8), reader, parser), "\(odd)")
    }
  }
}
