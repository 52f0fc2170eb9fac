import CSimdJSON

/// Grows a tape of the kind that simdjson makes.
struct TapeBuilder: ~Copyable {
  private var words = TapeStorage<UInt64>()
  private var positions = TapeStorage<UInt32>()
  private let strings = ByteBuffer()
  private var stringStart = 0
  /// The indexes of the opening words of the containers that are open.
  private var open = TapeStorage<Int>()

  var depth: Int { open.count }

  /// Is the innermost open container an object?
  var isInObject: Bool {
    open.count > 0 && Tape.tag(of: words.base[open.base[open.count - 1]]) == Tape.Tag.objectStart
  }

  mutating func begin() {
    words.removeAll()
    positions.removeAll()
    strings.removeAll()
    open.removeAll()
    append(Tape.word(Tape.Tag.root, 0), at: 0)
  }

  private mutating func append(_ word: UInt64, at position: Int) {
    words.append(word)
    positions.append(UInt32(position))
  }

  mutating func literal(_ tag: UInt8, at position: Int) { append(Tape.word(tag, 0), at: position) }

  mutating func number(_ tag: UInt8, bits: UInt64, at position: Int) {
    append(Tape.word(tag, 0), at: position)
    append(bits, at: position)
  }

  /// Begins a string: until `endString`, what is appended to the buffer that this returns belongs to it.
  mutating func beginString(at position: Int) -> ByteBuffer {
    stringStart = strings.count
    append(Tape.word(Tape.Tag.string, stringStart), at: position)
    for _ in 0..<MemoryLayout<UInt32>.size { strings.append(0) }
    return strings
  }

  mutating func endString() {
    let count = UInt32(strings.count - stringStart - MemoryLayout<UInt32>.size)
    UnsafeMutableRawPointer(strings.state.pointee.base + stringStart).storeBytes(of: count, as: UInt32.self)
    strings.append(0)
  }

  mutating func beginContainer(_ tag: UInt8, at position: Int) {
    open.append(words.count)
    append(Tape.word(tag, 0), at: position)
  }

  /// Closes the innermost container; there must be one.
  mutating func endContainer(at position: Int) {
    let start = open.removeLast()
    let isArray = Tape.tag(of: words.base[start]) == Tape.Tag.arrayStart
    append(Tape.word(isArray ? Tape.Tag.arrayEnd : Tape.Tag.objectEnd, start), at: position)
    words.base[start] |= UInt64(words.count)
  }

  /// The finished tape; valid until the next `begin`, as long as the builder and the text live.
  mutating func end(text: ByteSlice) -> csimdjson_tape {
    append(Tape.word(Tape.Tag.root, 0), at: 0)
    words.base[0] |= UInt64(words.count)
    return csimdjson_tape(
      words: words.base, strings: strings.state.pointee.base, positions: positions.base,
      text: text.buffer.baseAddress, text_count: text.count)
  }
}
