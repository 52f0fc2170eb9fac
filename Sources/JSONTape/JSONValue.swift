import CSimdJSON

/// One value of a parsed text: a pointer to its tape and a place on it, trivially copied.
///
/// Valid until the next text is parsed, as long as the parser and the bytes of the text live.
public struct JSONValue {
  public enum Kind: Sendable { case null, bool, number, string, array, object }

  let tape: UnsafePointer<csimdjson_tape>
  /// Of the value's first word.
  let index: Int

  @inline(__always)
  init(tape: UnsafePointer<csimdjson_tape>, index: Int) {
    self.tape = tape
    self.index = index
  }

  @inline(__always)
  private var tag: UInt8 { tape.pointee.tag(at: index) }

  public var kind: Kind {
    switch tag {
    case Tape.Tag.null: .null
    case Tape.Tag.true, Tape.Tag.false: .bool
    case Tape.Tag.string: .string
    case Tape.Tag.arrayStart: .array
    case Tape.Tag.objectStart: .object
    default: .number
    }
  }

  /// The value's own bytes in the parsed text: a number as it is written, a string with its quotes, a whole object.
  public var token: ByteSlice { tape.pointee.slice(sourceRange) }

  /// The place of ``token`` in the parsed text.
  public var sourceRange: Range<Int> { tape.pointee.sourceRange(at: index) }
}

// MARK: Scalars

extension JSONValue {
  public var isNull: Bool { tag == Tape.Tag.null }

  /// Nil if the value is no boolean.
  public var bool: Bool? {
    switch tag {
    case Tape.Tag.true: true
    case Tape.Tag.false: false
    default: nil
    }
  }

  /// The unescaped text as WTF-8: a lone surrogate is its three bytes ED A0…BF xx. Nil if the value is no string.
  public var string: ByteSlice? { tag == Tape.Tag.string ? tape.pointee.string(at: index) : nil }

  /// The nearest double; nil if the value is no number, or one too large for a double.
  public var double: Double? {
    guard kind == .number else { return nil }
    let value = tape.pointee.nearestDouble(at: index)
    return value.isFinite ? value : nil
  }

  /// The value of a number written without fraction and exponent that fits; else nil.
  public var integer: Int64? {
    tag == Tape.Tag.signed ? Int64(bitPattern: tape.pointee.words[index + 1]) : nil
  }
}

// MARK: Containers

extension JSONValue {
  /// The first member with that key; nil if there is none or the value is no object.
  public func member(_ key: ByteSlice) -> JSONValue? { member(key.raw) }

  /// The first member with that key; nil if there is none or the value is no object.
  public func member(_ key: StaticString) -> JSONValue? { member(key.rawBytes) }

  private func member(_ key: UnsafeRawBufferPointer) -> JSONValue? {
    let words = content(of: Tape.Tag.objectStart)
    var name = words.lowerBound
    while name < words.upperBound {
      if tape.pointee.string(at: name).hasSameBytes(as: key) { return JSONValue(tape: tape, index: name + 1) }
      name = tape.pointee.index(after: name + 1)
    }
    return nil
  }

  /// The element at `index`; nil if there is none or the value is no array.
  public func element(_ index: Int) -> JSONValue? {
    guard index >= 0 else { return nil }
    var left = index
    for element in elements {
      if left == 0 { return element }
      left -= 1
    }
    return nil
  }

  /// The elements of an array; nothing if the value is none.
  public var elements: Elements { Elements(tape: tape, words: content(of: Tape.Tag.arrayStart)) }

  /// The members of an object, in the order of the text; nothing if the value is none.
  public var members: Members { Members(tape: tape, words: content(of: Tape.Tag.objectStart)) }

  /// The number of elements of an array or of members of an object, counted; 0 for other values.
  public var elementCount: Int {
    var count = 0
    for _ in elements { count += 1 }
    for _ in members { count += 1 }
    return count
  }

  /// The words between the opening and the closing one.
  @inline(__always)
  private func content(of tag: UInt8) -> Range<Int> {
    guard self.tag == tag else { return 0..<0 }
    return index + 1..<tape.pointee.index(after: index) - 1
  }
}
