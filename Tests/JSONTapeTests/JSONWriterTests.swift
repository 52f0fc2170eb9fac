import Testing

@testable import JSONTape

@Suite struct JSONWriterTests {
  private func written(_ body: (inout JSONWriter) throws -> Void) rethrows -> String {
    var writer = JSONWriter(ByteBuffer(capacity: 0))
    try body(&writer)
    return writer.output.bytes.string()
  }

  @Test func commasAreSetWhereTheyAreDue() {
    let text = written {
      $0.beginObject()
      $0.key("empty")
      $0.beginArray()
      $0.endArray()
      $0.key("list")
      $0.beginArray()
      $0.integer(.min)
      $0.beginObject()
      $0.endObject()
      $0.double(1)
      $0.null()
      $0.bool(true)
      $0.bool(false)
      $0.string("plain")
      $0.endArray()
      $0.key("é\"" as String)
      $0.string("line\nend" as String)
      $0.endObject()
      $0.newline()
      $0.beginObject()
      $0.endObject()
      $0.newline()
    }
    #expect(
      text == #"{"empty":[],"list":[-9223372036854775808,{},1.0,null,true,false,"plain"],"é\"":"line\nend"}"#
        + "\n{}\n")
  }

  @Test func aStringInPieces() {
    let text = written {
      $0.beginArray()
      $0.beginString()
      $0.stringPiece("a\"")
      $0.stringPiece(ByteSlice.empty)
      $0.stringPiece("\u{1}")
      $0.endString()
      $0.integer(0)
      $0.endArray()
    }
    #expect(text == #"["a\"\u0001",0]"#)
  }

  @Test func valuesAreCopiedWithTheirOrderAndTokens() throws {
    let text =
      #" { "z" : [1.50, 1E400, -0, 123456789012345678901234567890, "\u00e9\/\u000A"], "a\u0022":{ }, "z":[ ]} "#
    try withValue(text) { value in
      let copied = written {
        $0.beginArray()
        $0.value(value)
        $0.value(value.member("z")!)
        $0.endArray()
      }
      let list = #"[1.50,1E400,-0,123456789012345678901234567890,"é/\n"]"#
      #expect(copied == #"[{"z":\#(list),"a\"":{},"z":[]},\#(list)]"#)
    }
  }

  @Test func aLoneSurrogateBecomesTheReplacementCharacter() throws {
    try withValue(#"{"\ud800":"a\udfffb"}"#) { value in
      #expect(written { $0.value(value) } == "{\"\u{fffd}\":\"a\u{fffd}b\"}")
      #expect(written { $0.string(value.members.map(\.value)[0].string!) } == "\"a\u{fffd}b\"")
    }
  }

  @Test func copiesOfGeneratedValuesParseToTheSame() throws {
    var generator = TextGenerator(seed: 30)
    generator.isWild = false
    for _ in 0..<500 {
      let text = generator.text()
      let copy = try withValue(text) { value in written { $0.value(value) } }
      #expect((try? canonical(Array(copy.utf8))) == (try? canonical(text)))
    }
  }
}
