/// Writes JSON text to a buffer, with the least escaping that RFC 8785 prescribes: `\"`, `\\`, `\b`, `\t`, `\n`,
/// `\f`, `\r`, lower-case `\u00xx` for the other controls, and everything else as UTF-8.
///
/// Text handed in must be UTF-8 or WTF-8: a lone surrogate becomes U+FFFD, other damage would be written as it is.
/// The caller closes what it opens; the writer sets the commas.
public struct JSONWriter {
  public let output: ByteBuffer
  private var isCommaDue = false

  public init(_ output: ByteBuffer) { self.output = output }

  private mutating func beginValue() {
    if isCommaDue { output.append(UInt8(ascii: ",")) }
    isCommaDue = true
  }

  private mutating func end(_ bracket: UInt8) {
    output.append(bracket)
    isCommaDue = true
  }
}

// MARK: Containers

extension JSONWriter {
  public mutating func beginObject() {
    beginValue()
    output.append(UInt8(ascii: "{"))
    isCommaDue = false
  }

  public mutating func endObject() { end(UInt8(ascii: "}")) }

  public mutating func beginArray() {
    beginValue()
    output.append(UInt8(ascii: "["))
    isCommaDue = false
  }

  public mutating func endArray() { end(UInt8(ascii: "]")) }

  /// - Parameter name: must need no escaping.
  public mutating func key(_ name: StaticString) {
    output.reserve(name.utf8CodeUnitCount + 4)
    beginValue()
    output.append(UInt8(ascii: "\""))
    output.append(name)
    output.append("\":")
    isCommaDue = false
  }

  public mutating func key(_ name: ByteSlice) {
    string(name)
    endKey()
  }

  @_disfavoredOverload  // a literal is a StaticString
  public mutating func key(_ name: String) {
    string(name)
    endKey()
  }

  private mutating func endKey() {
    output.append(UInt8(ascii: ":"))
    isCommaDue = false
  }

  /// Ends a JSON line: no comma is due after it.
  public mutating func newline() {
    output.append(UInt8(ascii: "\n"))
    isCommaDue = false
  }
}

// MARK: Scalars

extension JSONWriter {
  public mutating func null() {
    beginValue()
    output.append("null")
  }

  public mutating func bool(_ value: Bool) {
    beginValue()
    output.append(value ? "true" : "false")
  }

  public mutating func integer(_ value: Int64) {
    beginValue()
    output.appendDecimal(value)
  }

  /// Writes the shortest form that reads back as `value`, with `.0` if it is whole.
  /// - Parameter value: finite; anything else stops the program.
  public mutating func double(_ value: Double) {
    beginValue()
    NumberText.shortest(value, to: output)
  }

  /// Writes `value` as RFC 8785 wants it: without `.0`.
  mutating func canonicalDouble(_ value: Double) {
    beginValue()
    NumberText.ecmaScript(value, to: output)
  }

  public mutating func string(_ text: ByteSlice) {
    beginValue()
    output.appendQuoted(text, keepingSurrogates: false)
  }

  /// Copies a string; it must be one.
  public mutating func string(_ value: JSONValue) {
    precondition(value.kind == .string, "no string is written as one")
    beginValue()
    output.appendQuoted(value.tape, value.index, keepingSurrogates: false)
  }

  @_disfavoredOverload  // a literal is a StaticString
  public mutating func string(_ text: String) {
    beginValue()
    output.appendQuoted(text)
  }

  public mutating func string(_ text: StaticString) { string(ByteSlice(text.rawBytes)) }

  /// Text as it is written where it comes from.
  public mutating func string(_ text: EscapedText) {
    beginValue()
    output.append(UInt8(ascii: "\""))
    output.append(text.bytes)
    output.append(UInt8(ascii: "\""))
  }

  /// Copies a value that is already JSON text.
  public mutating func raw(_ text: ByteSlice) {
    beginValue()
    output.append(text)
  }
}

// MARK: Prepared text

extension JSONWriter {
  /// Appends a part of the text that was written before, commas included, and that ends where a value begins or with
  /// one.
  public mutating func prepared(_ text: ByteSlice, endsWithValue: Bool) {
    output.append(text)
    isCommaDue = endsWithValue
  }
}

// MARK: Strings in pieces

extension JSONWriter {
  public mutating func beginString() {
    beginValue()
    output.append(UInt8(ascii: "\""))
  }

  /// Text between `beginString` and `endString`; pieces are cut between characters.
  public mutating func stringPiece(_ text: ByteSlice) { output.appendEscaped(text, keepingSurrogates: false) }

  public mutating func stringPiece(_ text: StaticString) { stringPiece(ByteSlice(text.rawBytes)) }

  public mutating func endString() { output.append(UInt8(ascii: "\"")) }
}

// MARK: Values of a tape

extension JSONWriter {
  /// Copies a value: members in their order, numbers as their token, strings escaped anew, no white space.
  public mutating func value(_ value: JSONValue) {
    switch value.kind {
    case .null: null()
    case .bool: bool(value.bool ?? false)
    case .number: raw(value.token)
    case .string: string(value)
    case .array:
      beginArray()
      for element in value.elements { self.value(element) }
      endArray()
    case .object:
      beginObject()
      for (key, member) in value.members {
        self.key(key)
        self.value(member)
      }
      endObject()
    }
  }
}
