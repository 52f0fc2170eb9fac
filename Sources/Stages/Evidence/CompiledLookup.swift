import JSONTape

/// A field that comes from a look-up, made ready for many records.
final class CompiledLookup {
  let key: CompiledExpression
  let probe: Int
  let table: LookupTable
  private let value = ByteBuffer(capacity: 64)
  /// Of its own: what it found lives until it is asked again.
  private let parser = JSONParser()
  private var last: (line: ByteSlice, value: JSONValue?)?

  init(_ reference: LookupReference, field: String, context: CompileContext) throws {
    key = try CompiledExpression(reference.key, field: "\(field).key", context: context)
    probe = reference.probe
    table = try context.lookup(reference.lookup)
    value.append(reference.value.text)
  }

  /// The value, also null; nil: the key is absent or blank, the look-up does not have it, or no value with it.
  func find(in scope: RecordScope) throws(RecordViolation) -> JSONValue? {
    guard let text = try key.text(in: scope), !Text.isBlank(scope.bytes(of: text)) else {
      scope.probes.note(probe, found: false)
      return nil
    }
    guard let line = table.row(of: scope.bytes(of: text)) else {
      scope.noteMissing(table.slot)
      scope.probes.note(probe, found: false)
      return nil
    }
    let found = value(in: line)
    scope.probes.note(probe, found: found != nil)
    return found
  }

  /// Records of one task often follow each other.
  private func value(in line: ByteSlice) -> JSONValue? {
    if let last, last.line.buffer.baseAddress == line.buffer.baseAddress { return last.value }
    // The table has read every line once.
    let found = (try? parser.parse(line))?.element(1)?.member(value.bytes)
    last = (line, found)
    return found
  }
}
