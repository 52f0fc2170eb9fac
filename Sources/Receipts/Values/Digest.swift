import JSONTape

/// A SHA-256 (FIPS 180-4), 32 bytes inline.
public struct Digest: Sendable, Hashable {
  /// The bytes as they lie in memory, so that `withBytes` needs no copy.
  private var words: (UInt64, UInt64, UInt64, UInt64)

  /// - Parameter bytes: exactly 32.
  public init(bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count == 32, "a SHA-256 has 32 bytes")
    words = bytes.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self)
  }

  /// nil unless `hex` is 64 lower-case hex digits.
  public init?(hex: String) {
    var hex = hex
    guard let digest = hex.withUTF8({ Digest(hex: ByteSlice($0)) }) else { return nil }
    self = digest
  }

  /// nil unless `hex` is 64 lower-case hex digits.
  public init?(hex: ByteSlice) {
    guard hex.count == 64 else { return nil }
    words = (0, 0, 0, 0)
    let valid = withUnsafeMutableBytes(of: &words) { bytes in
      for index in 0..<32 {
        guard let high = Self.value(ofHexDigit: hex[2 * index]), let low = Self.value(ofHexDigit: hex[2 * index + 1])
        else { return false }
        bytes[index] = high << 4 | low
      }
      return true
    }
    guard valid else { return nil }
  }

  /// 64 lower-case hex digits.
  public var hex: String {
    String(unsafeUninitializedCapacity: 64) { digits in
      writeHex(to: digits)
      return 64
    }
  }

  public func appendHex(to output: ByteBuffer) {
    output.append(count: 64) { room in
      writeHex(to: room.assumingMemoryBound(to: UInt8.self))
      return 64
    }
  }

  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withUnsafeBytes(of: words, body)
  }

  /// Of no bytes.
  static let ofNothing = of([UInt8]())

  public static func of(_ bytes: UnsafeRawBufferPointer) -> Digest { SHA256.digest(of: bytes) }

  public static func of(_ bytes: ByteSlice) -> Digest { of(bytes.raw) }

  public static func of(_ bytes: [UInt8]) -> Digest { bytes.withUnsafeBytes { of($0) } }

  /// Of the text's UTF-8 bytes.
  public static func of(_ text: String) -> Digest {
    var text = text
    return text.withUTF8 { of(UnsafeRawBufferPointer($0)) }
  }

  public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

  public func hash(into hasher: inout Hasher) {
    // Eight bytes of a SHA-256 tell keys apart as well as all of them.
    hasher.combine(words.0)
  }

  private func writeHex(to output: UnsafeMutableBufferPointer<UInt8>) {
    withBytes { bytes in
      for index in 0..<32 {
        output[2 * index] = Self.hexDigit(bytes[index] >> 4)
        output[2 * index + 1] = Self.hexDigit(bytes[index] & 15)
      }
    }
  }

  private static func value(ofHexDigit digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? 0x30 + value : 0x61 + value - 10
  }
}

/// Ordered by bytes, which is the order of the hex texts.
extension Digest: Comparable {
  public static func < (left: Digest, right: Digest) -> Bool {
    (left.words.0.bigEndian, left.words.1.bigEndian, left.words.2.bigEndian, left.words.3.bigEndian)
      < (right.words.0.bigEndian, right.words.1.bigEndian, right.words.2.bigEndian, right.words.3.bigEndian)
  }
}

extension Digest: CustomStringConvertible {
  public var description: String { hex }
}
