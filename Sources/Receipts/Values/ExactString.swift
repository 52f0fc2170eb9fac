import Glibc

/// A string that is equal to another only byte for byte, and ordered by its UTF-8 bytes.
///
/// `String` compares by canonical equivalence: two file names that differ in their normal form would be one key.
package struct ExactString: Sendable, Hashable, Comparable {
  package var string: String

  package init(_ string: String) {
    self.string = string
  }

  package static func == (left: ExactString, right: ExactString) -> Bool {
    compare(left, right) == 0
  }

  package static func < (left: ExactString, right: ExactString) -> Bool {
    compare(left, right) < 0
  }

  package func hash(into hasher: inout Hasher) {
    withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }

  func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
    if let result = try string.utf8.withContiguousStorageIfAvailable(body) { return result }
    var copy = string
    return try copy.withUTF8(body)
  }

  /// Negative, zero or positive, as `memcmp` says; a prefix comes before what it begins.
  static func compare(_ left: ExactString, _ right: ExactString) -> Int {
    left.withBytes { leftBytes in right.withBytes { compare(leftBytes, $0) } }
  }

  static func compare(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
    let shared = min(left.count, right.count)
    if shared > 0 {
      let order = memcmp(left.baseAddress!, right.baseAddress!, shared)
      if order != 0 { return Int(order) }
    }
    return left.count - right.count
  }
}
