import Receipts
import ReceiptsTesting
import SystemPackage
import Testing

@testable import Verification

@Suite("The view of a workspace")
struct SourceViewTests {
  private let base = MemoryFileSystem()

  private func view(_ sizes: [String: Int64], isReversed: Bool = false) -> SourceView {
    base.write("0123456789", to: "/space/logs/a.jsonl")
    base.write("new", to: "/space/logs/b.jsonl")
    base.write("elsewhere", to: "/data/c.jsonl")
    base.link("/space/linked", to: "/data")
    base.write("old", to: "/space/data/evidence/old.jsonl")
    base.write("mine", to: "/space/data/c.jsonl")
    base.write("rebuilt", to: "/rebuild/data/evidence/new.jsonl")
    return SourceView(
      of: base, workspace: "/space", in: "/rebuild",
      sizes: Dictionary(uniqueKeysWithValues: sizes.map { (RelativePath(unchecked: $0.key), $0.value) }),
      isReversed: isReversed)
  }

  private func names(_ view: SourceView, _ folder: FilePath) throws -> [String] {
    try view.entries(of: folder).map(\.name)
  }

  @Test("shows what receipts list, and no more of it than they say")
  func sources() throws {
    let view = view(["logs/a.jsonl": 4, "linked/c.jsonl": 100, "data/c.jsonl": 4])
    #expect(try names(view, "/rebuild") == ["data", "linked", "logs"])
    #expect(try names(view, "/rebuild/logs") == ["a.jsonl"])
    #expect(try names(view, "/rebuild/data") == ["c.jsonl"])
    #expect(try view.contents(of: "/rebuild/logs/a.jsonl") == Array("0123".utf8))
    #expect(try view.status(of: "/rebuild/logs/a.jsonl", followingLinks: true)?.size == 4)
    #expect(try view.open("/rebuild/logs/a.jsonl").status().size == 4)
    #expect(try view.contents(of: "/rebuild/linked/c.jsonl") == Array("elsewhere".utf8))
    #expect(try view.status(of: "/rebuild/linked", followingLinks: false)?.kind == .symbolicLink)
    #expect(try view.linkTarget(of: "/rebuild/linked") == "/data")
    #expect(try view.status(of: "/rebuild/logs/b.jsonl", followingLinks: true) == nil)
    #expect(try view.contents(of: "/rebuild/logs/b.jsonl") == nil)
    #expect(try view.contents(of: "/rebuild/distill.yaml") == nil)
  }

  @Test("has the program's own folders where the rebuild is, not where the workspace is")
  func own() throws {
    let view = view(["logs/a.jsonl": 4])
    #expect(try names(view, "/rebuild/data/evidence") == ["new.jsonl"])
    #expect(try view.contents(of: "/rebuild/data/evidence/old.jsonl") == nil)
    #expect(try view.contents(of: "/rebuild/data/evidence/new.jsonl") == Array("rebuilt".utf8))
    base.forgetCalls()
    try view.replace("/rebuild/receipts/score/receipt.json", with: [1])
    #expect(base.pathsChanged.allSatisfy { $0.string.hasPrefix("/rebuild/") })
    #expect(try view.contents(of: "/rebuild/receipts/score/receipt.json") == [1])
    // What is neither is as it is: the program's own file, say.
    #expect(try view.contents(of: "/data/c.jsonl") == Array("elsewhere".utf8))
  }

  @Test("can list folders backwards")
  func reversed() throws {
    let view = view(["logs/a.jsonl": 4, "logs/b.jsonl": 3], isReversed: true)
    #expect(try names(view, "/rebuild/logs") == ["b.jsonl", "a.jsonl"])
  }
}
