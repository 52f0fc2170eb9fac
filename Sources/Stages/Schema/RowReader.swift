import JSONTape
import Receipts

/// A member of a record, or of an object in it, that a ``RowReader`` can be asked for.
package struct RowMember: Sendable {
  /// Index in the members of its schema's program.
  fileprivate let index: Int
}

extension RecordSchema {
  /// - Parameter path: names with dots between them: `provenance.sig_hash`. Not through lists.
  package func member(_ path: String) -> RowMember {
    var node = program.nodes[program.root]
    var found: Int?
    for name in path.split(separator: ".") {
      found = node.range.first { program.words[program.members[$0].name] == String(name) }
      guard node.kind == .object, let found else { preconditionFailure("no \(path) in the schema \(self.name)") }
      node = program.nodes[program.members[found].node]
    }
    guard let found else { preconditionFailure("no name of a member") }
    return RowMember(index: found)
  }
}

/// Reads rows of one of our schemas: checks each against the schema and finds where its members stand, in one pass over its
/// bytes. Texts stay as they are written until somebody asks for them.
///
/// A row as this program writes it costs no parse. Any other goes through the parser, which says what is wrong with it, or that
/// it is such a row all the same.
package final class RowReader {
  /// Why a line is no row.
  package enum Refusal {
    case notJSON(JSONError)
    /// A sentence for each thing that is wrong; the value is valid until the next line is read.
    case violations([String], JSONValue)
  }

  private struct Span {
    var start = 0
    var end = 0
    /// Of the read that found it: what an earlier row had is not there.
    var turn: UInt64 = 0
  }

  let schema: RecordSchema
  private let program: SchemaProgram
  private let spans: UnsafeMutableBufferPointer<Span>
  private var turn: UInt64 = 0
  private let parser = JSONParser()
  private let scratch = ByteBuffer(capacity: 256)
  private let rewritten = ByteBuffer(capacity: 0)
  /// The line that was read last.
  private(set) var line = ByteSlice.empty
  /// The line, or where that is written in another way, the same without white space.
  private var row = ByteSlice.empty

  package init(_ schema: RecordSchema) {
    self.schema = schema
    program = schema.program
    spans = .allocate(capacity: program.members.count)
    spans.initialize(repeating: Span())
  }

  deinit { spans.deallocate() }

  /// - Parameter line: without its line end; `JSONParser.padding` readable bytes follow it. Its bytes must outlive what is asked
  ///   for.
  /// - Returns: nil: it is such a row, and its members can be asked for until the next call.
  package func read(_ line: ByteSlice) -> Refusal? {
    self.line = line
    row = line
    turn += 1
    if !line.isEmpty {
      var scanner = TokenScanner(line)
      if scanObject(program.nodes[program.root], &scanner), scanner.isAtEnd { return nil }
    }
    turn += 1
    return parse(line)
  }

  private func parse(_ line: ByteSlice) -> Refusal? {
    do throws(JSONError) {
      let value = try parser.parse(line)
      let violations = schema.violations(of: value)
      guard violations.isEmpty else { return .violations(violations, value) }
      rewritten.removeAll()
      var writer = JSONWriter(rewritten)
      writer.compact(value)
      row = rewritten.bytes
      note(try parser.parse(row), program.nodes[program.root])
      return nil
    } catch {
      return .notJSON(error)
    }
  }

  private func note(_ value: JSONValue, _ node: SchemaProgram.Node) {
    var index = node.range.lowerBound
    for (_, item) in value.members {
      let place = item.sourceRange
      spans[index] = Span(start: place.lowerBound, end: place.upperBound, turn: turn)
      let inner = program.nodes[program.members[index].node]
      if inner.kind == .object { note(item, inner) }
      index += 1
    }
  }
}

extension JSONWriter {
  /// The value without white space; scalars and keys mean what they meant.
  fileprivate mutating func compact(_ value: JSONValue) {
    switch value.kind {
    case .array:
      beginArray()
      for element in value.elements { compact(element) }
      endArray()
    case .object:
      beginObject()
      for (name, member) in value.members {
        key(name)
        compact(member)
      }
      endObject()
    case .null, .bool, .number, .string: raw(value.token)
    }
  }
}

// MARK: Members

extension RowReader {
  /// Is the line written as this program writes rows? Else the tokens are those of the same row without white space.
  package var isCompact: Bool { row == line }

