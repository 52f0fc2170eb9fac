import CGit2
import Glibc
import SystemPackage
import Testing

@testable import Receipts

@Suite("Repository")
struct RepositoryTests {
  @Test("outside of a repository there is none")
  func none() throws {
    let folder = TemporaryFolder()
    #expect(try Repository.discover(from: folder.path) == nil)
  }

  @Test("a repository without a commit has no state")
  func unborn() throws {
    let folder = TemporaryFolder()
    _ = GitFixture(folder)
    let repository = try #require(try Repository.discover(from: folder.path))
    #expect(repository.headCommit() == nil)
    #expect(try repository.state(workspace: folder.path, excluding: []) == nil)
  }

  @Test("a repository that can't be read is an error, not an absent one")
  func damaged() throws {
    let folder = TemporaryFolder()
    _ = GitFixture(folder)
    try folder.write("[core\nrepositoryformatversion = x", to: ".git/config")
    #expect(throws: DistillError.self) { try Repository.discover(from: folder.path) }
  }

  @Test("a work tree is dirty when tracked files differ from HEAD, in the work tree or in the index")
  func dirty() throws {
    let folder = TemporaryFolder()
    let git = GitFixture(folder)
    try folder.write("one", to: "a")
    try folder.write("one", to: "sub/b")
    let sha = git.commit(["a", "sub/b"])
    func state() throws -> GitState? {
      try Repository.discover(from: folder.path.appending("sub"))?.state(workspace: folder.path, excluding: [])
    }
    #expect(try state() == GitState(sha: sha, dirty: false))
    try folder.write("untracked", to: "c")
    #expect(try state() == GitState(sha: sha, dirty: false))
    try folder.write("other", to: "sub/b")
    #expect(try state() == GitState(sha: sha, dirty: true))
    git.stage(["sub/b"])
    try folder.write("one", to: "sub/b")
    #expect(try state() == GitState(sha: sha, dirty: true))
    git.stage(["sub/b"])
    #expect(try state() == GitState(sha: sha, dirty: false))
    try LocalFileSystem().remove(folder.path.appending("a"))
    #expect(try state() == GitState(sha: sha, dirty: true))
  }

  @Test("changes below excluded paths of the workspace don't count")
  func excluded() throws {
    let folder = TemporaryFolder()
    let git = GitFixture(folder)
    let names = ["work/exports/x", "work/data/evidence/y", "work/exports-not", "exports/z", "work/a"]
    for name in names { try folder.write("one", to: name) }
    git.commit(names)
    let repository = try #require(try Repository.discover(from: folder.path.appending("work")))
    func isDirty() throws -> Bool? {
      try repository.state(workspace: folder.path.appending("work"), excluding: ["exports/", "data/evidence"])?.dirty
    }
    try folder.write("changed", to: "work/exports/x")
    try folder.write("changed", to: "work/data/evidence/y")
    #expect(try isDirty() == false)
    try folder.write("changed", to: "exports/z")
    #expect(try isDirty() == true)
    try folder.write("one", to: "exports/z")
    #expect(try isDirty() == false)
    try folder.write("changed", to: "work/exports-not")
    #expect(try isDirty() == true)
  }

  @Test("a repository of another user is read", .enabled(if: geteuid() == 0, "only root can give files away"))
  func foreign() throws {
    let folder = TemporaryFolder()
    let git = GitFixture(folder)
    try folder.write("one", to: "a")
    let sha = git.commit(["a"])
    for path in [folder.path, folder.path.appending(".git"), folder.path.pushing(".git/config")] {
      let result = path.withPlatformString { chown($0, 12_345, 12_345) }
      try #require(result == 0)
    }
    #expect(try Repository.discover(from: folder.path)?.headCommit() == sha)
  }

  @Test("nothing in the repository is written")
  func readOnly() throws {
    let folder = TemporaryFolder()
    let git = GitFixture(folder)
    try folder.write("one", to: "a")
    git.commit(["a"])
    try folder.write("two", to: "a")
    let index = folder.path.pushing(".git/index")
    let before = try LocalFileSystem().status(of: index, followingLinks: false)
    let repository = try #require(try Repository.discover(from: folder.path))
    _ = try repository.state(workspace: folder.path, excluding: [])
    #expect(try LocalFileSystem().status(of: index, followingLinks: false) == before)
  }

  @Test("commits are found by their id or an unambiguous part of it")
  func commits() throws {
    let folder = TemporaryFolder()
    let git = GitFixture(folder)
    try folder.write("one", to: "a")
    let sha = git.commit(["a"])
    let repository = try #require(try Repository.discover(from: folder.path))
    #expect(repository.headCommit() == sha)
    #expect(repository.commitExists(sha))
    #expect(repository.commitExists(String(sha.prefix(7))))
    for wrong in ["", "HEAD", "abc", String(repeating: "0", count: 40), sha + "0", "zzzzzzz", "é" + sha.dropFirst(2)] {
      #expect(!repository.commitExists(wrong), "\(wrong)")
    }
  }

  @Test("an object that was cut off is an error, or ends the process where libgit2 would read it for ever")
  func cutOff() async {
    let result = await #expect(processExitsWith: .exitCode(65), observing: [\.standardErrorContent]) {
      let folder = TemporaryFolder()
      let git = GitFixture(folder)
      try folder.write("one", to: "a")
      let sha = git.commit(["a"])
      let object = folder.path.pushing(FilePath(".git/objects/\(sha.prefix(2))/\(sha.dropFirst(2))"))
      let result = object.withPlatformString { truncate($0, 20) }
      try #require(result == 0)
      do {
        _ = try Repository.discover(from: folder.path, timeLimit: 6)?.state(workspace: folder.path, excluding: [])
      } catch let error as DistillError {
        try FileDescriptor.standardError.writeAll(error.message.utf8)
        exit(error.code.rawValue)
      }
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("to read the git repository") || said.contains("can't be read"))
  }
}
