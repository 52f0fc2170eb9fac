import CSimdJSON

#if canImport(Glibc)
  public import Glibc
#elseif canImport(Musl)
  public import Musl
#else
  public import Darwin
#endif

/// A run of bytes that somebody else owns: a record, a string on the tape.
///
/// Valid only as long as its owner says; copying the slice does not keep the owner alive. Not `Sendable`.
public struct ByteSlice: Hashable {
  public let buffer: UnsafeBufferPointer<UInt8>

  @inlinable
  public init(_ bytes: UnsafeBufferPointer<UInt8>) {
    precondition(bytes.count == 0 || bytes.baseAddress != nil, "a slice of nothing that has bytes")
    buffer = bytes
  }

  @inlinable
  public init(_ bytes: UnsafeRawBufferPointer) {
    self.init(bytes.assumingMemoryBound(to: UInt8.self))
  }

  @inlinable
  public static var empty: ByteSlice { ByteSlice(UnsafeBufferPointer<UInt8>(start: nil, count: 0)) }

  @inlinable
  public var count: Int { buffer.count }

  @inlinable
  public var isEmpty: Bool { buffer.isEmpty }

  @inlinable
  public var raw: UnsafeRawBufferPointer { UnsafeRawBufferPointer(buffer) }

  /// The byte at `index`, which must be in `0..<count`.
  @inlinable
  public subscript(index: Int) -> UInt8 {
    precondition(index >= 0 && index < buffer.count, "byte index out of range")
    return buffer.baseAddress.unsafelyUnwrapped[index]
  }

  /// The bytes of `range`, which must lie in `0..<count`; it has the same owner.
  @inlinable
  public subscript(range: Range<Int>) -> ByteSlice {
    precondition(range.lowerBound >= 0 && range.upperBound <= buffer.count, "byte range out of range")
    return ByteSlice(UnsafeBufferPointer(rebasing: buffer[range]))
  }

  /// The first place of `byte` from `start` on; nil: it is not there.
  @inlinable
  public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
    precondition(start >= 0 && start <= buffer.count, "byte index out of range")
    guard start < buffer.count, let base = buffer.baseAddress,
      let found = memchr(base + start, Int32(byte), buffer.count - start)
    else { return nil }
    return UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
  }

  /// How many of the bytes are `byte`.
  public func occurrences(of byte: UInt8) -> Int {
    guard let base = buffer.baseAddress else { return 0 }
    return csimdjson_occurrences(base, count, byte)
  }

  /// Bytes of the byte order mark that the text begins with.
  public var byteOrderMark: Int { hasPrefix("\u{FEFF}") ? 3 : 0 }

  /// The last place of `byte`; nil: it is not there.
  public func lastIndex(of byte: UInt8) -> Int? {
    var end = buffer.count
    guard let base = buffer.baseAddress else { return nil }
    // Eight bytes at a time: a zero byte in `differences` is a match.
    let pattern = 0x0101_0101_0101_0101 &* UInt64(byte)
    while end >= 8 {
      let differences = UnsafeRawPointer(base + end - 8).loadUnaligned(as: UInt64.self) ^ pattern
      if (differences &- 0x0101_0101_0101_0101) & ~differences & 0x8080_8080_8080_8080 != 0 { break }
      end -= 8
    }
    while end > 0 {
      end -= 1
      if base[end] == byte { return end }
    }
    return nil
  }

  /// Asks for the bytes of `range` ahead of their use, so that nobody waits for them then. What is not in the slice is
  /// left out.
  public func prefetch(_ range: Range<Int>) {
    guard let base = buffer.baseAddress else { return }
    for place in stride(from: max(0, range.lowerBound), to: min(count, range.upperBound), by: 64) {
      csimdjson_prefetch(base + place)
    }
  }

  /// The bytes as text; what is not UTF-8 becomes U+FFFD.
  public func string() -> String { String(decoding: buffer, as: UTF8.self) }

  /// Are all bytes digits, or letters from a to f?
  public var isLowerHex: Bool {
    guard let base = buffer.baseAddress else { return true }
    return csimdjson_is_lower_hex(base, count) != 0
  }

  /// Of the text in UTF-16 code units.
  public var utf16Length: Int {
    guard let base = buffer.baseAddress else { return 0 }
    return csimdjson_utf16_length(base, count)
  }

  /// The first place from `start` on of a control, of a byte that is not ASCII, or of a space with another space, one
  /// of these or the end behind it; ``count``: there is none.
  public func endOfFoldedRun(from start: Int) -> Int {
    precondition(start >= 0 && start <= count, "byte index out of range")
    guard let base = buffer.baseAddress else { return start }
    return start + csimdjson_folded_run(base + start, count - start)
  }

  /// The first place from `start` on of a byte that is not ASCII; ``count``: there is none.
  public func endOfASCIIRun(from start: Int) -> Int {
    precondition(start >= 0 && start <= count, "byte index out of range")
    guard let base = buffer.baseAddress else { return start }
    return start + csimdjson_ascii_run(base + start, count - start)
  }

  public func hasPrefix(_ prefix: StaticString) -> Bool {
    count >= prefix.utf8CodeUnitCount && self[0..<prefix.utf8CodeUnitCount] == prefix
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(bytes: raw)
  }
}

