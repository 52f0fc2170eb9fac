import ReceiptsTesting
import Synchronization
import SystemPackage
import Testing

@testable import Receipts

@Suite("FileIndex")
struct FileIndexTests {
  private let memory = MemoryFileSystem()
  private let location: FilePath = "/w/.distill/index"

  private func index(paranoid: Bool = false) -> FileIndex {
    FileIndex(fileSystem: memory, clock: memory.clock, location: location, paranoid: paranoid)
  }

  private func status(_ path: FilePath) throws -> FileStatus {
    try #require(try memory.status(of: path, followingLinks: true))
  }

  /// The digests of the workspace's files `names`, as hex or nil.
  private func digests(_ names: [String], _ index: FileIndex) throws -> [Digest?] {
    try index.digests(of: names.map { ($0, FilePath("/w").pushing(FilePath($0))) }, jobs: 2).map { $0?.digest }
  }

  /// Files that were last changed a second ago.
  private func write(_ names: [String]) {
    for name in names { memory.write("contents of \(name)", to: FilePath("/w").pushing(FilePath(name))) }
    memory.clock.advance(seconds: 1)
  }

  @Test("what was hashed is known in the next process, while nothing about the file changes")
  func remembered() throws {
    let names = (0..<50).map { "logs/\($0 * 7919 % 50).jsonl" } + ["é", "e\u{301}", "/usr/lib/libjq.so"]
    write(names)
    let first = index()
    let hashed = try digests(names, first)
    #expect(hashed == names.map { .of("contents of \($0)") })
    try first.saveIfChanged()
    memory.forgetCalls()
    let second = index()
    // Nothing is read before somebody asks, and then once.
    #expect(memory.filesRead.isEmpty)
    #expect(try digests(names, second) == hashed)
    #expect(try digests(names.reversed(), second) == hashed.reversed())
    try second.saveIfChanged()
    #expect(memory.filesRead == [location])
    #expect(memory.pathsChanged.isEmpty)
  }

  @Test("size, modification time, change time and inode must all be the same")
  func compared() throws {
    write(["a"])
    let index = index()
    let same = try status("/w/a")
    index.remember("a", same, .of("x"))
    #expect(index.known("a", same) == .of("x"))
    #expect(index.known("b", same) == nil)
    for key in [\FileStatus.size, \.modified, \.changed] {
      var other = same
      other[keyPath: key] += 1
      #expect(index.known("a", other) == nil)
    }
    var other = same
    other.inode += 1
    #expect(index.known("a", other) == nil)
    #expect(index.known("a", same) == .of("x"))
  }

  @Test("an edit of the same length with its modification time set back is seen")
  func setBack() throws {
    write(["a"])
    let index = index()
    _ = try digests(["a"], index)
    let before = try status("/w/a")
    memory.overwrite("/w/a", with: Array("CONTENTS OF a".utf8))
    memory.setModified("/w/a", to: before.modified)
    memory.clock.advance(seconds: 1)
    #expect(try digests(["a"], index) == [.of("CONTENTS OF a")])
  }

  @Test("what is forgotten or removed is not known, also after saving")
  func forgotten() throws {
    write(["a", "b"])
    let first = index()
    _ = try digests(["a", "b"], first)
    try first.saveIfChanged()
    let second = index()
    second.forget("a")
    #expect(second.known("a", try status("/w/a")) == nil)
    try second.saveIfChanged()
    let third = index()
    #expect(third.known("a", try status("/w/a")) == nil)
    #expect(third.known("b", try status("/w/b")) != nil)
    try memory.remove("/w/b")
    #expect(try digests(["a", "b"], third) == [.of("contents of a"), nil])
  }

  @Test("what nobody asked for is kept, until its file is gone")
  func missing() throws {
    write(["a", "b", "c"])
    let first = index()
    _ = try digests(["a", "b", "c"], first)
    try first.saveIfChanged()
    let second = index()
    _ = second.known("a", try status("/w/a"))
    second.remember("d", try status("/w/a"), .of("d"))
    try second.saveIfChanged()
    #expect(index().known("c", try status("/w/c")) != nil)
    let statuses = try ["a", "b", "c"].map { try status(FilePath("/w/\($0)")) }
    try memory.remove("/w/b")
    try second.forgetMissing(below: "/w")
    try second.saveIfChanged()
    let third = index()
    #expect(third.known("a", statuses[0]) != nil && third.known("c", statuses[2]) != nil)
    #expect(third.known("b", statuses[1]) == nil)
    #expect(third.known("d", statuses[0]) == nil)
  }

