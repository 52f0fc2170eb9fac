import JSONTape

/// The lines of a JSON Lines file of ours, without their line ends.
struct Lines: Sequence, IteratorProtocol {
  private let text: ByteSlice
  private var start = 0

  init(_ text: ByteSlice) { self.text = text }

  mutating func next() -> ByteSlice? {
    guard start < text.count else { return nil }
    let end = text.firstIndex(of: UInt8(ascii: "\n"), from: start) ?? text.count
    defer { start = end + 1 }
    return text[start..<end]
  }
}
