import Glibc
import JSONTape
import Receipts
import ReceiptsTesting
import SystemPackage
import Testing

/// What each file system must do; the one in memory has to behave as the real one, or tests with it prove nothing.
@Suite("FileSystem")
struct FileSystemTests {
  /// `near`: the real one, which was told the folder.
  enum Kind: String, CaseIterable, Sendable { case local, near, memory }

  /// An empty folder of a file system.
  private func withFolder(_ kind: Kind, _ body: (any FileSystem, FilePath) throws -> Void) throws {
    switch kind {
    case .local:
      let folder = TemporaryFolder()
      try body(LocalFileSystem(), folder.path)
    case .near:
      let folder = TemporaryFolder()
      try body(LocalFileSystem(near: folder.path), folder.path)
    case .memory:
      let fileSystem = MemoryFileSystem()
      try fileSystem.createDirectory("/space")
      try body(fileSystem, "/space")
    }
  }

  private func write(_ text: String, to path: FilePath, _ fileSystem: any FileSystem) throws {
    let file = try fileSystem.create(path)
    try Array(text.utf8).withUnsafeBytes { try file.write($0) }
    try file.close()
  }

  private func text(of path: FilePath, _ fileSystem: any FileSystem) throws -> String? {
    try fileSystem.contents(of: path).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test("what is written is read back, from any offset", arguments: Kind.allCases)
  func readBack(kind: Kind) throws {
    try withFolder(kind) { fileSystem, folder in
      let path = folder.appending("a")
      let file = try fileSystem.create(path)
      try Array("hello ".utf8).withUnsafeBytes { try file.write($0) }
      try Array("world".utf8).withUnsafeBytes { try file.write($0) }
      try file.synchronize()
      #expect(try file.status().size == 11)
      try file.close()
      #expect(try text(of: path, fileSystem) == "hello world")
      let reader = try fileSystem.open(path)
      var bytes = [UInt8](repeating: 0x2E, count: 8)
      #expect(try bytes.withUnsafeMutableBytes { try reader.read(into: $0, at: 6) } == 5)
      #expect(bytes == Array("world...".utf8))
      #expect(try bytes.withUnsafeMutableBytes { try reader.read(into: $0, at: 100) } == 0)
      #expect(try reader.status().kind == .regular)
    }
  }

  @Test("creating replaces the file and leaves its other readers alone", arguments: Kind.allCases)
  func replaces(kind: Kind) throws {
    try withFolder(kind) { fileSystem, folder in
      let path = folder.appending("a")
      try write("old", to: path, fileSystem)
      let before = try #require(try fileSystem.status(of: path, followingLinks: false))
      let reader = try fileSystem.open(path)
      try write("newer", to: path, fileSystem)
      #expect(try text(of: path, fileSystem) == "newer")
      #expect(try #require(try fileSystem.status(of: path, followingLinks: false)).inode != before.inode)
      var bytes = [UInt8](repeating: 0, count: 3)
      _ = try bytes.withUnsafeMutableBytes { try reader.read(into: $0, at: 0) }
      #expect(bytes == Array("old".utf8))
    }
  }

  @Test("nothing is found where nothing is, and nothing is removed there", arguments: Kind.allCases)
  func missing(kind: Kind) throws {
    try withFolder(kind) { fileSystem, folder in
      try write("", to: folder.appending("file"), fileSystem)
      for path in [folder.appending("no"), folder.pushing("no/no"), folder.pushing("file/no")] {
        #expect(try fileSystem.status(of: path, followingLinks: true) == nil)
        #expect(try fileSystem.entries(of: path).isEmpty)
        #expect(try fileSystem.contents(of: path) == nil)
        #expect(try fileSystem.remove(path) == false)
      }
      #expect(throws: FileSystemError("open", folder.appending("no"), .noSuchFileOrDirectory)) {
        try fileSystem.open(folder.appending("no"))
      }
      #expect(throws: FileSystemError("create", folder.pushing("no/no"), .noSuchFileOrDirectory)) {
        try fileSystem.create(folder.pushing("no/no"))
      }
    }
  }

  @Test("entries come in the order of their bytes, links as links", arguments: Kind.allCases)
  func entries(kind: Kind) throws {
    try withFolder(kind) { fileSystem, folder in
      for name in ["b", "a-", "a", "é", "B"] { try write(name, to: folder.appending(name), fileSystem) }
      try fileSystem.createDirectory(folder.appending("a.d"))
      try makeLink(folder.appending("link"), to: "a", fileSystem)
      let entries = try fileSystem.entries(of: folder)
      #expect(entries.map(\.name) == ["B", "a", "a-", "a.d", "b", "link", "é"])
      #expect(
        entries.map(\.kind) == [.regular, .regular, .regular, .directory, .regular, .symbolicLink, .regular])
    }
  }

  @Test("many paths are looked up as one by one", arguments: Kind.allCases)
  func manyStatuses(kind: Kind) throws {
    try withFolder(kind) { fileSystem, folder in
      for path in ["a/b", "ab"] { try fileSystem.createDirectory(folder.appending(path)) }
      for path in ["top", "a/one", "a/two", "a/b/one", "ab/one"] {
        try write(path, to: folder.appending(path), fileSystem)
      }
      try makeLink(folder.appending("to-a"), to: "a", fileSystem)
      try makeLink(folder.appending("a/to-two"), to: "two", fileSystem)
      let paths = [
        "a/b/one", "a/one", "a/none", "a/two", "ab/one", "ab/two", "gone/x", "gone/y", "top", "top/x", "a", "to-a/one",
        "a/to-two", "a/one",
      ]
      let asked = paths.map { RelativePath(unchecked: $0) }
      let expected = try paths.map { try fileSystem.status(of: folder.appending($0), followingLinks: true) }
      #expect(try fileSystem.statuses(of: asked[...], below: folder) == expected)
      #expect(try fileSystem.statuses(of: asked[3..<5], below: folder) == Array(expected[3..<5]))
      #expect(
        expected.map { $0 == nil } == paths.map { ["a/none", "ab/two", "gone/x", "gone/y", "top/x"].contains($0) })
    }
  }

  @Test("links are followed or not, as asked", arguments: Kind.allCases)
  func links(kind: Kind) throws {
    try withFolder(kind) { fileSystem, folder in
      try fileSystem.createDirectory(folder.pushing("d/e"))
      try write("inside", to: folder.pushing("d/e/file"), fileSystem)
      try makeLink(folder.appending("to-d"), to: "d/e", fileSystem)
      try makeLink(folder.pushing("d/up"), to: "../to-d/file", fileSystem)
      try makeLink(folder.appending("nowhere"), to: "no/no", fileSystem)
      #expect(try text(of: folder.pushing("to-d/file"), fileSystem) == "inside")
      #expect(try text(of: folder.pushing("d/up"), fileSystem) == "inside")
      #expect(try fileSystem.entries(of: folder.appending("to-d")).map(\.name) == ["file"])
      #expect(try fileSystem.status(of: folder.appending("to-d"), followingLinks: true)?.kind == .directory)
      #expect(try fileSystem.status(of: folder.appending("to-d"), followingLinks: false)?.kind == .symbolicLink)
      #expect(try fileSystem.status(of: folder.appending("nowhere"), followingLinks: true) == nil)
      #expect(try fileSystem.status(of: folder.appending("nowhere"), followingLinks: false)?.kind == .symbolicLink)
      #expect(try fileSystem.linkTarget(of: folder.appending("to-d")) == "d/e")
      #expect(throws: FileSystemError("read", folder.appending("d"), .invalidArgument)) {
        try fileSystem.linkTarget(of: folder.appending("d"))
      }
      // Creating replaces the link, not what it leads to.
      try write("new", to: folder.pushing("d/up"), fileSystem)
      #expect(try text(of: folder.pushing("d/e/file"), fileSystem) == "inside")
      try fileSystem.remove(folder.appending("to-d"))
      #expect(try text(of: folder.pushing("d/e/file"), fileSystem) == "inside")
    }
  }

  @Test("a barrier brings everything to the disk, and its folder must be there", arguments: Kind.allCases)
  func barrier(kind: Kind) throws {
    try withFolder(kind) { fileSystem, folder in
      // Not every file system has one.
      guard let barrier = try fileSystem.barrier(at: folder) else {
        #expect(kind != .memory)
        return
      }
      let memory = fileSystem as? MemoryFileSystem
      memory?.watchDisk()
      let deep = folder.pushing("a/b")
      try fileSystem.createDirectory(deep)
      try write("one", to: deep.appending("one"), fileSystem)
      try fileSystem.rename(deep.appending("one"), to: folder.appending("two"))
      try barrier.synchronize()
      try write("late", to: folder.appending("late"), fileSystem)
      var survived = 0
      for _ in 0..<20 {
        var generator = SystemRandomNumberGenerator()
        let copy = memory?.copy()
        copy?.cutPower(using: &generator)
        let found = copy ?? fileSystem
        #expect(try text(of: folder.appending("two"), found) == "one")
        #expect(try found.status(of: deep, followingLinks: false)?.kind == .directory)
        #expect(try found.status(of: deep.appending("one"), followingLinks: false) == nil)
        if try text(of: folder.appending("late"), found) == "late" { survived += 1 }
      }
      #expect(kind != .memory || survived < 20)
      #expect(throws: FileSystemError.self) { try fileSystem.barrier(at: folder.appending("none")) }
    }
  }

  @Test("renaming replaces the target, and keeps inode and contents", arguments: Kind.allCases)
  func rename(kind: Kind) throws {
    try withFolder(kind) { fileSystem, folder in
      let source = folder.appending("a")
      let target = folder.appending("b")
      try write("new", to: source, fileSystem)
      try write("old", to: target, fileSystem)
      let inode = try #require(try fileSystem.status(of: source, followingLinks: false)).inode
      try fileSystem.rename(source, to: target)
      try fileSystem.synchronizeDirectory(folder)
      #expect(try fileSystem.status(of: source, followingLinks: false) == nil)
      #expect(try fileSystem.status(of: target, followingLinks: false)?.inode == inode)
      #expect(try text(of: target, fileSystem) == "new")
      #expect(throws: FileSystemError("rename", target, .noSuchFileOrDirectory)) {
        try fileSystem.rename(source, to: target)
      }
    }
  }

  @Test("folders are made with their parents, and removed when they are empty", arguments: Kind.allCases)
  func folders(kind: Kind) throws {
    try withFolder(kind) { fileSystem, folder in
      let deep = folder.pushing("a/b/c")
      try fileSystem.createDirectory(deep)
      try fileSystem.createDirectory(deep)
      try write("x", to: deep.appending("file"), fileSystem)
      #expect(throws: FileSystemError("remove", deep, .directoryNotEmpty)) { try fileSystem.remove(deep) }
      #expect(throws: FileSystemError("create", deep.appending("file"), .notDirectory)) {
        try fileSystem.createDirectory(deep.appending("file"))
      }
      try fileSystem.remove(deep.appending("file"))
      #expect(try fileSystem.remove(deep))
      #expect(try fileSystem.entries(of: folder.pushing("a/b")).isEmpty)
    }
  }

  @Test("a lock is held until it is released", arguments: Kind.allCases)
  func locks(kind: Kind) throws {
    try withFolder(kind) { fileSystem, folder in
      var first = try fileSystem.lock(folder, waiting: false)
      #expect(first != nil)
      #expect(try fileSystem.lock(folder, waiting: false) == nil)
      first = nil
      #expect(try fileSystem.lock(folder, waiting: true) != nil)
      _ = first
    }
  }

  @Test("there is free space", arguments: Kind.allCases)
  func freeSpace(kind: Kind) throws {
    try withFolder(kind) { fileSystem, folder in
      let free = try fileSystem.freeSpace(at: folder)
      #expect(free > 0)
    }
  }

  @Test("a whole file is appended to a buffer, which an absent file leaves alone", arguments: Kind.allCases)
  func wholeFiles(kind: Kind) throws {
    try withFolder(kind) { fileSystem, folder in
      let buffer = ByteBuffer(capacity: 0)
      buffer.append("> ")
      #expect(try !fileSystem.appendContents(of: folder.appending("no"), to: buffer))
      #expect(throws: FileSystemError("read", folder, .isDirectory)) {
        try fileSystem.appendContents(of: folder, to: buffer)
      }
      try write("", to: folder.appending("empty"), fileSystem)
      try write(String(repeating: "line\n", count: 20_000), to: folder.appending("long"), fileSystem)
      #expect(try fileSystem.appendContents(of: folder.appending("empty"), to: buffer))
      #expect(buffer.bytes == "> ")
      #expect(try fileSystem.appendContents(of: folder.appending("long"), to: buffer))
      #expect(buffer.count == 100_002)
      #expect(buffer.bytes[0..<7] == "> line\n")
    }
  }

  private func makeLink(_ path: FilePath, to target: String, _ fileSystem: any FileSystem) throws {
    if let memory = fileSystem as? MemoryFileSystem { return memory.link(path, to: target) }
    let result = path.withPlatformString { symlink(target, $0) }
    try #require(result == 0)
  }
}

