import JSONTape
import ReceiptsTesting
import Synchronization
import SystemPackage
import Testing

@testable import Receipts

/// What an action gave as an object, and another action of the same build takes.
@Suite("An object that this build made")
struct StoredObjectTests {
  /// Two steps: the first one's output is no fragment, so an object, and the second one's input.
  private struct TwoSteps: Stage {
    let name: StageName = "notes"
    let upstream: [StageName] = []
    let function = "notes/1"
    let parameters: JSON = [:]
    /// Called between the steps, with the digest of the first one's output.
    var between: @Sendable (Digest, Build) throws -> Void

    func sourceFiles() throws -> [RelativePath] { [RelativePath(unchecked: "notes/a.txt")] }
    func reads(_ path: RelativePath) -> Bool { false }
    func owns(_ path: RelativePath) -> Bool { path.string == "data/a" }

    func build(_ run: borrowing StageRun) throws -> StageOutcome {
      func step(_ input: ActionInput) throws -> ActionOutput {
        try run.execute([Action(function: "test.capitals/1", parameters: .null, inputs: [input])])[0].outputs[0]
      }
      let log = run.inputs[0]
      let first = try step(ActionInput(name: "text", digest: log.digest, byteCount: log.byteCount))
      try between(first.digest, run.build)
      let second = try step(ActionInput(name: "text", digest: first.digest, byteCount: first.byteCount))
      return StageOutcome(
        outputs: [PlannedOutput(path: RelativePath(unchecked: "data/a"), fragments: [Fragment(second)])],
        recordCounts: [:], summary: [:], checks: [])
    }
  }

  private func build(_ space: EngineSpace, between: @escaping @Sendable (Digest, Build) throws -> Void) throws {
    space.write("one\n", to: "notes/a.txt")
    try space.build(["notes"], stages: [TwoSteps(between: between)])
    #expect(space.text("data/a") == "ONE\n")
  }

  @Test("is known by its file, so that it need not be hashed again")
  func known() throws {
    try build(EngineSpace()) { digest, build in
      let slice = try #require(build.catalog.slice(digest))
      let status = try #require(try build.fileSystem.status(of: build.store.path(of: digest), followingLinks: false))
      #expect(slice.path == build.store.path(of: digest) && slice.offset == 0 && slice.byteCount == 4)
      #expect(slice.trust == .unchanged(status) && slice.isCopy)
    }
  }

  @Test("is made again where it is gone or damaged", arguments: [nil, "TWO\n", "ON", ""])
  func damaged(text: String?) throws {
    let space = EngineSpace()
    let attempts = Atomic(0)
    try build(space) { digest, build in
      guard attempts.add(1, ordering: .relaxed).oldValue == 0 else { return }
      space.fileSystem.clock.advance(seconds: 1)
      try space.fileSystem.remove(build.store.path(of: digest))
      if let text { space.fileSystem.write(text, to: build.store.path(of: digest)) }
    }
    #expect(attempts.load(ordering: .relaxed) == 2)
  }

  @Test("that is damaged is forgotten with all that it holds, and what stands elsewhere is not")
  func forgotten() throws {
    let space = EngineSpace()
    let store = DirectoryObjectStore(fileSystem: space.fileSystem, root: space.layout.cache)
    let catalog = ContentCatalog()
    let inputs = BuildInputs(fileSystem: space.fileSystem, store: store, catalog: catalog)
    let path = store.path(of: .of("onetwo"))
    func slice(_ path: FilePath, at offset: Int64, _ trust: FileSlice.Trust = .none, isObject: Bool = true) -> FileSlice
    {
      FileSlice(path: path, name: "x", offset: offset, byteCount: 3, trust: trust, isCopy: true, isObject: isObject)
    }
    space.fileSystem.write("onexxx", to: path)
    catalog.addObject(slice(path, at: 0), of: .of("one"))
    catalog.addObject(slice(path, at: 3), of: .of("two"))
    #expect(catalog.addCopy(slice(space.path("data/a"), at: 0, isObject: false), of: .of("six")))
    let two = ActionInput(name: "x", digest: .of("two"), byteCount: 3)
    space.fileSystem.failNext(operation: "open", path: path, errno: .tooManyOpenFiles)
    #expect(throws: FileSystemError.self) { try inputs.append(two, to: ByteBuffer()) }
    #expect(space.fileSystem.text(of: path) == "onexxx" && catalog.slice(.of("two")) != nil)
    #expect(throws: MissingObject.self) { try inputs.append(two, to: ByteBuffer()) }
    #expect(space.fileSystem.text(of: path) == nil)
    #expect(catalog.slice(.of("one")) == nil && catalog.slice(.of("two")) == nil && catalog.slice(.of("six")) != nil)
  }

  @Test("takes the place of a copy that nobody vouches for, and of nothing else")
  func added() {
    let object = FileSlice(
      path: "/object", name: "x", offset: 0, byteCount: 1, trust: .none, isCopy: true, isObject: true)
    for (trust, isCopy, isReplaced) in [
      (.none, true, true), (.written, true, false), (.none, false, false),
    ] as [(FileSlice.Trust, Bool, Bool)] {
      let catalog = ContentCatalog()
      catalog.add(.of("x"), FileSlice(path: "/a", name: "x", offset: 0, byteCount: 1, trust: trust, isCopy: isCopy))
      catalog.addObject(object, of: .of("x"))
      #expect(catalog.slice(.of("x"))?.path == (isReplaced ? "/object" : "/a"))
    }
  }
}
