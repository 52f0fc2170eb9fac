import Glibc
import Receipts

/// The first line in which two files differ.
struct LineDifference: Equatable {
  /// 1-based.
  var number: Int
  /// Without the line feed; nil: the file ends before.
  var expected: [UInt8]?
  var found: [UInt8]?

  private static let blockSize = 256 << 10

  /// nil: the files are the same. Holds two blocks and the two lines, whatever the files' size.
  static func first(
    _ expected: any ReadableFile, _ found: any ReadableFile
  ) throws(FileSystemError) -> LineDifference? {
    let left = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 64)
    let right = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 64)
    defer {
      left.deallocate()
      right.deallocate()
    }
    var number = 1
    var lineStart: Int64 = 0
    var offset: Int64 = 0
    while true {
      let counts = (try expected.read(into: left, at: offset), try found.read(into: right, at: offset))
      let shared = min(counts.0, counts.1)
      let same = memcmp(left.baseAddress!, right.baseAddress!, shared) == 0
      let end = same ? shared : (0..<shared).first { left[$0] != right[$0] } ?? shared
      for index in 0..<end where left[index] == UInt8(ascii: "\n") {
        number += 1
        lineStart = offset + Int64(index) + 1
      }
      if !same || counts.0 != counts.1 {
        return LineDifference(
          number: number, expected: try line(of: expected, at: lineStart), found: try line(of: found, at: lineStart))
      }
      if shared == 0 { return nil }
      offset += Int64(shared)
    }
  }

  private static func line(of file: any ReadableFile, at start: Int64) throws(FileSystemError) -> [UInt8]? {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 64)
    defer { block.deallocate() }
    var bytes: [UInt8] = []
    while true {
      let count = try file.read(into: block, at: start + Int64(bytes.count))
      let read = block[..<count]
      if let end = read.firstIndex(of: UInt8(ascii: "\n")) {
        bytes += read[..<end]
        return bytes
      }
      bytes += read
      if count < block.count { return bytes.isEmpty ? nil : bytes }
    }
  }
}
