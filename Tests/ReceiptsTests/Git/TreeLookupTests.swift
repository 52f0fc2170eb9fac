import CGit2
import Receipts
import SystemPackage
import Testing

@Suite("Looking paths up in a commit's tree")
struct TreeLookupTests {
  private let folder = TemporaryFolder()

  private func answers(_ repository: Repository, _ commit: String?, _ paths: [String]) throws -> [TreeAnswer] {
    try paths.map { try repository.answer($0, commit: commit) }
  }

  @Test("a path is understood as a person writes it")
  func spellings() throws {
    let git = GitFixture(folder)
    let commit = git.commit(
      tree: git.tree([
        "README": .file, "src": .folder(["main.swift": .file, "deep": .folder(["é.swift": .file])]),
        "vendor": .submodule,
      ]))
    let repository = try #require(try Repository.discover(from: folder.path))
    let root = try #require(repository.workTree).string
    let table: [(TreeAnswer, [String])] = [
      (
        .file,
        [
          "README", "./README", "src/main.swift", "src/./main.swift", "src//main.swift", "src/../README",
          "src/deep/../main.swift", "./src/../src/deep/é.swift", "gone/../README", "\(root)/README",
          "\(root)/src/../README", "src/main.swift/",
        ]
      ),
      (.directory, ["src", "src/", "./src/deep", ".", "src/..", root, "\(root)/", "\(root)/src"]),
      (.submodule, ["vendor", "vendor/", "./vendor"]),
      (.insideSubmodule, ["vendor/lib.c", "vendor/a/b"]),
      (
        .missing,
        [
          "readme", "src/Main.swift", "README/x", "src/deep/e\u{301}.swift", "gone/x", "\(root)/gone", "...", "",
          "README\0", "README\0x", "src\0/main.swift", "src/\u{301}main.swift",
        ]
      ),
      (.outside, ["..", "../README", "src/../../README", "/", "/etc/passwd", "\(root)-other/README", "\(root)/../x"]),
    ]
    for (answer, paths) in table {
      for path in paths { #expect(try repository.answer(path, commit: commit) == answer, "\(path)") }
    }
    #expect(try repository.answer("README", commit: nil) == .file)
    // Twice: what was found for one spelling is kept, and is no answer for another.
    let accents = git.commit(tree: git.tree(["é": .folder(["a": .file]), "\u{301}": .file]))
    for _ in 0..<2 {
      #expect(try answers(repository, accents, ["é/a", "e\u{301}/a", "./\u{301}"]) == [.file, .missing, .file])
    }
  }

  @Test("symbolic links of the tree are followed, but not out of it")
  func links() throws {
    let git = GitFixture(folder)
    let commit = git.commit(
      tree: git.tree([
        "src": .folder(["main.swift": .file, "up": .link(".."), "sibling": .link("../lib")]),
        "lib": .folder(["a.swift": .file]), "code": .link("src"), "twice": .link("code"),
        "file": .link("src/main.swift"), "dangling": .link("gone"), "etc": .link("/etc"), "out": .link("../elsewhere"),
        "loop": .link("pool"), "pool": .link("loop"),
      ]))
    let repository = try #require(try Repository.discover(from: folder.path))
    #expect(
      try answers(
        repository, commit, ["code/main.swift", "twice/main.swift", "src/up/lib/a.swift", "code/sibling/a.swift"])
        == [.file, .file, .file, .file])
    // The link itself is in the tree, wherever it leads.
    #expect(try answers(repository, commit, ["code", "file", "dangling", "etc"]) == [.file, .file, .file, .file])
    #expect(try answers(repository, commit, ["etc/passwd", "out/x"]) == [.outside, .outside])
    #expect(
      try answers(repository, commit, ["dangling/x", "file/x", "loop/x", "code/gone"])
        == [.missing, .missing, .missing, .missing])
  }

  @Test("a commit that does not exist has an answer of its own, for every path")
  func commits() throws {
    let git = GitFixture(folder)
    let first = git.commit(tree: git.tree(["a": .file, "src": .folder(["a": .file])]))
    let second = git.commit(tree: git.tree(["b": .file]))
    let repository = try #require(try Repository.discover(from: folder.path))
    #expect(try answers(repository, first, ["a", "src/a", "b"]) == [.file, .file, .missing])
    #expect(try answers(repository, String(second.prefix(10)), ["a", "b"]) == [.missing, .file])
    let none = String(repeating: "0", count: 40)
    for commit in [none, "abc", "", first + ":src", "HEAD", "main", first + "0", String(first.dropLast()) + "g"] {
      #expect(try answers(repository, commit, ["a", "gone", "../x"]) == [.noSuchCommit, .noSuchCommit, .noSuchCommit])
    }
    let empty = TemporaryFolder()
    _ = GitFixture(empty)
    #expect(try Repository.discover(from: empty.path)?.answer("a", commit: nil) == .noSuchCommit)
  }

  /// A look-up reads the trees on its way, each once, however large the repository is.
  @Test("among a million files a look-up reads the trees on its way and no more")
  func million() throws {
    let git = GitFixture(folder)
    var folders: [String: GitFixture.Node] = [:]
    for (number, tree) in git.similarTrees(1000, fileCount: 1000).enumerated() {
      folders["folder-\(number)"] = .tree(tree)
    }
    let large = git.commit(tree: git.tree(folders))
    let small = git.commit(tree: git.tree(["folder-7": folders["folder-7"]!]))
    let repository = try #require(try Repository.discover(from: folder.path))
    for (commit, treeCount) in [(small, 2), (large, 4)] {
      var found = 0
      for number in 0..<20_000 {
        let answer = try repository.answer("folder-7/file-\(number % 2000).swift", commit: commit)
        if answer == .file { found += 1 }
      }
      #expect(found == 10_000)
      #expect(repository.treeCount == treeCount)
    }
  }
}
