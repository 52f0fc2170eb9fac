import Glibc
import JSONTape
import Receipts

/// The lines of a file from its start, read piece by piece: a file of any size takes the memory of one piece and one
/// line.
struct FileLines {
  private static let pieceSize = 256 << 10

  private let file: any ReadableFile
  private let byteLimit: Int64

  /// - Parameter byteLimit: nothing behind it is read; a line that reaches past it is not visited.
  init(_ file: any ReadableFile, byteLimit: Int64) {
    self.file = file
    self.byteLimit = byteLimit
  }

  /// - Parameter visit: gets each line without its line end, valid during the call and padded for a `JSONParser`, and
  ///   its 0-based number; returns false when it has seen enough.
  func visit(_ visit: (ByteSlice, Int64) throws -> Bool) throws {
    var pending = ByteBuffer(capacity: Self.pieceSize)
    var spare = ByteBuffer(capacity: Self.pieceSize)
    var offset: Int64 = 0
    var number: Int64 = 0
    while offset < byteLimit {
      let searched = pending.count
      let count = try readPiece(at: offset, to: pending)
      if count == 0 { break }
      offset += Int64(count)

      let bytes = pending.bytes
      var start = 0
      var from = searched
      while let end = Self.lineEnd(in: bytes, from: from) {
        guard try visit(bytes[start..<end], number) else { return }
        number += 1
        start = end + 1
        from = start
      }
      // What is left is copied only after a line has ended in the piece: a long line is not copied once a piece.
      if start > 0 {
        spare.removeAll()
        spare.append(bytes[start..<bytes.count])
        swap(&pending, &spare)
      }
    }
  }

  private func readPiece(at offset: Int64, to buffer: ByteBuffer) throws -> Int {
    var count = 0
    try buffer.append(count: Int(min(Int64(Self.pieceSize), byteLimit - offset))) { room in
      count = try file.read(into: room, at: offset)
      return count
    }
    return count
  }

  private static func lineEnd(in bytes: ByteSlice, from start: Int) -> Int? {
    guard start < bytes.count, let base = bytes.raw.baseAddress,
      let found = memchr(base + start, Int32(UInt8(ascii: "\n")), bytes.count - start)
    else { return nil }
    return base.distance(to: UnsafeRawPointer(found))
  }
}
