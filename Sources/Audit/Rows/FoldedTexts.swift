import JSONTape
import Receipts
import Stages

/// Tells which of some texts are the same once folded. Most differ in how they begin, so few are folded as a whole. One a thread.
final class FoldedTexts {
  private let parser = JSONParser()
  private let start = ByteBuffer()
  private let folded = ByteBuffer()

  /// Scalars of a folded text by which texts are told apart first.
  private static let reach = 24
  /// Bytes of a text that are folded to get at them.
  private static let window = 256

  /// - Parameter texts: JSON strings, with quotes and escapes; equal ones are equal texts.
  /// - Returns: of each text the place of the first one that is the same.
  func firstAlike(_ texts: [ByteSlice]) -> [Int] {
    var first = Array(texts.indices)
    var byStart: [Int: Int] = [:]
    var unsure: Set<Int> = []
    for (place, text) in texts.enumerated() {
      let hash = startHash(text)
      guard let other = byStart[hash] else {
        byStart[hash] = place
        continue
      }
      first[place] = other
      if text != texts[other] { unsure.formUnion([place, other]) }
    }
    if unsure.isEmpty { return first }
    var byText: [Hash128: Int] = [:]
    for place in unsure.sorted() {
      let hash = hash(texts[place])
      first[place] = byText[hash] ?? place
      byText[hash] = first[place]
    }
    // Those that are the same bytes as one that was folded.
    for place in texts.indices where !unsure.contains(place) { first[place] = first[first[place]] }
    return first
  }

  /// Half the SHA-256 of the folded text.
  func hash(_ text: ByteSlice) -> Hash128 {
    foldWhole(text)
    return Hash128(Digest.of(folded.bytes))
  }

  /// Does the text, or null, say nothing?
  func isBlank(_ text: ByteSlice) -> Bool {
    if text.count > 2, (0x21...0x7E).contains(text[1]), text[1] != UInt8(ascii: "\\"), text[0] == UInt8(ascii: "\"") {
      return false
    }
    return (try? parser.parse(copying: text))?.string.map(Text.isBlank) ?? true
  }

  private func foldWhole(_ text: ByteSlice) {
    folded.removeAll()
    if let value = try? parser.parse(copying: text), let string = value.string { Text.fold(string, into: folded) }
  }

  /// A hash of how the folded text begins.
  ///
  /// What is before an ASCII character is folded alike whatever follows, because none joins with what is before it: so a start
  /// will do that has one behind the scalars in question.
  private func startHash(_ text: ByteSlice) -> Int {
    start.removeAll()
    let inside = EscapedText(text[1..<max(1, text.count - 1)])
    if inside.appendPlain(bytes: Self.window, to: start) {
      folded.removeAll()
      Text.fold(start.bytes, into: folded)
      let end = Self.end(in: folded.bytes)
      if end.isFinal || inside.bytes.count <= Self.window { return folded.slice(0..<end.place).hashValue }
    }
    foldWhole(text)
    return folded.slice(0..<Self.end(in: folded.bytes).place).hashValue
  }

  /// Where the scalars end by which texts are told apart, and whether an ASCII character follows somewhere.
  private static func end(in text: ByteSlice) -> (place: Int, isFinal: Bool) {
    var place = 0
    var scalars = 0
    while place < text.count, scalars < reach {
      place += 1
      while place < text.count, text[place] & 0xC0 == 0x80 { place += 1 }
      scalars += 1
    }
    return (place, text[place..<text.count].buffer.contains { $0 < 0x80 })
  }
}
