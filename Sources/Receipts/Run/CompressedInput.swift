import JSONTape

/// The bytes of a compressed file, all at once or block by block, for a decompressor.
public final class CompressedInput {
  /// What is at hand and was not taken yet. Valid until the next `fill`.
  public private(set) var bytes: ByteSlice
  /// Appends the next block, nothing at the end; nil: all bytes are at hand.
  private let next: ((ByteBuffer) -> Void)?
  private let window = ByteBuffer(capacity: 0)

  /// - Parameter bytes: all of them; they must outlive the input.
  public init(_ bytes: ByteSlice) {
    self.bytes = bytes
    next = nil
  }

  /// - Parameter next: appends the next block; nothing: the file has ended.
  public init(_ next: @escaping (ByteBuffer) -> Void) {
    bytes = .empty
    self.next = next
  }

  /// Takes the first bytes of those at hand.
  public func skip(_ count: Int) { bytes = bytes[count..<bytes.count] }

  /// Gets more where fewer than `count` bytes, a few, are at hand. False: the file ends before.
  public func fill(_ count: Int) -> Bool {
    while bytes.count < count, let next {
      let rest = Array(bytes.buffer)
      window.removeAll()
      rest.withUnsafeBytes { window.append($0) }
      next(window)
      let isAtEnd = window.count == rest.count
      bytes = window.bytes
      if isAtEnd { break }
    }
    return bytes.count >= count
  }
}
