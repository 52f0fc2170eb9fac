// A tree and JSON text: reading and the three ways to write.

extension JSON {
  /// Reads a JSON text.
  /// - Throws: also for what a tree can't hold as it is: a key that an object has twice, an integer past 64 bits that
  ///   no double has, a number too large for a double, a lone surrogate.
  public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSON {
    let parser = JSONParser()
    defer { withExtendedLifetime(parser) {} }
    let text = ByteBuffer(capacity: bytes.count)
    defer { withExtendedLifetime(text) {} }
    bytes.withUnsafeBytes { text.append($0) }
    return try JSON(parser.parse(text.bytes))
  }

  /// Copies a value from a tape.
  /// - Throws: as ``parse(_:)``, with the place in the parsed text.
  public init(_ value: JSONValue) throws(JSONError) {
    let order = KeyOrder()
    self = try Self.tree(value, order)
  }

  private static func tree(_ value: JSONValue, _ order: KeyOrder) throws(JSONError) -> JSON {
    switch value.kind {
    case .null: return .null
    case .bool: return .bool(value.bool ?? false)
    case .string: return .string(try text(value.string ?? .empty, value.sourceRange.lowerBound))
    case .number: return try number(value)
    case .array:
      var elements: [JSON] = []
      for element in value.elements { elements.append(try tree(element, order)) }
      return .array(elements)
    case .object:
      order.pop(try order.push(value))
      var members: [(key: String, value: JSON)] = []
      for (key, member) in value.members {
        members.append((try text(key, member.sourceRange.lowerBound), try tree(member, order)))
      }
      return .object(JSONObject(distinct: members))
    }
  }

  private static func number(_ value: JSONValue) throws(JSONError) -> JSON {
    if let integer = value.integer { return .integer(integer) }
    let token = value.token
    // The canonical form of a double from 2^63 to 10^21 has neither fraction nor exponent.
    if let double = value.double, NumberText.survivesDouble(token, nearest: double) { return .double(double) }
    guard token.buffer.contains(where: { $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e") }) else {
      throw JSONError(reason: "an integer past 64 bits", offset: value.sourceRange.lowerBound)
    }
    guard let double = value.double else {
      throw JSONError(reason: "a number too large for a double", offset: value.sourceRange.lowerBound)
    }
    return .double(double)
  }

  private static func text(_ bytes: ByteSlice, _ offset: Int) throws(JSONError) -> String {
    guard let text = String(validating: bytes.buffer, as: UTF8.self) else {
      throw JSONError(reason: "a lone surrogate", offset: offset)
    }
    return text
  }
}

extension JSON {
  /// The canonical form, RFC 8785: no white space, members by the UTF-16 code units of their keys. An integer that no
  /// double has keeps its digits.
  public var canonical: [UInt8] { bytes { Self.write(self, to: &$0, sorted: true) } }

  public var canonicalString: String { String(decoding: canonical, as: UTF8.self) }

  /// Compact text, members in their own order; doubles with a fraction or exponent, so that they are read as doubles.
  public func encoded() -> [UInt8] { bytes { Self.write(self, to: &$0, sorted: false) } }

  /// Text for people: two spaces of indentation, members in their own order, no line end after it.
  public func pretty() -> String {
    String(decoding: bytes { Self.writePretty(self, to: $0.output, indentation: 0) }, as: UTF8.self)
  }

  private func bytes(_ write: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter(ByteBuffer())
    write(&writer)
    return Array(writer.output.bytes.buffer)
  }

  private static func write(_ value: JSON, to writer: inout JSONWriter, sorted: Bool) {
    switch value {
    case .null: writer.null()
    case .bool(let value): writer.bool(value)
    case .integer(let value): writer.integer(value)
    case .double(let value) where sorted: writer.canonicalDouble(value)
    case .double(let value): writer.double(value)
    case .string(let value): writer.string(value)
    case .array(let elements):
      writer.beginArray()
      for element in elements { write(element, to: &writer, sorted: sorted) }
      writer.endArray()
    case .object(let object):
      writer.beginObject()
      let members = sorted ? object.sorted { $0.key.utf16.lexicographicallyPrecedes($1.key.utf16) } : Array(object)
      for (key, member) in members {
        writer.key(key)
        write(member, to: &writer, sorted: sorted)
      }
      writer.endObject()
    }
  }

  private static func writePretty(_ value: JSON, to output: ByteBuffer, indentation: Int) {
    func line(_ depth: Int) {
      output.append("\n")
      for _ in 0..<depth { output.append("  ") }
    }
    switch value {
    case .array(let elements) where !elements.isEmpty:
      output.append("[")
      for (place, element) in elements.enumerated() {
        if place > 0 { output.append(",") }
        line(indentation + 1)
        writePretty(element, to: output, indentation: indentation + 1)
      }
      line(indentation)
      output.append("]")
    case .object(let object) where !object.isEmpty:
      output.append("{")
      for (place, member) in object.enumerated() {
        if place > 0 { output.append(",") }
        line(indentation + 1)
        output.appendQuoted(member.key)
        output.append(": ")
        writePretty(member.value, to: output, indentation: indentation + 1)
      }
      line(indentation)
      output.append("}")
    default:
      var writer = JSONWriter(output)
      write(value, to: &writer, sorted: false)
    }
  }
}
