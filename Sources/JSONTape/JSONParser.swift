import CSimdJSON

/// Parses one JSON text (RFC 8259) at a time and owns its tape. One a worker; not `Sendable`.
///
/// Beyond the standard's grammar nothing is taken: no byte order mark, no comments, no `NaN`. Within it everything is:
/// lone surrogates, numbers of any size and keys that repeat are the reader's business.
///
/// simdjson parses; what it refuses, a slower parser decides, which names the fault or gives the same kind of tape.
public final class JSONParser {
  /// Readable bytes that must follow a text; their content does not matter.
  public static let padding = 64

  /// Positions on a tape have 32 bits.
  public static let maximumCount = Int(UInt32.max) - padding

  /// Containers in containers that a text may have.
  public static let maximumDepth = 1024

  private let fast: OpaquePointer
  private let tolerant: TolerantParser
  private let tape: UnsafeMutablePointer<csimdjson_tape>
  private let copy = ByteBuffer(capacity: 0)

  /// - Parameter maximumDepth: how many containers may be nested.
  public init(maximumDepth: Int = JSONParser.maximumDepth) {
    precondition(maximumDepth > 0, "a depth that nothing has")
    guard let fast = csimdjson_create(maximumDepth) else { fatalError("out of memory") }
    self.fast = fast
    tolerant = TolerantParser(maximumDepth: maximumDepth)
    tape = .allocate(capacity: 1)
    tape.initialize(to: csimdjson_tape())
  }

  deinit {
    csimdjson_destroy(fast)
    tape.deallocate()
  }

  /// - Parameter text: at least ``padding`` readable bytes must follow it.
  /// - Returns: the text's value, valid until the next text is parsed, as long as this parser and the text's bytes
  ///   live.
  public func parse(_ text: ByteSlice) throws(JSONError) -> JSONValue {
    guard text.count <= Self.maximumCount else {
      throw JSONError(reason: "longer than 4 GiB", offset: Self.maximumCount)
    }
    if let value = parseFast(text) { return value }
    return try parseTolerantly(text)
  }

  /// Nil where simdjson refuses the text, which must be padded.
  func parseFast(_ text: ByteSlice) -> JSONValue? {
    guard let base = text.buffer.baseAddress else { return nil }
    switch csimdjson_parse(fast, base, text.count, tape) {
    case Int32(CSIMDJSON_PARSED): return JSONValue(tape: tape, index: 1)
    case Int32(CSIMDJSON_NO_MEMORY): fatalError("out of memory")
    default: return nil
    }
  }

  /// The same without simdjson, and without padding.
  func parseTolerantly(_ text: ByteSlice) throws(JSONError) -> JSONValue {
    tape.pointee = try tolerant.parse(text)
    return JSONValue(tape: tape, index: 1)
  }

  /// Parses a copy of bytes that no padding follows. The value is valid until the next text is parsed.
  public func parse(copying text: ByteSlice) throws(JSONError) -> JSONValue {
    copy.removeAll()
    copy.append(text)
    return try parse(copy.bytes)
  }
}