  @Test("lengths that pass 64 bits under a right checksum make no index")
  func lengths() {
    for (count, keys) in [(0, UInt64(Int.max)), (UInt64.max, 0), (1, UInt64(Int.max) - 72)] as [(UInt64, UInt64)] {
      var bytes = Array("DMINDEX1".utf8)
      for word in [count, keys] { withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) } }
      bytes += [UInt8](repeating: 0, count: 72)
      Digest.of(bytes).withBytes { bytes.append(contentsOf: $0) }
      #expect(FileIndexTable(bytes) == nil)
    }
  }

  @Test("an index that is saved twice holds what either save had, and knows what it knew", arguments: [true, false])
  func savedTwice(paranoid: Bool) throws {
    write(["b", "d"])
    let old = index()
    _ = try digests(["b", "d"], old)
    try old.saveIfChanged()
    write(["a", "c", "e"])
    let index = index(paranoid: paranoid)
    _ = try digests(["c", "b"], index)
    try index.saveIfChanged()
    #expect(index.known("c", try status("/w/c")) == .of("contents of c"))
    #expect(index.known("b", try status("/w/b")) == .of("contents of b"))
    #expect((index.known("d", try status("/w/d")) == nil) == paranoid)
    index.forget("b")
    _ = try digests(["e", "a"], index)
    try index.saveIfChanged()
    let next = self.index()
    let known = try ["a", "b", "c", "d", "e"].filter { next.known($0, try status(FilePath("/w/\($0)"))) != nil }
    #expect(known == ["a", "c", "d", "e"])
  }

  @Test("paranoid: each file is hashed once a process, and an unchanged index is not written")
  func paranoid() throws {
    write(["a"])
    let first = index()
    _ = try digests(["a"], first)
    try first.saveIfChanged()
    memory.forgetCalls()
    let second = index(paranoid: true)
    #expect(second.known("a", try status("/w/a")) == nil)
    _ = try digests(["a"], second)
    _ = try digests(["a"], second)
    try second.saveIfChanged()
    #expect(memory.filesRead == [location, "/w/a"])
    #expect(memory.pathsChanged.isEmpty)
  }

  @Test("a file that changed less than 20 ms ago is waited for, once")
  func settling() throws {
    memory.write("a", to: "/w/a")
    memory.clock.advance(nanoseconds: 5_000_000)
    memory.write("b", to: "/w/b")
    memory.clock.advance(nanoseconds: 15_000_000)
    let index = index()
    _ = try digests(["a", "b"], index)
    #expect(memory.clock.sleeps == [5_000_000])
    #expect(index.known("a", try status("/w/a")) != nil)
    #expect(index.known("b", try status("/w/b")) != nil)
    _ = try digests(["a", "b"], index)
    #expect(memory.clock.sleeps.count == 1)
  }

  @Test("a file from the future is hashed, not waited for, and not remembered")
  func future() throws {
    let later = MemoryFileSystem(clock: ManualClock(start: 1_777_190_500))
    later.write("a", to: "/w/a")
    let index = FileIndex(
      fileSystem: later, clock: ManualClock(start: 1_777_190_400), location: location, paranoid: false)
    #expect(try index.digests(of: [("a", "/w/a")], jobs: 1).map { $0?.digest } == [.of("a")])
    #expect(index.known("a", try #require(try later.status(of: "/w/a", followingLinks: true))) == nil)
  }

  @Test("a file that changes while it is read is an error that names it")
  func changing() throws {
    write(["a"])
    let index = index()
    #expect {
      try index.digests(
        of: [("a", "/w/a")], jobs: 1,
        progress: { _ in memory.overwrite("/w/a", with: Array("contents of b and more".utf8)) })
    } throws: { error in
      guard let error = error as? DistillError else { return false }
      return error.code == .data && error.place == "a" && error.message == "changed while it was being read"
    }
    #expect(index.known("a", try status("/w/a")) == nil)
  }

  @Test("a file that may grow has the digest of what it was, and is not remembered; it may not shrink")
  func growing() throws {
    write(["a"])
    let index = index()
    let files: [(key: String, path: FilePath)] = [("a", "/w/a")]
    let hashed = try index.digests(
      of: files, jobs: 1, growing: { $0 == "a" },
      progress: { _ in memory.overwrite("/w/a", with: Array("contents of a\nmore".utf8)) })
    #expect(hashed[0]?.digest == .of("contents of a"))
    #expect(hashed[0]?.size == 13)
    #expect(index.known("a", try status("/w/a")) == nil)
    memory.clock.advance(seconds: 1)
    #expect(throws: DistillError.self) {
      try index.digests(
        of: files, jobs: 1, growing: { _ in true }, progress: { _ in memory.overwrite("/w/a", with: [1]) })
    }
  }

  @Test("a folder where a file should be is an error; an unreadable file is one with its path")
  func notFiles() throws {
    write(["a", "d/x"])
    #expect(throws: DistillError(.data, "is not a regular file", place: "d")) { try digests(["a", "d"], index()) }
    memory.failNext(operation: "read", path: "/w/a", errno: .ioError)
    #expect(throws: FileSystemError("read", "/w/a", .ioError)) { try digests(["a"], index()) }
  }

  @Test("progress adds up to the bytes hashed")
  func progress() throws {
    memory.write([UInt8](repeating: 7, count: 1_000_000), to: "/w/a")
    write(["b"])
    let total = Mutex(0)
    _ = try index().digests(
      of: [("a", "/w/a"), ("b", "/w/b")], jobs: 2, progress: { step in total.withLock { $0 += step } })
    #expect(total.withLock { $0 } == 1_000_013)
  }

  @Test("an index with any byte altered, or cut at any length, is an empty one, and is mended by the next build")
  func damaged() throws {
    write(["a", "b"])
    let first = index()
    let hashed = try digests(["a", "b"], first)
    try first.saveIfChanged()
    let bytes = try #require(memory.bytes(of: location))
    #expect(bytes.count == 24 + 2 * 72 + 2 + 32)
    for place in bytes.indices {
      var flipped = bytes
      flipped[place] ^= 0x10
      for damaged in [flipped, Array(bytes[..<place])] {
        memory.write(damaged, to: location)
        #expect(index().known("a", try status("/w/a")) == nil, "byte \(place)")
      }
    }
    let next = index()
    #expect(try digests(["a", "b"], next) == hashed)
    try next.saveIfChanged()
    #expect(memory.bytes(of: location) == bytes)
  }

  @Test("an unreadable index is an empty one; a save that fails leaves the old one and no temporary file")
  func failures() throws {
    write(["a"])
    let first = index()
    _ = try digests(["a"], first)
    try first.saveIfChanged()
    let before = memory.bytes(of: location)
    memory.failNext(operation: "read", path: location, errno: .ioError)
    #expect(index().known("a", try status("/w/a")) == nil)
    let second = index()
    second.forget("a")
    memory.failNext(operation: "rename", path: location, errno: .noSpace)
    #expect(throws: FileSystemError("rename", location, .noSpace)) { try second.saveIfChanged() }
    #expect(memory.bytes(of: location) == before)
    #expect(memory.files == ["/w/.distill/index", "/w/a"])
  }

  @Test("on the disk: a fresh file is hashed, remembered, and known in the next process")
  func onDisk() throws {
    let folder = TemporaryFolder()
    try folder.write("hello", to: "a")
    let fileSystem = LocalFileSystem()
    func open() -> FileIndex {
      FileIndex(
        fileSystem: fileSystem, clock: SystemClock(), location: folder.path.appending("index"), paranoid: false)
    }
    let first = open()
    let hashed = try first.digests(of: [("a", folder.path.appending("a"))], jobs: 2)
    #expect(hashed[0]?.digest == .of("hello"))
    try first.saveIfChanged()
    let status = try #require(try fileSystem.status(of: folder.path.appending("a"), followingLinks: true))
    #expect(open().known("a", status) == .of("hello"))
  }
}
