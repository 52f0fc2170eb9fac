import JSONTape

/// Takes bytes from a reader to a writer, block by block, and hashes each block on another thread while it is in the
/// caches: what is hashed is what is written, and the three cost the time of the two that copy.
final class BlockRelay: @unchecked Sendable {
  /// Bytes of a block: small beside a core's cache.
  private static let blockSize = 256 << 10
  private static let blockCount = 8

  private let monitor = Monitor()
  private let blocks = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize * blockCount, alignment: 64)
  // Numbers of blocks since the beginning, and what is in those between them; only touched while `monitor` is locked. A
  // block is written to until it counts as filled, and not again before it counts as hashed.
  private var filled = 0
  private var hashed = 0
  private var sizes = [Int](repeating: 0, count: blockCount)
  private var isOver = false
  private let sha256: SHA256

  /// - Parameter sha256: nobody else uses it before `copy` has returned.
  init(hashingInto sha256: SHA256) { self.sha256 = sha256 }

  deinit { blocks.deallocate() }

  /// - Parameters:
  ///   - read: fills the block with the bytes from an offset on, all of it, or throws.
  ///   - write: gets each block, in order.
  ///   - isHelped: a second thread hashes, if the system gives one; else the caller's does.
  func copy(
    byteCount: Int, isHelped: Bool, read: (UnsafeMutableRawBufferPointer, _ offset: Int) throws -> Void,
    write: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    guard isHelped, byteCount > Self.blockSize else {
      return try copyBlocks(byteCount, isHelped: false, read, write)
    }
    try withHelper({ self.hashBlocks() }) { isThere in
      defer { end() }
      try copyBlocks(byteCount, isHelped: isThere, read, write)
    }
  }

  private func copyBlocks(
    _ byteCount: Int, isHelped: Bool, _ read: (UnsafeMutableRawBufferPointer, _ offset: Int) throws -> Void,
    _ write: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    var offset = 0
    var number = 0
    while offset < byteCount {
      let bytes = block(number, min(Self.blockSize, byteCount - offset))
      if isHelped { waitForRoom() }
      try read(bytes, offset)
      if isHelped { handOver(bytes.count) } else { sha256.update(UnsafeRawBufferPointer(bytes)) }
      try write(UnsafeRawBufferPointer(bytes))
      offset += bytes.count
      number += 1
    }
  }

  private func block(_ number: Int, _ size: Int) -> UnsafeMutableRawBufferPointer {
    let start = number % Self.blockCount * Self.blockSize
    return UnsafeMutableRawBufferPointer(rebasing: blocks[start..<start + size])
  }

  private func waitForRoom() {
    monitor.withLock {
      while filled - hashed == Self.blockCount { monitor.wait() }
    }
  }

  private func handOver(_ size: Int) {
    monitor.withLock {
      sizes[filled % Self.blockCount] = size
      filled += 1
      monitor.tellAll()
    }
  }

  private func end() {
    monitor.withLock {
      isOver = true
      monitor.tellAll()
    }
  }

  /// On the helper's thread.
  private func hashBlocks() {
    monitor.lock()
    defer { monitor.unlock() }
    while true {
      while hashed == filled {
        if isOver { return }
        monitor.wait()
      }
      let bytes = block(hashed, sizes[hashed % Self.blockCount])
      monitor.unlock()
      sha256.update(UnsafeRawBufferPointer(bytes))
      monitor.lock()
      hashed += 1
      monitor.tellAll()
    }
  }
}
