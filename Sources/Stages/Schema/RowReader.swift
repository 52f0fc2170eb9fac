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

/// Reads rows of one of our schemas: checks each against the schema and finds where its members stand, in one pass over
/// its bytes. Texts stay as they are written until somebody asks for them.
///
/// A row as this program writes it costs no parse. Any other goes through the parser, which says what is wrong with it,
/// or that it is such a row all the same.
package final class RowReader {
  /// Why a line is no row.
  package enum Refusal {
    case notJSON(JSONError)
    /// A sentence for each thing that is wrong, and the value, valid until the next line is read. Members that the
    /// schema has can be asked for; their types may be others.
    case violations([String], JSONValue)
  }

  let schema: RecordSchema
  private let program: SchemaProgram
  private let spans: UnsafeMutableBufferPointer<MemberSpan>
  private var turn: UInt64 = 0
  private let parser = JSONParser()
  private let rewritten = ByteBuffer(capacity: 0)
  /// The line that was read last.
  private(set) var line = ByteSlice.empty
  /// The line, or where that is written in another way, the same without white space.
  private var row = ByteSlice.empty

  package init(_ schema: RecordSchema) {
    self.schema = schema
    program = schema.program
    spans = .allocate(capacity: program.members.count)
    spans.initialize(repeating: MemberSpan())
  }

  deinit { spans.deallocate() }

  /// - Parameter line: without its line end; `JSONParser.padding` readable bytes follow it. Its bytes must outlive what
  ///   is asked for.
  /// - Returns: nil: it is such a row. Its members can be asked for until the next call.
  package func read(_ line: ByteSlice) -> Refusal? {
    self.line = line
    row = line
    turn += 1
    if program.takes(line, noting: notes) { return nil }
    turn += 1
    return parse(line)
  }

  private var notes: SpanNotes { SpanNotes(spans: spans.baseAddress!, turn: turn) }

  private func parse(_ line: ByteSlice) -> Refusal? {
    do throws(JSONError) {
      let value = try parser.parse(line)
      let violations = schema.violations(of: value)
      rewritten.removeAll()
      var writer = JSONWriter(rewritten)
      writer.compact(value)
      row = rewritten.bytes
      let compact = try parser.parse(row)
      note(compact, program.nodes[program.root])
      return violations.isEmpty ? nil : .violations(violations, compact)
    } catch {
      return .notJSON(error)
    }
  }

  private func note(_ value: JSONValue, _ node: SchemaProgram.Node) {
    for (name, item) in value.members {
      guard let index = node.range.first(where: { program.words[program.members[$0].name] == name }),
        spans[index].turn != turn
      else { continue }
      let place = item.sourceRange
      spans[index] = MemberSpan(start: place.lowerBound, end: place.upperBound, turn: turn)
      let inner = program.nodes[program.members[index].node]
      if inner.kind == .object { note(item, inner) }
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
    let span = spans[member.index]
    guard span.turn == turn else { return nil }
    if span.excess >= 0 { return EscapedText(row[span.start + 1..<span.end - 1], excess: span.excess) }
    return EscapedText(quoted: row[span.start..<span.end])
  }

  package func isNull(_ member: RowMember) -> Bool { present(member) == nil }

  /// The member's value; nil: it is null, or the object that it is in.
  func present(_ member: RowMember) -> ByteSlice? {
    token(member).flatMap { $0[0] == UInt8(ascii: "n") ? nil : $0 }
  }

  /// Of a member that has one of some words: the place of its own among those of the schema; nil: it has none.
  func choice(_ member: RowMember) -> Int? {
    guard let text = text(member) else { return nil }
    let words = program.words[program.nodes[program.members[member.index].node].range]
    let place = text.hasEscapes ? words.firstIndex { $0 == text.string() } : words.firstIndex { $0 == text.bytes }
    return place.map { $0 - words.startIndex }
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

  init(_ list: ByteSlice) {
    guard list.count > 2, list[0] == UInt8(ascii: "[") else { return }
    scanner = TokenScanner(list)
  }

  var isEmpty: Bool { scanner == nil }

  /// The list up to the element that came last.
  var consumed: ByteSlice { scanner?.slice(from: 0) ?? .empty }

  package mutating func next() -> ByteSlice? {
    guard scanner?.take(UInt8(ascii: "[")) ?? false || scanner?.take(UInt8(ascii: ",")) ?? false,
      let start = scanner?.position, scanner?.takeValue() ?? false
    else { return nil }
    return scanner?.slice(from: start)
  }
}
