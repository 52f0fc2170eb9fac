import JSONTape
import Receipts

/// What a store does that its contract rules out.
public struct ConformanceFailure: Error, Sendable, CustomStringConvertible {
  public var description: String
}

/// Checks that an empty store keeps the promises of `ObjectStore`.
///
/// - Parameter damage: alters the bytes that the store holds for a digest; nil: this one's can't be reached.
/// - Throws: `ConformanceFailure` for the first promise that is broken, or what the store threw.
public func checkConformance(of store: any ObjectStore, damage: ((Digest) throws -> Void)? = nil) throws {
  let buffer = ByteBuffer()
  for bytes in samples {
    let digest = try put(bytes, in: store)
    try expect(digest == .of(bytes), "store returned another digest")
    try expect(try store.contains(digest), "an object that was stored is not there")
    try expect(try put(bytes, in: store) == digest, "storing twice gave another digest")
  }
  for bytes in samples {
    buffer.removeAll()
    buffer.append("before")
    try expect(try store.read(.of(bytes), into: buffer), "an object that was stored can't be read")
    try expect(buffer.bytes[0..<6] == "before", "read altered what was in the buffer")
    try expect(buffer.bytes[6..<buffer.count].buffer.elementsEqual(bytes), "read gave other bytes")
  }

  let missing = Digest.of("never stored")
  buffer.removeAll()
  buffer.append("before")
  try expect(try !store.contains(missing), "a missing object is there")
  try expect(try !store.read(missing, into: buffer), "a missing object was read")
  try store.remove(missing)

  let removed = Digest.of(samples[1])
  try store.remove(removed)
  try expect(try !store.contains(removed), "an object is there after its removal")
  try expect(try !store.read(removed, into: buffer), "a removed object was read")

  if let damage {
    let bytes = samples[2]
    let digest = Digest.of(bytes)
    try damage(digest)
    try expect(try !store.read(digest, into: buffer), "a damaged object was read")
    try expect(try !store.contains(digest), "a damaged object stays after it was read")
    try expect(try put(bytes, in: store) == digest, "a damaged object can't be stored again")
    try expect(try store.read(digest, into: buffer), "an object can't be read after it was mended")
    buffer.truncate(to: 6)
    try damage(digest)
    try expect(try put(bytes, in: store) == digest, "a damaged object that nobody read can't be stored again")
    try expect(try store.read(digest, into: buffer), "storing an object left a damaged one in its place")
    buffer.truncate(to: 6)
  }
  try expect(buffer.bytes == "before", "a read that failed left something in the buffer")

  // All threads store and read the same few objects.
  _ = try parallelMap(Array(0..<64), jobs: 8) { _, number in
    let bytes = Array("shared \(number % 4)".utf8)
    let digest = try put(bytes, in: store)
    let buffer = ByteBuffer()
    try expect(try store.read(digest, into: buffer), "an object that another thread stores too can't be read")
    try expect(buffer.bytes.buffer.elementsEqual(bytes), "another thread's store damaged an object")
  }
}

/// Nothing, one byte, some, and more than any buffer of a store will hold.
private let samples: [[UInt8]] = [
  [], [0], Array("an object".utf8), (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) },
]

private func put(_ bytes: [UInt8], in store: any ObjectStore) throws -> Digest {
  try bytes.withUnsafeBytes { try store.store(ByteSlice($0)) }
}

private func expect(_ condition: @autoclosure () throws -> Bool, _ failure: String) throws {
  guard try condition() else { throw ConformanceFailure(description: failure) }
}
