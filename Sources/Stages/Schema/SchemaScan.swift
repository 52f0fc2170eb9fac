import JSONTape

/// Where a member of a row stands.
struct MemberSpan {
  var start = 0
  var end = 0
  /// Of a string, that of its ``EscapedText``; -1: it was not asked for.
  var excess = -1
  /// Of the read that found it: what an earlier row had is not there.
  var turn: UInt64 = 0
}

/// Notes where the members of a row stand.
struct SpanNotes {
  /// A place for each member of the schema's program.
  var spans: UnsafeMutablePointer<MemberSpan>
  var turn: UInt64
}

/// The check of a row as this program writes it: one pass over its bytes, which builds nothing.
///
/// It takes less than the schema does: where it says no, the row must be parsed to say what is wrong, if anything is.
extension SchemaProgram {
  /// - Parameter notes: told of every member that is not in a list; nil: nobody asks.
  func takes(_ row: ByteSlice, noting notes: SpanNotes? = nil) -> Bool {
    guard !row.isEmpty else { return false }
    var scanner = TokenScanner(row)
    return scanObject(nodes[root], &scanner, notes) && scanner.isAtEnd
  }

  private func scanObject(_ node: Node, _ scanner: inout TokenScanner, _ notes: SpanNotes?) -> Bool {
    var index = node.range.lowerBound
    while index < node.range.upperBound {
      let member = members[index]
      guard scanner.take(words[member.key]) else { return false }
      let start = scanner.position
      let value = nodes[member.node]
      var excess = -1
      if value.kind == .text || value.kind == .filledText, !(value.isNullable && scanner.takeNull()) {
        guard let text = scanner.takeString(), value.kind == .text || !Text.isBlank(text) else { return false }
        excess = text.excess
      } else if scanner.position == start, !scan(value, &scanner, notes) {
        return false
      }
      notes?.spans[index] = MemberSpan(start: start, end: scanner.position, excess: excess, turn: notes?.turn ?? 0)
      index += 1
    }
    return scanner.take(UInt8(ascii: "}"))
  }

  private func scan(_ node: Node, _ scanner: inout TokenScanner, _ notes: SpanNotes?) -> Bool {
    if node.isNullable, scanner.takeNull() { return true }
    switch node.kind {
    case .text: return scanner.takeString() != nil
    case .filledText: return scanner.takeString().map { !Text.isBlank($0) } ?? false
    case .oneOf, .timestamp, .sha256, .identifier:
      return scanner.takeString().map { !$0.hasEscapes && holds($0.bytes, node) } ?? false
    case .object: return scanObject(node, &scanner, notes)
    case .list: return scanList(element(of: node), &scanner)
    case .integer: return scanner.takeInteger().map { $0 >= node.least } ?? false
    case .number: return scanner.takeNumber()
    case .boolean: return scanner.takeBoolean()
    case .anyObject: return scanner.next == UInt8(ascii: "{") && scanner.takeValue()
    case .any: return scanner.takeValue()
    }
  }

  private func scanList(_ element: Node, _ scanner: inout TokenScanner) -> Bool {
    guard scanner.take(UInt8(ascii: "[")) else { return false }
    if scanner.take(UInt8(ascii: "]")) { return true }
    repeat {
      guard scan(element, &scanner, nil) else { return false }
    } while scanner.take(UInt8(ascii: ","))
    return scanner.take(UInt8(ascii: "]"))
  }
}
