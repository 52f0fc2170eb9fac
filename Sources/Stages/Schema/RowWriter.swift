import JSONTape

/// Writes a row member by member, in the order of its schema, and checks each on the way: the row need not be parsed again to
/// know that it is what its schema says.
///
/// A row with violations is JSON, too; whoever writes it takes it back.
struct RowWriter {
  private var writer: JSONWriter
  private let program: SchemaProgram
  private var position = 0
  private var found: [SchemaViolation] = []
  private var placed = 0

  init(_ schema: RecordSchema, _ buffer: ByteBuffer) {
    program = schema.program
    writer = JSONWriter(buffer)
    writer.beginObject()
  }

  /// A value of one of our own rows, as it stands there; nil: null.
  mutating func copy(_ name: StaticString, _ value: JSONValue?) {
    guard let value else { return null(name) }
    let node = begin(name)
    program.check(value, node, &found)
    placeNew()
    writer.raw(value.token)
  }

  mutating func text(_ name: StaticString, _ text: ByteSlice) {
    let node = begin(name)
    program.check(text, node, &found)
    placeNew()
    writer.string(text)
  }

  @_disfavoredOverload  // a literal is a StaticString
  mutating func text(_ name: StaticString, _ text: String) {
    var text = text
    text.withUTF8 { self.text(name, ByteSlice($0)) }
  }

  mutating func null(_ name: StaticString) {
    let node = begin(name)
    if !node.isNullable { violate(node) }
    writer.null()
  }

  mutating func integer(_ name: StaticString, _ value: Int64) {
    let node = begin(name)
    if node.kind != .integer || value < node.least { violate(node) }
    writer.integer(value)
  }

  /// The prefix and 16 lower-case hex digits.
  mutating func identifier(_ name: StaticString, _ prefix: StaticString, _ id: UInt64) {
    let node = begin(name)
    let start = writer.output.count
    writer.sampleID(prefix, id)
    let quoted = writer.output.slice(start..<writer.output.count)
    // Without the quotes; behind a key there is no comma.
    program.check(quoted[1..<quoted.count - 1], node, &found)
    placeNew()
  }

  /// A list; `body` adds its elements.
  mutating func list(_ name: StaticString, _ body: (inout Elements) -> Void) {
    let node = begin(name)
    precondition(node.kind == .list, "a list is written where the schema has none")
    writer.beginArray()
    var elements = Elements(writer: writer, program: program, node: program.element(of: node))
    body(&elements)
    writer = elements.writer
    writer.endArray()
    found += elements.found
    placeNew()
  }

  struct Elements {
    fileprivate var writer: JSONWriter
    fileprivate let program: SchemaProgram
    fileprivate let node: SchemaProgram.Node
    fileprivate var found: [SchemaViolation] = []
    private var placed = 0
    private var index = 0

    fileprivate init(writer: JSONWriter, program: SchemaProgram, node: SchemaProgram.Node) {
      self.writer = writer
      self.program = program
      self.node = node
    }

    mutating func copy(_ value: JSONValue) {
      program.check(value, node, &found)
      placeNew()
      writer.raw(value.token)
    }

    /// A prefix that is not blank, and a text.
    mutating func text(_ prefix: StaticString, _ text: ByteSlice) {
      if node.kind != .text, node.kind != .filledText {
        found.append(SchemaViolation(.isNot(program.description(of: node))))
      }
      placeNew()
      writer.beginString()
      writer.stringPiece(prefix)
      writer.stringPiece(text)
      writer.endString()
    }

    /// Says of new violations which element they are in.
    private mutating func placeNew() {
      while placed < found.count {
        found[placed].prefix("[\(index)]")
        placed += 1
      }
      index += 1
    }
  }

  /// Ends the row and its line. Returns what is wrong with it, a sentence each.
  mutating func end() -> [String] {
    if position < program.memberCount {
      found.append(SchemaViolation(.missing(program.name(ofMember: position).string())))
    }
    writer.endObject()
    writer.newline()
    return found.map(\.sentence)
  }

  /// Writers name the members in the order of the schema: anything else is a fault of the program.
  private mutating func begin(_ name: StaticString) -> SchemaProgram.Node {
    precondition(
      position < program.memberCount && program.name(ofMember: position) == name,
      "a row is not written in the order of its schema")
    position += 1
    writer.key(name)
    return program.node(ofMember: position - 1)
  }

  /// Says of new violations which member they are in.
  private mutating func placeNew() {
    while placed < found.count {
      found[placed].prefix(program.name(ofMember: position - 1).string())
      placed += 1
    }
  }

  private mutating func violate(_ node: SchemaProgram.Node) {
    found.append(SchemaViolation(.isNot(program.description(of: node))))
    placeNew()
  }
}

extension JSONWriter {
  /// A value of one of our own rows, as it stands there; absent: null.
  mutating func copy(_ value: JSONValue?) {
    if let value { raw(value.token) } else { null() }
  }
}
