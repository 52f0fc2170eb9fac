import Glibc
import ReceiptsTesting
import SystemPackage
import Testing

@testable import Receipts

@Suite("Files that are written behind")
struct WriteBehindFileTests {
  /// Bytes that differ from place to place.
  private static func bytes(_ range: Range<Int>) -> [UInt8] {
    range.map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 9) }
  }

  @Test("what is written is in the file, whatever the pieces, on a disk and in memory", arguments: [true, false])
  func pieces(isOnDisk: Bool) throws {
    let folder = TemporaryFolder()
    let fileSystem: any FileSystem = isOnDisk ? LocalFileSystem() : MemoryFileSystem()
    try fileSystem.createDirectory(folder.path)
    let whole = Self.bytes(0..<9_000_000)
    for sizes in [[1], [4096], [1 << 20], [1_048_575], [1, 5_000_000, 4095, 1 << 20], [9_000_000], [3_000_001, 7]] {
      let path = folder.path.appending("a")
      let file = WriteBehindFile(try fileSystem.create(path))
      // Small pieces of the beginning only.
      let count = sizes == [1] ? 70_000 : whole.count
      var (offset, turn) = (0, 0)
      while offset < count {
        let end = min(count, offset + sizes[turn % sizes.count])
        try whole.withUnsafeBytes { try file.write(UnsafeRawBufferPointer(rebasing: $0[offset..<end])) }
        (offset, turn) = (end, turn + 1)
      }
      #expect(try file.status().size == Int64(count))
      try file.synchronize()
      try file.close()
      #expect(try fileSystem.contents(of: path) == Array(whole[..<count]), "pieces of \(sizes)")
    }
  }

  @Test("it can be read between two writes once its status was asked for, and opened again to go on")
  func between() throws {
    let folder = TemporaryFolder()
    let fileSystem = LocalFileSystem()
    try fileSystem.createDirectory(folder.path)
    let path = folder.path.appending("a")
    var expected: [UInt8] = []
    for round in 0..<4 {
      let file = WriteBehindFile(round == 0 ? try fileSystem.create(path) : try fileSystem.append(to: path))
      for size in [3 << 20, 100, 2 << 20] {
        let more = Self.bytes(expected.count..<expected.count + size)
        try more.withUnsafeBytes { try file.write($0) }
        expected += more
        #expect(try file.status().size == Int64(expected.count))
        #expect(try fileSystem.contents(of: path) == expected)
      }
      try file.close()
    }
  }

  @Test("what the disk refuses is thrown by a call that follows, and by closing")
  func refused() throws {
    let fileSystem = MemoryFileSystem()
    try fileSystem.createDirectory("/space")
    let block = [UInt8](repeating: 1, count: 1 << 20)
    for failing in 0..<3 {
      let path = FilePath("/space/\(failing)")
      let file = WriteBehindFile(try fileSystem.create(path))
      func write() throws { try block.withUnsafeBytes { try file.write($0) } }
      for _ in 0..<failing { try write() }
      _ = try file.status()
      fileSystem.failNext(operation: "write", path: path, errno: .noSpace)
      #expect(throws: FileSystemError("write", path, .noSpace)) {
        for _ in 0..<20 { try write() }
      }
      #expect(throws: FileSystemError("write", path, .noSpace)) { try file.synchronize() }
      #expect(throws: FileSystemError("write", path, .noSpace)) { try file.close() }
      #expect(try fileSystem.contents(of: path)?.count == failing << 20)
    }
  }

  @Test("one that nobody closes ends with who had it")
  func dropped() throws {
    final class Counting: WritableFile, @unchecked Sendable {
      var isGone: () -> Void = {}
      deinit { isGone() }
      func write(_ bytes: UnsafeRawBufferPointer) throws(FileSystemError) {}
      func synchronize() throws(FileSystemError) {}
      func status() throws(FileSystemError) -> FileStatus {
        FileStatus(kind: .regular, size: 0, modified: 0, changed: 0, inode: 0)
      }
      func close() throws(FileSystemError) {}
    }
    nonisolated(unsafe) var gone = 0
    for _ in 0..<3 {
      let counting = Counting()
      counting.isGone = { gone += 1 }
      let file = WriteBehindFile(counting)
      let block = [UInt8](repeating: 1, count: 3 << 20)
      try block.withUnsafeBytes { try file.write($0) }
    }
    #expect(gone == 3)
  }
}
