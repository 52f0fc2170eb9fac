import JSONTape
import Receipts
import ReceiptsTesting
import SystemPackage
import Testing

@Suite("DirectoryObjectStore")
struct ObjectStoreTests {
  private func put(_ text: String, in store: any ObjectStore) throws -> Digest {
    try Array(text.utf8).withUnsafeBytes { try store.store(ByteSlice($0)) }
  }

  @Test("keeps the promises of a store, in memory and on the disk")
  func conformance() throws {
    let memory = MemoryFileSystem()
    let store = DirectoryObjectStore(fileSystem: memory, root: "/w/.distill")
    try checkConformance(of: store) { memory.overwrite(store.path(of: $0), with: [1, 2, 3]) }
    try checkConformance(of: DirectoryObjectStore(fileSystem: memory, root: "/same-length")) { digest in
      let path = DirectoryObjectStore(fileSystem: memory, root: "/same-length").path(of: digest)
      memory.overwrite(path, with: (memory.bytes(of: path) ?? []).map { $0 ^ 1 })
    }
    let folder = TemporaryFolder()
    try checkConformance(of: DirectoryObjectStore(fileSystem: LocalFileSystem(), root: folder.path.appending("d")))
    #expect(try LocalFileSystem().entries(of: folder.path.pushing("d/tmp")).isEmpty)
  }

  @Test("an object is a file with just its bytes, at its digest's place")
  func layout() throws {
    let memory = MemoryFileSystem()
    let store = DirectoryObjectStore(fileSystem: memory, root: "/w/.distill")
    _ = try put("abc", in: store)
    let path: FilePath = "/w/.distill/objects/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(memory.files == [path])
    #expect(memory.text(of: path) == "abc")
    let other = try put("x", in: store)
    memory.write("", to: "/w/.distill/objects/zz/stray")
    #expect(try store.digests() == [other, .of("abc")].sorted())
  }

  @Test("an object that is there is not written again; one of another length is")
  func once() throws {
    let memory = MemoryFileSystem()
    let store = DirectoryObjectStore(fileSystem: memory, root: "/d")
    let digest = try put("abc", in: store)
    memory.forgetCalls()
    #expect(try put("abc", in: store) == digest)
    #expect(memory.pathsChanged.isEmpty)
    memory.overwrite(store.path(of: digest), with: [])
    #expect(try put("abc", in: store) == digest)
    #expect(memory.text(of: store.path(of: digest)) == "abc")
  }

  @Test("wherever a store is interrupted, the object is whole or not there", arguments: 0...6)
  func interrupted(changes: Int) throws {
    let memory = MemoryFileSystem()
    let store = DirectoryObjectStore(fileSystem: memory, root: "/d")
    memory.stop(afterChanges: changes)
    let stored = try? put("abc", in: store)
    memory.stop(afterChanges: nil)
    let path = store.path(of: .of("abc"))
    #expect(memory.text(of: path) == nil || memory.text(of: path) == "abc")
    #expect(stored == nil || memory.text(of: path) == "abc")
    #expect(try put("abc", in: store) == .of("abc"))
    #expect(try store.read(.of("abc"), into: ByteBuffer()))
  }

  @Test("a store that fails leaves no temporary file", arguments: ["rename", "create"])
  func failed(operation: String) throws {
    let memory = MemoryFileSystem()
    let store = DirectoryObjectStore(fileSystem: memory, root: "/d")
    let digest = Digest.of("abc")
    memory.write("", to: "/d/tmp/x")
    if operation == "rename" {
      memory.failNext(operation: operation, path: store.path(of: digest), errno: .noSpace)
    } else {
      memory.failNext(operation: operation, path: store.path(of: digest).removingLastComponent(), errno: .noSpace)
    }
    #expect(throws: FileSystemError.self) { try put("abc", in: store) }
    #expect(memory.files == ["/d/tmp/x"])
  }
}
