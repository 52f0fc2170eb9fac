import JSONTape

/// Writes a row member by member, in the order of its schema, and checks it when it is whole: what is about to be
/// published is looked at as it stands there, in one pass, while it is still in the cache.
///
/// A row with violations is JSON, too; whoever writes it takes it back.
struct RowWriter {
  private var writer: JSONWriter
  private let schema: RecordSchema
  private let program: SchemaProgram
  private let start: Int
  private var position = 0

  init(_ schema: RecordSchema, _ buffer: ByteBuffer) {
    self.schema = schema
    program = schema.program
    start = buffer.count
    writer = JSONWriter(buffer)
    writer.beginObject()
  }

  /// A value of one of our own rows, as it stands there; nil: null.
  mutating func copy(_ name: StaticString, _ token: ByteSlice?) {
    begin(name)
    if let token { writer.raw(token) } else { writer.null() }
  }

  /// The first elements of a list of one of our own rows, as it stands there without its closing bracket; nil: null.
  mutating func copy(_ name: StaticString, list: ByteSlice?) {
    copy(name, list)
    if list != nil { writer.output.append(UInt8(ascii: "]")) }
  }

  mutating func copy(_ name: StaticString, _ value: JSONValue?) { copy(name, value?.token) }

  mutating func text(_ name: StaticString, _ text: ByteSlice) {
    begin(name)
    writer.string(text)
  }

  /// As it is written where it comes from.
  mutating func text(_ name: StaticString, _ text: EscapedText) {
    begin(name)
    writer.string(text)
  }

  @_disfavoredOverload  // a literal is a StaticString
  mutating func text(_ name: StaticString, _ text: String) {
    begin(name)
    writer.string(text)
  }

  mutating func null(_ name: StaticString) {
    begin(name)
    writer.null()
  }

  mutating func integer(_ name: StaticString, _ value: Int64) {
    begin(name)
    writer.integer(value)
  }

  /// The prefix and 16 lower-case hex digits.
  mutating func identifier(_ name: StaticString, _ prefix: StaticString, _ id: UInt64) {
    begin(name)
    writer.sampleID(prefix, id)
  }

  /// A list; `body` adds its elements.
  mutating func list(_ name: StaticString, _ body: (inout Elements) -> Void) {
    begin(name)
    writer.beginArray()
    var elements = Elements(writer: writer)
    body(&elements)
    writer = elements.writer
    writer.endArray()
  }

  struct Elements {
    fileprivate var writer: JSONWriter

    mutating func text(_ prefix: StaticString, _ text: ByteSlice) {
      writer.beginString()
      writer.stringPiece(prefix)
      writer.stringPiece(text)
      writer.endString()
    }

    /// As it is written where it comes from.
    mutating func text(_ prefix: StaticString, _ text: EscapedText) {
      writer.beginString()
      writer.stringPiece(prefix)
      writer.output.append(text.bytes)
      writer.endString()
    }
  }

  /// Ends the row and its line. Returns what is wrong with it, a sentence each.
  mutating func end() -> [String] {
    writer.endObject()
    let row = writer.output.slice(start..<writer.output.count)
    let violations = program.takes(row) ? [] : Self.violations(of: row, schema)
    writer.newline()
    return violations
  }

  /// Also none: of a row that is sound, but not as this program writes it.
  private static func violations(of row: ByteSlice, _ schema: RecordSchema) -> [String] {
    let parser = JSONParser()
    return withExtendedLifetime(parser) {
      do throws(JSONError) {
        return schema.violations(of: try parser.parse(copying: row))
      } catch {
        return ["the record is not JSON: \(error.reason) at byte \(error.offset)"]
      }
    }
  }

  /// Writers name the members in the order of the schema: anything else is a fault of the program.
  private mutating func begin(_ name: StaticString) {
    precondition(
      position < program.memberCount && program.name(ofMember: position) == name,
      "a row is not written in the order of its schema")
    position += 1
    writer.key(name)
  }
}

extension JSONWriter {
  /// A value of one of our own rows, as it stands there; absent: null.
  mutating func copy(_ value: JSONValue?) {
    if let value { raw(value.token) } else { null() }
  }
}