// Equality is equality of bytes, never Unicode equivalence.
extension ByteSlice {
  @inlinable
  public static func == (left: ByteSlice, right: ByteSlice) -> Bool {
    left.hasSameBytes(as: right.raw)
  }

  @inlinable
  public static func == (left: ByteSlice, right: StaticString) -> Bool {
    left.hasSameBytes(as: right.rawBytes)
  }

  public static func == (left: ByteSlice, right: String) -> Bool {
    var right = right
    return right.withUTF8 { left.hasSameBytes(as: UnsafeRawBufferPointer($0)) }
  }

  @inlinable
  func hasSameBytes(as other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count else { return false }
    guard let left = buffer.baseAddress, let right = other.baseAddress, count > 0 else { return true }
    return UnsafeRawPointer(left).hasSameBytes(as: right, count: count)
  }
}

extension Optional where Wrapped == ByteSlice {
  /// Is there a slice, with the bytes of `right`? So that `value.string == "user"` can be asked.
  @inlinable
  public static func == (left: ByteSlice?, right: StaticString) -> Bool {
    guard let left else { return false }
    return left == right
  }
}

extension StaticString {
  /// The UTF-8 bytes of the literal.
  @inlinable
  var rawBytes: UnsafeRawBufferPointer {
    precondition(hasPointerRepresentation, "a literal of one scalar has no bytes")
    return UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
  }
}

extension UnsafeRawPointer {
  /// Are the `count` bytes here and there, at least one, the same?
  ///
  /// Keys and names are short: a few words that overlap are compared without a call.
  @inlinable
  func hasSameBytes(as other: UnsafeRawPointer, count: Int) -> Bool {
    switch count {
    case 8...32:
      var difference = difference(from: other, at: 0) | difference(from: other, at: count - 8)
      if count > 16 { difference |= self.difference(from: other, at: 8) | self.difference(from: other, at: count - 16) }
      return difference == 0
    case 4..<8:
      let first = loadUnaligned(as: UInt32.self) ^ other.loadUnaligned(as: UInt32.self)
      let last =
        loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
        ^ other.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
      return first | last == 0
    default:
      // Most that differ do so in the first byte; that saves the call.
      return load(as: UInt8.self) == other.load(as: UInt8.self) && memcmp(self, other, count) == 0
    }
  }

  @inlinable
  func difference(from other: UnsafeRawPointer, at place: Int) -> UInt64 {
    loadUnaligned(fromByteOffset: place, as: UInt64.self) ^ other.loadUnaligned(fromByteOffset: place, as: UInt64.self)
  }
}