  /// Where the member's value stands in the row; nil: the object that it is in is null.
  package func range(_ member: RowMember) -> Range<Int>? {
    let span = spans[member.index]
    return span.turn == turn ? span.start..<span.end : nil
  }

  /// The member's value as it is written; nil: the object that it is in is null.
  package func token(_ member: RowMember) -> ByteSlice? {
    let span = spans[member.index]
    return span.turn == turn ? row[span.start..<span.end] : nil
  }

  /// nil: it is no string.
  package func text(_ member: RowMember) -> EscapedText? {
    guard let token = token(member) else { return nil }
    return EscapedText(quoted: token)
  }

  package func isNull(_ member: RowMember) -> Bool {
    token(member).map { $0[0] == UInt8(ascii: "n") } ?? true
  }

  /// nil: it is no number, or none that 64 bits hold.
  package func integer(_ member: RowMember) -> Int64? { value(member)?.integer }

  /// nil: it is no number.
  package func double(_ member: RowMember) -> Double? { value(member)?.double }

  /// The member parsed; nil: the object that it is in is null. Valid until the next line is read or value asked for.
  package func value(_ member: RowMember) -> JSONValue? {
    token(member).flatMap { try? parser.parse($0) }
  }

  /// The elements of a list as they are written.
  package func elements(_ member: RowMember) -> RowElements { RowElements(token(member) ?? .empty) }
}

/// The elements of a list of a row as they are written; none where there is no list.
package struct RowElements: Sequence, IteratorProtocol {
  private var scanner: TokenScanner?

  fileprivate init(_ list: ByteSlice) {
    guard list.count > 2, list[0] == UInt8(ascii: "[") else { return }
    scanner = TokenScanner(list)
  }

  package mutating func next() -> ByteSlice? {
    guard scanner?.take(UInt8(ascii: "[")) ?? false || scanner?.take(UInt8(ascii: ",")) ?? false,
      let start = scanner?.position, scanner?.takeValue() ?? false
    else { return nil }
    return scanner?.slice(from: start)
  }
}

// MARK: One pass over a row

extension RowReader {
  /// false: not as this program writes it; the parser must say what it is.
  private func scanObject(_ node: SchemaProgram.Node, _ scanner: inout TokenScanner) -> Bool {
    guard scanner.take(UInt8(ascii: "{")) else { return false }
    var index = node.range.lowerBound
    while index < node.range.upperBound {
      let member = program.members[index]
      guard index == node.range.lowerBound || scanner.take(UInt8(ascii: ",")),
        scanner.take(UInt8(ascii: "\"")), scanner.take(program.words[member.name]), scanner.take(UInt8(ascii: "\"")),
        scanner.take(UInt8(ascii: ":"))
      else { return false }
      let start = scanner.position
      guard scan(program.nodes[member.node], &scanner) else { return false }
      spans[index] = Span(start: start, end: scanner.position, turn: turn)
      index += 1
    }
    return scanner.take(UInt8(ascii: "}"))
  }

  private func scan(_ node: SchemaProgram.Node, _ scanner: inout TokenScanner) -> Bool {
    if node.isNullable, scanner.takeNull() { return true }
    switch node.kind {
    case .text: return scanner.takeString() != nil
    case .filledText, .oneOf, .timestamp, .sha256, .identifier:
      guard let text = scanner.takeString() else { return false }
      return holds(text, node)
    case .object: return scanObject(node, &scanner)
    case .list: return scanList(program.element(of: node), &scanner)
    case .integer: return scanner.takeInteger().map { $0 >= node.least } ?? false
    case .number: return scanner.takeNumber()
    case .boolean: return scanner.takeBoolean()
    case .anyObject: return scanner.next == UInt8(ascii: "{") && scanner.takeValue()
    case .any: return scanner.takeValue()
    }
  }

  private func scanList(_ element: SchemaProgram.Node, _ scanner: inout TokenScanner) -> Bool {
    guard scanner.take(UInt8(ascii: "[")) else { return false }
    if scanner.take(UInt8(ascii: "]")) { return true }
    repeat {
      guard scan(element, &scanner) else { return false }
    } while scanner.take(UInt8(ascii: ","))
    return scanner.take(UInt8(ascii: "]"))
  }

  private func holds(_ text: EscapedText, _ node: SchemaProgram.Node) -> Bool {
    if node.kind == .filledText, let first = text.bytes.buffer.first, (0x21...0x7E).contains(first),
      first != UInt8(ascii: "\\")
    {
      return true
    }
    scratch.removeAll()
    return program.holds(text.text(scratch), node)
  }
}
