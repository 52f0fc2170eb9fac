import SystemPackage

/// A large file that nobody reads soon: a thread of its own takes whole blocks to the disk, past the page cache where
/// the system has a way, while those who make the bytes go on.
///
/// Bytes are in the file once `synchronize`, `status` or `close` has returned. What fails on the way is thrown by the
/// call that comes next. One thread at a time uses it.
final class WriteBehindFile: WritableFile {
  private let file: any WritableFile
  private let queue: BlockQueue
  /// Bytes in the block that is being filled.
  private var fill = 0
  private var thread: HelperThread?

  /// - Parameter file: nobody else uses it.
  init(_ file: any WritableFile) {
    self.file = file
    queue = BlockQueue(file)
    file.bypassCache()
  }

  deinit { end() }

  func write(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) {
    try put(bytes) { $1.copyMemory(from: $0) }
  }

  /// Writes what the digest is then also of.
  func write(_ bytes: UnsafeRawBufferPointer, hashingInto sha256: SHA256) throws(FileSystemError) {
    try put(bytes) { sha256.update($0, copyingTo: $1) }
  }

  private func put(
    _ bytes: UnsafeRawBufferPointer, _ copy: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) -> Void
  ) throws(FileSystemError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let block = queue.fillable
      let part = rest.prefix(block.count - fill)
      copy(UnsafeRawBufferPointer(rebasing: part), UnsafeMutableRawBufferPointer(rebasing: block[fill...]))
      fill += part.count
      rest = rest.dropFirst(part.count)
      if fill == block.count { try handOver() }
    }
  }

  func synchronize() throws(FileSystemError) {
    try flush()
    try file.synchronize()
  }

  func status() throws(FileSystemError) -> FileStatus {
    try flush()
    return try file.status()
  }

  func close() throws(FileSystemError) {
    let outcome = Result { () throws(FileSystemError) in try flush() }
    end()
    try file.close()
    try outcome.get()
  }

  private func handOver() throws(FileSystemError) {
    fill = 0
    if thread == nil { thread = HelperThread { [queue] in queue.write() } }
    if thread == nil {
      try file.write(UnsafeRawBufferPointer(queue.fillable))
    } else {
      try queue.put()
    }
  }

  private func flush() throws(FileSystemError) {
    try queue.waitUntilWritten()
    guard fill > 0 else { return }
    let rest = queue.fillable[..<fill]
    fill = 0
    try file.write(UnsafeRawBufferPointer(rebasing: rest))
  }

  private func end() {
    queue.end()
    thread?.join()
    thread = nil
  }
}

/// Blocks on their way from the thread that fills them to the one that writes them.
private final class BlockQueue: @unchecked Sendable {
  /// Bytes: enough that the disk is busy with one of them for as long as many calls take.
  private static let blockSize = 1 << 20
  private static let blockCount = 4

  private let file: any WritableFile
  private let monitor = Monitor()
  private let blocks = UnsafeMutableRawBufferPointer.allocate(
    byteCount: blockSize * blockCount, alignment: FileAlignment.byteCount)
  // Numbers of blocks since the beginning, and what went wrong; `filled` only changes on the thread that fills, all
  // else while `monitor` is locked. A block is written to until it counts as filled, and not again before it counts as
  // written.
  private var filled = 0
  private var written = 0
  private var failure: FileSystemError?
  private var isOver = false

  init(_ file: any WritableFile) { self.file = file }

  deinit { blocks.deallocate() }

  /// The block to fill; the same one until `put`.
  var fillable: UnsafeMutableRawBufferPointer { block(filled) }

  /// The block is full: returns when there is another one to fill.
  func put() throws(FileSystemError) {
    monitor.lock()
    defer { monitor.unlock() }
    filled += 1
    monitor.tellAll()
    while filled - written == Self.blockCount { monitor.wait() }
    if let failure { throw failure }
  }

  /// Of all that was put.
  func waitUntilWritten() throws(FileSystemError) {
    monitor.lock()
    defer { monitor.unlock() }
    while written < filled { monitor.wait() }
    if let failure { throw failure }
  }

  func end() {
    monitor.withLock {
      isOver = true
      monitor.tellAll()
    }
  }

  /// Writes what is put until the end. After a failure blocks count as written, so that nobody waits for them.
  func write() {
    monitor.lock()
    defer { monitor.unlock() }
    while true {
      while written == filled {
        if isOver { return }
        monitor.wait()
      }
      if failure == nil {
        let bytes = UnsafeRawBufferPointer(block(written))
        monitor.unlock()
        let outcome = Result { () throws(FileSystemError) in try file.write(bytes) }
        file.beginSynchronizing()
        monitor.lock()
        if case .failure(let error) = outcome { failure = error }
      }
      written += 1
      monitor.tellAll()
    }
  }

  private func block(_ number: Int) -> UnsafeMutableRawBufferPointer {
    let start = number % Self.blockCount * Self.blockSize
    return UnsafeMutableRawBufferPointer(rebasing: blocks[start..<start + Self.blockSize])
  }
}
