import CSimdJSON

/// Writes canonical JSON, RFC 8785 (JCS), with two departures that let every text keep its meaning: a number whose
/// canonical form would have another decimal value keeps its token, and a lone surrogate is written `\udxxx`, in lower
/// case.
///
/// It keeps its memory for sorting from value to value. One a worker; not `Sendable`.
public final class CanonicalWriter {
  private let order = KeyOrder()

  public init() {}

  /// Appends the canonical form of `value`. It recurses as deep as the value, which the parser bounds.
  /// - Throws: `duplicate key "…"` if an object has a key twice, after unescaping, with the place of the second; the
  ///   output is then as it was.
  public func write(_ value: JSONValue, to output: ByteBuffer) throws(JSONError) {
    let start = output.count
    order.removeAll()
    do throws(JSONError) {
      try write(value.tape, value.index, output)
    } catch {
      output.truncate(to: start)
      throw error
    }
  }

  private func write(
    _ tape: UnsafePointer<csimdjson_tape>, _ index: Int, _ output: ByteBuffer
  ) throws(JSONError) {
    switch tape.pointee.tag(at: index) {
    case Tape.Tag.null: output.append("null")
    case Tape.Tag.true: output.append("true")
    case Tape.Tag.false: output.append("false")
    case Tape.Tag.string: output.appendQuoted(tape, index, keepingSurrogates: true)
    case Tape.Tag.arrayStart: try writeArray(JSONValue(tape: tape, index: index), output)
    case Tape.Tag.objectStart: try writeObject(JSONValue(tape: tape, index: index), output)
    default: writeNumber(tape, index, output)
    }
  }

  private func writeArray(_ array: JSONValue, _ output: ByteBuffer) throws(JSONError) {
    output.append(UInt8(ascii: "["))
    var isFirst = true
    for element in array.elements {
      if !isFirst { output.append(UInt8(ascii: ",")) }
      isFirst = false
      try write(array.tape, element.index, output)
    }
    output.append(UInt8(ascii: "]"))
  }

  private func writeObject(_ object: JSONValue, _ output: ByteBuffer) throws(JSONError) {
    let keys = try order.push(object)
    output.append(UInt8(ascii: "{"))
    for place in keys {
      if place > keys.lowerBound { output.append(UInt8(ascii: ",")) }
      let key = order.entry(at: place).index
      output.appendQuoted(object.tape, key, keepingSurrogates: true)
      output.append(UInt8(ascii: ":"))
      try write(object.tape, key + 1, output)
    }
    output.append(UInt8(ascii: "}"))
    order.pop(keys)
  }

  /// An integer of 64 bits is its own canonical form, or none has its value; but minus zero is zero.
  private func writeNumber(_ tape: UnsafePointer<csimdjson_tape>, _ index: Int, _ output: ByteBuffer) {
    let token = tape.pointee.slice(tape.pointee.numberRange(from: Int(tape.pointee.positions[index])))
    switch tape.pointee.tag(at: index) {
    case Tape.Tag.signed where tape.pointee.words[index + 1] == 0: output.append(UInt8(ascii: "0"))
    case Tape.Tag.signed, Tape.Tag.unsigned: output.append(token)
    default: NumberText.canonical(token, nearest: tape.pointee.nearestDouble(at: index), to: output)
    }
  }
}
