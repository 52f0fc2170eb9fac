import JSONTape
import ReceiptsTesting
import Synchronization
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
}
