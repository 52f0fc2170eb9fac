extension JSONValue {
  /// The place of the value's first byte in the parsed text: the lower bound of ``sourceRange``, without looking for its end.
  public var sourceOffset: Int { Int(tape.pointee.positions[index]) }
}
