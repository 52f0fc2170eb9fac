import JSONTape

/// The lines of a JSON Lines file of ours, without their line ends.
struct Lines: Sequence, IteratorProtocol {
  private let text: ByteSlice
  private var start = 0

  init(_ text: ByteSlice) { self.text = text }

  mutating func next() -> ByteSlice? {
    guard start < text.count else { return nil }
    let bytes = text.buffer
    var end = start
    while end < bytes.count && bytes[end] != UInt8(ascii: "\n") { end += 1 }
    defer { start = end + 1 }
    return text[start..<end]
  }
}
