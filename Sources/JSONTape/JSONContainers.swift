import CSimdJSON

extension JSONValue {
  /// The elements of an array, walked along the tape.
  public struct Elements: Sequence, IteratorProtocol {
    let tape: UnsafePointer<csimdjson_tape>
    var words: Range<Int>

    public mutating func next() -> JSONValue? {
      guard words.lowerBound < words.upperBound else { return nil }
      let element = JSONValue(tape: tape, index: words.lowerBound)
      words = tape.pointee.index(after: words.lowerBound)..<words.upperBound
      return element
    }
  }

  /// The members of an object, walked along the tape; a key that the object has twice comes twice.
  public struct Members: Sequence, IteratorProtocol {
    let tape: UnsafePointer<csimdjson_tape>
    var words: Range<Int>

    public mutating func next() -> (key: ByteSlice, value: JSONValue)? {
      guard words.lowerBound < words.upperBound else { return nil }
      let key = tape.pointee.string(at: words.lowerBound)
      let value = JSONValue(tape: tape, index: words.lowerBound + 1)
      words = tape.pointee.index(after: value.index)..<words.upperBound
      return (key, value)
    }
  }
}
