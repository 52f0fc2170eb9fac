import JSONTape
import Receipts
import Stages

/// Tells which of some texts are the same once folded. Most differ in how they begin, so few are folded as a whole. One
/// a thread.
final class FoldedTexts {
  private let start = ByteBuffer()
  private let folded = ByteBuffer()

  /// Scalars of a folded text by which texts are told apart first.
  private static let reach = 24
  /// Bytes of a text that are folded to get at them.
  private static let window = 256

  /// Texts that begin alike and are compared one by one; more are told apart by their hashes.
  private static let limit = 8

  /// Different texts that begin alike.
  private struct Bucket {
    var places: [Int]
    /// By the hash of the whole text; filled when there are too many of them.
    var byText: [Hash128: Int] = [:]
  }

  /// Texts that are compared with each other without a table.
  private static let few = 32

  /// - Parameter texts: JSON strings, with quotes and escapes, equal ones are equal texts; and what ``plainStart(_:)``
  ///   makes of each, or nil.
  /// - Returns: of each text the place of the first one that is the same.
  func firstAlike(_ texts: [(text: ByteSlice, start: UInt64?)]) -> [Int] {
    var first = Array(texts.indices)
    var starts: [UInt64] = []
    starts.reserveCapacity(texts.count)
    var buckets: [UInt64: Bucket] = [:]
    for (place, (text, known)) in texts.enumerated() {
      // The runs of a task mostly have one prompt.
      if place > 0, known == texts[place - 1].start, text == texts[first[place - 1]].text {
        first[place] = first[place - 1]
        starts.append(starts[place - 1])
        continue
      }
      let start = known ?? startHash(text)
      starts.append(start)
      if texts.count <= Self.few {
        for other in 0..<place
        where starts[other] == start && first[other] == other && isSame(text, texts[other].text) {
          first[place] = other
          break
        }
      } else if buckets[start] == nil {
        buckets[start] = Bucket(places: [place])
      } else if let other = alike(place, { texts[$0].text }, &buckets[start]!) {
        first[place] = other
      }
    }
    return first
  }

  /// One of the bucket that is the same text; else it is put in.
  private func alike(_ place: Int, _ text: (Int) -> ByteSlice, _ bucket: inout Bucket) -> Int? {
    if bucket.places.count < Self.limit {
      for other in bucket.places where isSame(text(place), text(other)) { return other }
      bucket.places.append(place)
      return nil
    }
    if bucket.byText.isEmpty {
      for other in bucket.places { bucket.byText[hash(text(other))] = other }
    }
    let hash = hash(text(place))
    if let other = bucket.byText[hash] { return other }
    bucket.byText[hash] = place
    return nil
  }

  private func isSame(_ left: ByteSlice, _ right: ByteSlice) -> Bool {
    if left == right { return true }
    return !Self.inside(left).surelyDiffers(from: Self.inside(right)) && hash(left) == hash(right)
  }

  private static func inside(_ text: ByteSlice) -> WrittenText {
    WrittenText(text[min(1, text.count)..<max(min(1, text.count), text.count - 1)])
  }

  /// Half the SHA-256 of the folded text.
  func hash(_ text: ByteSlice) -> Hash128 {
    foldWhole(text)
    return Hash128(Digest.of(folded.bytes))
  }

  private func foldWhole(_ text: ByteSlice) {
    start.removeAll()
    folded.removeAll()
    if let text = EscapedText(quoted: text) { Text.fold(text.text(start), into: folded) }
  }

  /// A hash of how the folded text begins.
  ///
  /// What is before an ASCII character is folded alike whatever follows, because none joins with what is before it: so
  /// a start will do that has one behind the scalars in question.
  private func startHash(_ text: ByteSlice) -> UInt64 {
    let inside = Self.inside(text)
    if let hash = Self.plainStart(inside.bytes) { return hash }
    start.removeAll()
    if inside.appendPlain(bytes: Self.window, to: start) {
      folded.removeAll()
      Text.fold(start.bytes, into: folded)
      let end = Self.end(in: folded.bytes)
      if end.isFinal || inside.bytes.count <= Self.window { return Self.hash(folded.slice(0..<end.place)) }
    }
    foldWhole(text)
    return Self.hash(folded.slice(0..<Self.end(in: folded.bytes).place))
  }

  /// The same of a text that begins with ASCII; nil: it does not, or with a rare escape.
  /// - Parameter text: the inside of a JSON string.
  static func plainStart(_ text: ByteSlice) -> UInt64? {
    var hash = Self.seed
    var count = 0
    var isSpaceDue = false
    var place = 0
    while place < text.count {
      var byte = text[place]
      place += 1
      if byte == UInt8(ascii: "\\") {
        guard place < text.count else { return nil }
        switch text[place] {
        case UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "r"): byte = 0x20
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte = text[place]
        default: return nil
        }
        place += 1
      }
      if byte == 0x20 {
        isSpaceDue = true
        continue
      }
      guard (0x21...0x7E).contains(byte) else { return nil }
      // Whatever is taken has an ASCII character behind it, this one.
      if count == Self.reach { return hash }
      if isSpaceDue, count > 0 {
        Self.mix(&hash, 0x20)
        count += 1
        if count == Self.reach { return hash }
      }
      isSpaceDue = false
      Self.mix(&hash, byte)
      count += 1
    }
    return hash
  }

  private static let seed: UInt64 = 0xcbf2_9ce4_8422_2325

  /// FNV-1a. Texts that meet by chance, or on purpose, cost a comparison.
  private static func mix(_ hash: inout UInt64, _ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }

  private static func hash(_ bytes: ByteSlice) -> UInt64 {
    var hash = seed
    for byte in bytes.buffer { mix(&hash, byte) }
    return hash
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
