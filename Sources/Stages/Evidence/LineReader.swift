import Glibc
import JSONTape
import Receipts

/// One line of a JSON Lines file.
struct LogLine {
  /// Without its line end; `JSONParser.padding` readable bytes follow. Of a line that is too long the first bytes.
  /// Valid until the next line is read.
  var bytes: ByteSlice
  /// 0-based, blank lines included.
  var number: Int
  /// In the uncompressed file.
  var offset: Int
  var length: Int
  /// Did a line end follow?
  var isTerminated: Bool
  /// Set where the line is longer than the limit: the hash of its bytes.
  var oversizeHash: Digest?
}

/// Cuts a JSON Lines file into lines: the bytes up to LF, without a CR before it.
///
/// Bytes in memory are read where they stand. A compressed file goes through a window that grows up to the longest
/// line, or the limit.
final class LineReader {
  private let limit: Int
  private let sha256: SHA256
  private let decompressor: (any Decompressor)?
  /// The bytes at hand are `base[start..<end]`.
  private var base: UnsafePointer<UInt8>
  private var start = 0
  private var end: Int
  private var isAtEnd: Bool
  /// Place of `base[0]` in the uncompressed file.
  private var baseOffset: Int
  private var number: Int
  private var window: UnsafeMutableRawBufferPointer?
  private let prefix = ByteBuffer(capacity: 512)
  /// Why a compressed file ended before its end; set when the lines before are read.
  private(set) var damage: CompressionDamage?

  private static let windowSize = 1 << 20

  /// - Parameters: `offset` and `line`, where the bytes stand in their file; `limit`, bytes of the longest line.
  init(_ bytes: ByteSlice, offset: Int, line: Int, limit: Int, sha256: SHA256) {
    self.limit = limit
    self.sha256 = sha256
    decompressor = nil
    base = bytes.buffer.baseAddress ?? UnsafePointer(bitPattern: 1)!
    end = bytes.count
    isAtEnd = true
    baseOffset = offset
    number = line
    if offset == 0 && line == 0 { skipByteOrderMark() }
  }

  init(_ decompressor: any Decompressor, limit: Int, sha256: SHA256) {
    self.limit = limit
    self.sha256 = sha256
    self.decompressor = decompressor
    let window = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.windowSize, alignment: 64)
    self.window = window
    base = UnsafePointer(window.baseAddress!.assumingMemoryBound(to: UInt8.self))
    end = 0
    isAtEnd = false
    baseOffset = 0
    number = 0
    while end < 3 && !isAtEnd { refill() }
    skipByteOrderMark()
  }

  deinit { window?.deallocate() }

  private func skipByteOrderMark() {
    start = ByteSlice(UnsafeBufferPointer(start: base, count: end)).byteOrderMark
  }

  /// nil: no more lines. The last one may lack its line end.
  func next() -> LogLine? {
    var searched = start
    while true {
      if searched < end, let found = memchr(base + searched, 0x0A, end - searched) {
        return line(upTo: UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found)), isTerminated: true)
      }
      if isAtEnd { return start < end ? line(upTo: end, isTerminated: false) : nil }
      // One byte more: it may be a CR that does not count.
      if end - start > limit + 1 { return longLine() }
      let kept = end - start
      refill()
      searched = start + kept
    }
  }

  private func line(upTo lineEnd: Int, isTerminated: Bool) -> LogLine {
    var length = lineEnd - start
    if isTerminated && length > 0 && base[lineEnd - 1] == 0x0D { length -= 1 }
    let bytes = ByteSlice(UnsafeBufferPointer(start: base + start, count: length))
    var line = LogLine(
      bytes: bytes, number: number, offset: baseOffset + start, length: length, isTerminated: isTerminated,
      oversizeHash: nil)
    if length > limit {
      sha256.update(bytes)
      line.oversizeHash = sha256.finish()
    }
    start = min(lineEnd + 1, end)
    number += 1
    return line
  }

  /// A line that the window does not hold: hashed as it passes.
  private func longLine() -> LogLine? {
    let offset = baseOffset + start
    prefix.removeAll()
    prefix.append(ByteSlice(UnsafeBufferPointer(start: base + start, count: min(end - start, 256))))
    var length = 0
    var isTerminated = false
    while true {
      let found = memchr(base + start, 0x0A, end - start)
      let lineEnd = found.map { UnsafeRawPointer(base).distance(to: UnsafeRawPointer($0)) } ?? end
      var count = lineEnd - start
      // A CR at the end waits until it is known whether a line end follows.
      let holdsReturn = count > 0 && base[lineEnd - 1] == 0x0D && (found != nil || !isAtEnd)
      if holdsReturn { count -= 1 }
      sha256.update(ByteSlice(UnsafeBufferPointer(start: base + start, count: count)))
      length += count
      if found != nil {
        start = lineEnd + 1
        isTerminated = true
        break
      }
      start += count
      if isAtEnd { break }
      refill()
    }
    number += 1
    return LogLine(
      bytes: prefix.bytes, number: number - 1, offset: offset, length: length, isTerminated: isTerminated,
      oversizeHash: sha256.finish())
  }

  /// Moves what is left to the front of the window and fills the rest; the window grows where nothing is free.
  private func refill() {
    guard let decompressor, var window else { return }
    let kept = end - start
    if kept > window.count - JSONParser.padding - Self.windowSize / 4 {
      let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: window.count * 2, alignment: 64)
      larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(window)[start..<end]))
      window.deallocate()
      window = larger
      self.window = larger
      base = UnsafePointer(larger.baseAddress!.assumingMemoryBound(to: UInt8.self))
    } else if start > 0 {
      memmove(window.baseAddress!, window.baseAddress! + start, kept)
    }
    baseOffset += start
    start = 0
    end = kept
    do throws(CompressionDamage) {
      let target = UnsafeMutableRawBufferPointer(rebasing: window[end..<window.count - JSONParser.padding])
      let count = try decompressor.read(into: target)
      if count == 0 { isAtEnd = true }
      end += count
    } catch {
      damage = error
      isAtEnd = true
    }
  }
}
