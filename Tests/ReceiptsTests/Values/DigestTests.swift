import JSONTape
import Testing

@testable import Receipts

@Suite("Digest and SHA256")
struct DigestTests {
  static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
  static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

  @Test("the examples of FIPS 180-4 have their digests")
  func knownAnswers() {
    #expect(Digest.of("").hex == Self.empty)
    #expect(Digest.of("abc").hex == Self.abc)
    #expect(
      Digest.of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    #expect(
      Digest.of([UInt8](repeating: 0x61, count: 1_000_000)).hex
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test("a stream has the digest of its pieces together, and starts anew after finish")
  func stream() {
    let hasher = SHA256()
    #expect(hasher.finish().hex == Self.empty)
    for _ in 0..<3 {
      hasher.update("a")
      hasher.update("")
      Array("bc".utf8).withUnsafeBytes { hasher.update($0) }
      #expect(hasher.finish().hex == Self.abc)
    }
    #expect(hasher.finish().hex == Self.empty)
  }

  /// As OpenSSL has it.
  private static func expected(_ bytes: [UInt8]) -> Digest {
    let library = SHA256(usingInstructions: false)
    bytes.withUnsafeBytes { library.update($0) }
    return library.finish()
  }

  @Test("the processor's instructions and OpenSSL give the same for every length around a block's")
  func lengths() {
    let bytes = (0..<400).map { UInt8(truncatingIfNeeded: $0 &* 131 >> 3) }
    for count in bytes.indices { #expect(Digest.of(Array(bytes[..<count])) == Self.expected(Array(bytes[..<count]))) }
  }

  @Test("bytes that are copied on the way have their digest, and arrive", arguments: [true, false])
  func copying(usingInstructions: Bool) {
    let sha256 = usingInstructions ? SHA256() : SHA256(usingInstructions: false)
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 3) }
    for first in [0, 1, 63, 64, 65, 200] {
      for count in 0..<300 {
        var copy = [UInt8](repeating: 0xEE, count: count + 1)
        bytes.withUnsafeBytes { source in
          copy.withUnsafeMutableBytes { copy in
            sha256.update(UnsafeRawBufferPointer(rebasing: source[..<first]))
            sha256.update(UnsafeRawBufferPointer(rebasing: source[first..<first + count]), copyingTo: copy)
          }
        }
        #expect(sha256.finish() == Self.expected(Array(bytes[..<(first + count)])))
        #expect(copy == Array(bytes[first..<first + count]) + [0xEE])
      }
    }
  }

  @Test("two digests that are made at once are those of their own bytes, however these are cut")
  func twoAtOnce() {
    var random = SystemRandomNumberGenerator()
    let (one, other) = (SHA256(), SHA256())
    for _ in 0..<300 {
      let texts = (0..<2).map { _ in
        (0..<Int.random(in: 0...700)).map { _ in UInt8.random(in: 0...255, using: &random) }
      }
      var places = [0, 0]
      while places != texts.map(\.count) {
        let ends = zip(places, texts).map { Int.random(in: $0...$1.count) }
        texts[0].withUnsafeBytes { bytes in
          texts[1].withUnsafeBytes { otherBytes in
            SHA256.update(
              one, ByteSlice(bytes)[places[0]..<ends[0]], and: other, ByteSlice(otherBytes)[places[1]..<ends[1]])
          }
        }
        places = ends
      }
      #expect(one.finish() == Self.expected(texts[0]))
      #expect(other.finish() == Self.expected(texts[1]))
    }
  }

  @Test("two digests at once are right where the processor has no instructions")
  func twoByTheLibrary() {
    let (one, other) = (SHA256(usingInstructions: false), SHA256())
    let text = ByteBuffer()
    text.append("abc")
    SHA256.update(one, text.bytes, and: other, .empty)
    #expect(one.finish().hex == Self.abc)
    #expect(other.finish().hex == Self.empty)
  }

  @Test("hex is read back, and only 64 lower-case digits are hex")
  func hex() throws {
    let digest = try #require(Digest(hex: Self.abc))
    #expect(digest == Digest.of("abc"))
    #expect(digest.description == Self.abc)
    let buffer = ByteBuffer()
    digest.appendHex(to: buffer)
    #expect(buffer.bytes.string() == Self.abc)
    let wrong = [
      "", String(Self.abc.dropLast()), Self.abc + "0", Self.abc.uppercased(), "g" + Self.abc.dropFirst(),
      " " + Self.abc.dropFirst(), "é" + Self.abc.dropFirst(2),
    ]
    for text in wrong { #expect(Digest(hex: text) == nil, "\(text)") }
  }

  @Test("bytes come back as they went in")
  func bytes() {
    let bytes = (0..<32).map { UInt8($0) }
    let digest = bytes.withUnsafeBytes { Digest(bytes: $0) }
    #expect(digest.withBytes { Array($0) } == bytes)
    #expect(digest.hex.hasPrefix("000102030405"))
    #expect(digest.hex.hasSuffix("1d1e1f"))
  }

  @Test("digests are ordered as their hex texts are")
  func order() {
    let digests = (0..<200).map { Digest.of("\($0)") }
    #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
    let ones = (0..<32).map { place in
      (0..<32).map { $0 == place ? UInt8(1) : 0 }.withUnsafeBytes { Digest(bytes: $0) }
    }
    #expect(ones.sorted() == ones.reversed())
  }
}
