import JSONTape
import Receipts
import Testing

@testable import Stages

@Suite struct ExportSchemaTests {
  private func violations(_ type: FieldType, _ text: String) throws -> [String] {
    let schema = RecordSchema(name: "test", fields: [Field("x", type)])
    let buffer = ByteBuffer()
    buffer.append("{\"x\":\(text)}")
    let parser = JSONParser()
    return withExtendedLifetime(parser) { (try? parser.parse(buffer.bytes)).map(schema.violations) ?? ["no JSON"] }
  }

  private func expect(_ type: FieldType, takes good: [String], refuses bad: [String]) throws {
    for text in good { #expect(try violations(type, text) == [], "\(text)") }
    for text in bad {
      let found = try violations(type, text)
      #expect(found.count == 1 && found[0].hasPrefix("x is not "), "\(text): \(found)")
    }
    for text in good { #expect(try violations(.nullable(type), text) == []) }
    #expect(try violations(.nullable(type), "null") == [])
  }

  @Test func `each type takes what it says and nothing else`() throws {
    let others = ["null", "true", "1", "1.5", "[]", "{}"]
    try expect(.text, takes: ["\"\"", "\"a\""], refuses: others)
    try expect(
      .filledText, takes: ["\"a\"", "\" \\u00e9\""], refuses: others + ["\"\"", "\" \\n\\u2003\\u3000\\u0085\""])
    try expect(
      .integer(atLeast: 1), takes: ["1", "9223372036854775807"],
      refuses: ["0", "-1", "1.0", "1e3", "9223372036854775808", "\"1\"", "null", "true", "[]"])
    try expect(.number, takes: ["0", "-1", "1.5", "1e308", "-0.0"], refuses: ["null", "\"1\"", "true", "[]", "{}"])
    try expect(.boolean, takes: ["true", "false"], refuses: ["null", "0", "\"true\"", "[]"])
    try expect(.oneOf(["a", "b"]), takes: ["\"a\"", "\"b\""], refuses: others + ["\"c\"", "\"A\"", "\"a \"", "\"\""])
    let hex = String(repeating: "0a", count: 32)
    try expect(
      .sha256, takes: ["\"\(hex)\""],
      refuses: others + ["\"\(hex.uppercased())\"", "\"\(hex)0\"", "\"\(hex.dropLast())\"", "\"\(hex.dropLast())g\""])
    try expect(
      .identifier(prefix: "rag-"), takes: ["\"rag-0123456789abcdef\""],
      refuses: others + [
        "\"rag-0123456789abcde\"", "\"rag-0123456789abcdef0\"", "\"sft-0123456789abcdef\"", "\"rag-0123456789ABCDEF\"",
        "\"rag_0123456789abcdef\"", "\"\"",
      ])
    try expect(.anyObject, takes: ["{}", "{\"a\":1}"], refuses: ["null", "[]", "1", "\"\""])
    for text in others { #expect(try violations(.any, text) == []) }
  }

  @Test func `times are those that this program writes`() throws {
    try expect(
      .timestamp,
      takes: ["\"2026-04-26T08:00:00Z\"", "\"2026-04-26T08:00:00.123456789Z\"", "\"1969-12-31T23:59:59.5Z\""],
      refuses: [
        "null", "1777190400", "\"\"", "\"Z\"", "\"2026-04-26T08:00:00\"", "\"2026-04-26T08:00:00+00:00\"",
        "\"2026-04-26\"", "\"2026-02-30T08:00:00Z\"", "\"2026-04-26T25:00:00Z\"", "\"2026-04-26T08:00:00zZ\"",
      ])
  }

  @Test func `the same time said otherwise is none`() throws {
    for text in ["2026-04-26T08:00:00.10Z", "2026-04-26t08:00:00Z", "2026-04-26 08:00:00Z", " 2026-04-26T08:00:00Z"] {
      #expect(try violations(.timestamp, "\"\(text)\"").count == 1, "\(text)")
    }
  }

  @Test func `lists and objects are checked inside, with the place in the error`() throws {
    #expect(try violations(.list(.text), "[\"a\",1,\"b\",null]") == ["x[1] is not a string", "x[3] is not a string"])
    #expect(try violations(.list(.text), "{}") == ["x is not a list"])
    let type = FieldType.list(.object([Field("a", .text), Field("b", .nullable(.boolean))]))
    #expect(try violations(type, "[{\"a\":\"\",\"b\":null}]") == [])
    #expect(try violations(type, "[{\"a\":\"\",\"b\":2}]") == ["x[0].b is not a boolean"])
    #expect(try violations(type, "[1]") == ["x[0] is not an object"])
    let many = "[" + Array(repeating: "1", count: 1000).joined(separator: ",") + "]"
    #expect(try violations(.list(.text), many).count <= 21)
  }

  @Test func `keys stand in their order, each once, none missing, none more`() throws {
    let type = FieldType.object([Field("a", .any), Field("b", .any), Field("c", .any)])
    let bad: [(String, String)] = [
      ("{}", "\"x.a\" is missing"), ("{\"a\":1}", "\"x.b\" is missing"), ("{\"a\":1,\"b\":1}", "\"x.c\" is missing"),
      ("{\"b\":1,\"a\":1,\"c\":1}", "\"x.b\" stands where \"x.a\" is expected"),
      ("{\"a\":1,\"a\":1,\"b\":1,\"c\":1}", "\"x.a\" stands where \"x.b\" is expected"),
      ("{\"a\":1,\"b\":1,\"c\":1,\"d\":1}", "\"x.d\" stands where the end is expected"),
      ("{\"a\":1,\"b\":1,\"c\":1,\"c\":1}", "\"x.c\" stands where the end is expected"),
      ("{\"A\":1,\"b\":1,\"c\":1}", "\"x.A\" stands where \"x.a\" is expected"),
    ]
    #expect(try violations(type, "{\"a\":1,\"b\":null,\"c\":[]}") == [])
    for (text, error) in bad { #expect(try violations(type, text) == [error], "\(text)") }
  }

  @Test func `no schema of an export can say rejected`() {
    func words(_ type: FieldType) -> [String] {
      switch type {
      case .oneOf(let words): words
      case .nullable(let inner), .list(let inner): words(inner)
      default: []
      }
    }
    for schema in [RecordSchema.ragSample, .sftSample] {
      #expect(schema.fields.allSatisfy { !words($0.type).contains("rejected") })
    }
    let quality = RecordSchema.sftSample.fields.first { $0.name == "quality_score" }.map { words($0.type) }
    #expect(quality == ["accepted", "partially_accepted"])
  }
}
