import JSONTape
import Receipts
import Testing

@testable import Stages

@Suite struct EvidenceDocumentTests {
  private func errors(_ mapped: MappedEvidence) throws -> [String] {
    try mapped.quarantine.map { $0["errors"]?.array?[0].string ?? "" }
  }

  @Test func `elements have numbers and the spans of their own text`() throws {
    let text = #"{"model":"k","results":{"a":[{"id":1}, {"id": 2}],"b":[{"id":3}]}}"#
    let source = simpleSource([.modelName: at("$root/model")], records: "/results/*/*")
    let mapped = try mapDocument(source, "\u{FEFF}" + text)
    #expect(mapped.balances && mapped.count("read") == 3)
    let bytes = Array(("\u{FEFF}" + text).utf8)
    for (index, row) in try mapped.evidence.enumerated() {
      let provenance = row["provenance"]!
      #expect(provenance["line_offset"] == .integer(Int64(index)))
      let offset = Int(provenance["byte_offset"]!.integer!)
      let span = bytes[offset..<offset + Int(provenance["byte_length"]!.integer!)]
      #expect(try JSON.parse(Array(span)) == ["id": .integer(Int64(index + 1))])
      #expect(row["model_name"] == "k")
    }
  }

  @Test func `the document can be the record`() throws {
    let mapped = try mapDocument(simpleSource(), " {\"id\":7}\n")
    #expect(try mapped.evidence[0]["provenance"]?["byte_offset"] == 1)
    #expect(try mapped.evidence[0]["provenance"]?["byte_length"] == 8)
  }

  @Test func `a document that is not JSON is one record, a blank one none`() throws {
    let mapped = try mapDocument(simpleSource(records: "/*"), "[{\"id\":1},")
    #expect(mapped.balances && mapped.count("read") == 1 && mapped.count("quarantined") == 1)
    #expect(try errors(mapped)[0].hasPrefix("not JSON: "))
    #expect(try mapped.quarantine[0]["source_provenance"]?["sig_hash"] == .string(Digest.of("[{\"id\":1},").hex))
    #expect(try mapDocument(simpleSource(), " \n").count("read") == 0)
  }

  @Test func `a pointer that leads nowhere is one record`() throws {
    let source = simpleSource(records: "/results/*")
    #expect(
      try errors(mapDocument(source, "{\"result\":[]}"))
        == [#"records: the pointer /results/* leads nowhere: there is no "results" at its step 1"#])
    #expect(
      try errors(mapDocument(source, "{\"results\":4}"))
        == ["records: the pointer /results/* leads nowhere: a number has no elements at its step 2"])
    #expect(try mapDocument(source, "{\"results\":[]}").count("read") == 0)
    #expect(
      try errors(mapDocument(source, "{\"results\":[],\"results\":[{\"id\":1}]}"))
        == [#"records: duplicate key "results""#])
  }

  @Test func `of two values under one key a pointer from the root takes neither`() throws {
    let source = simpleSource([.modelName: at("$root/about/model")], records: "/results/*")
    let message = #"duplicate key "model" on the way of $root/about/model"#
    let text = #"{"about":{"model":"a","model":"b"},"results":[{"id":1},{"id":2}]}"#
    let mapped = try mapDocument(source, text)
    #expect(mapped.balances && mapped.count("read") == 1)
    #expect(try errors(mapped) == [message])
    // What nobody reads may stand there twice.
    #expect(try mapDocument(source, #"{"x":1,"x":2,"about":{"model":"a"},"results":[{"id":1}]}"#).count("written") == 1)
  }

  @Test func `an element with a duplicate key or past the limit goes alone`() throws {
    let source = simpleSource(records: "/*", maxRecordBytes: 30)
    let long = String(repeating: "z", count: 40)
    let mapped = try mapDocument(source, #"[{"id":1},{"id":2,"id":3},{"id":"\#(long)"},{"id":4}]"#)
    #expect(mapped.balances && mapped.count("written") == 2)
    #expect(
      try errors(mapped) == [#"duplicate key "id" at byte 8 of the record"#, "the record is longer than 30 bytes"])
    #expect(try mapped.quarantine[0]["source_provenance"]?["sig_hash"] == .string(Digest.of(#"{"id":2,"id":3}"#).hex))
  }

  @Test(arguments: [Compression.gz, .zst])
  func `compressed documents`(_ compression: Compression) throws {
    let text = "[" + (0..<9_000).map { "{\"id\":\($0)}" }.joined(separator: ",") + "]"
    let packed = try compression.pack(Array(text.utf8))
    func map(_ bytes: [UInt8]) throws -> MappedEvidence {
      let segment = EvidenceSegment(
        input: "0", path: "logs/a.json", format: .json, unit: .element, compression: compression)
      return try mapEvidence(simpleSource(records: "/*"), [(segment, bytes)])
    }
    #expect(try map(packed).outputs == mapDocument(simpleSource(records: "/*"), text).outputs)
    let cut = try map(Array(packed[..<(packed.count / 2)]))
    #expect(cut.balances && cut.count("read") == 1)
    #expect(try errors(cut) == ["the compressed file ends early"])
    if compression == .gz {
      // Only the checksum is missing: the document is whole.
      let tail = try map(Array(packed.dropLast(4)))
      #expect(tail.balances && tail.count("written") == 9_000 && tail.count("quarantined") == 1)
    }
  }
}