@Suite("LocalFileSystem")
struct LocalFileSystemTests {
  @Test("a long link is read whole")
  func longLink() throws {
    let folder = TemporaryFolder()
    let target = String(repeating: "x/", count: 500)
    let result = folder.path.appending("link").withPlatformString { symlink(target, $0) }
    try #require(result == 0)
    #expect(try LocalFileSystem().linkTarget(of: folder.path.appending("link")) == target)
  }

  @Test("opening a named pipe does not wait")
  func pipe() throws {
    let folder = TemporaryFolder()
    let path = folder.path.appending("pipe")
    let result = path.withPlatformString { mkfifo($0, 0o600) }
    try #require(result == 0)
    #expect(try LocalFileSystem().open(path).status().kind == .other)
  }

  @Test("an error says what failed, where, and why")
  func errors() throws {
    let folder = TemporaryFolder()
    try folder.write("", to: "file")
    let below = folder.path.pushing("file/x")
    #expect(throws: FileSystemError("create", below, .notDirectory)) { try LocalFileSystem().create(below) }
    #expect(FileSystemError("create", below, .noSpace).exitCode == .cannotWrite)
    #expect(FileSystemError("open", below, .noSpace).exitCode == .inputOutput)
  }
}

@Suite("MemoryFileSystem")
struct MemoryFileSystemTests {
  @Test("scripted errors hit one call, and calls are recorded")
  func scripted() throws {
    let fileSystem = MemoryFileSystem()
    fileSystem.write("x", to: "/a")
    fileSystem.failNext(operation: "open", path: "/a", errno: .ioError)
    #expect(throws: FileSystemError("open", "/a", .ioError)) { try fileSystem.open("/a") }
    #expect(try fileSystem.contents(of: "/a") == [0x78])
    #expect(fileSystem.filesRead == ["/a"])
    _ = try fileSystem.create("/b")
    try fileSystem.rename("/b", to: "/c")
    try fileSystem.remove("/c")
    #expect(fileSystem.pathsChanged == ["/b", "/c", "/c"])
    #expect(fileSystem.files == ["/a"])
  }

  @Test("after the last change that is let through, nothing works any more")
  func stopped() throws {
    let fileSystem = MemoryFileSystem()
    fileSystem.stop(afterChanges: 1)
    _ = try fileSystem.create("/a")
    #expect(throws: FileSystemError("rename", "/b", .ioError)) { try fileSystem.rename("/a", to: "/b") }
    #expect(throws: FileSystemError.self) { try fileSystem.status(of: "/a", followingLinks: false) }
    fileSystem.stop(afterChanges: nil)
    #expect(fileSystem.files == ["/a"])
  }
}
