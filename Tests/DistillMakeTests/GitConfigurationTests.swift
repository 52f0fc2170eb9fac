import Foundation
import JSONTape
import Testing

@Suite("The user's configuration of git", .enabled(if: Machine.hasGit, "needs git"))
struct GitConfigurationTests {
  private func space() throws -> TestSpace {
    let space = try Lab.space()
    func git(_ arguments: String...) throws {
      let author = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
      let result = try Machine.run(["git"] + author + arguments, in: space.root)
      try #require(result.exitCode == 0, "\(result.stderr)")
    }
    try git("init", "-q")
    try git("add", "distill.yaml", "logs")
    try git("commit", "-q", "-m", "first")
    return space
  }

  private func dirty(_ space: TestSpace) throws -> Bool? { try space.receipt("score")["git"]?["dirty"]?.bool }

  @Test("that is broken, a folder or not to be read, breaks no build", arguments: ["broken", "folder", "unreadable"])
  func broken(_ kind: String) throws {
    let space = try space()
    let home = try TestSpace("home")
    switch kind {
    case "broken": try home.write(".gitconfig", "[core\n")
    case "folder": try home.write(".gitconfig/x", "")
    default:
      guard Machine.unprivileged != nil else { return }
      try home.write(".gitconfig", "")
      chmod(home.root, 0)
    }
    defer { chmod(home.root, 0o755) }
    let through = kind == "unreadable" ? Machine.unprivileged ?? [] : []
    #expect(try Machine.run(["chmod", "-R", "a+rwX", space.root]).exitCode == 0)
    try space.build(environment: ["HOME": home.root], through: through)
    #expect(try dirty(space) == false)
    let audit = try space.start(["audit", "--strict"], environment: ["HOME": home.root], through: through).wait()
    #expect(audit.exitCode == 0, "\(audit.stdout)\(audit.stderr)")
  }

  @Test("says which line ends are no change")
  func lineEnds() throws {
    let space = try space()
    // As it is checked out for such a user, and touched since, so that its bytes decide.
    try space.remove("distill.yaml")
    let checkout = try Machine.run(["git", "-c", "core.autocrlf=true", "checkout", "distill.yaml"], in: space.root)
    try #require(checkout.exitCode == 0, "\(checkout.stderr)")
    try #require(Machine.run(["touch", "-d", "2020-01-01", "distill.yaml"], in: space.root).exitCode == 0)
    try space.build()
    #expect(try dirty(space) == true)
    let home = try TestSpace("home")
    try home.write(".gitconfig", "[core]\n\tautocrlf = true\n")
    // A build that makes the same leaves its receipt, and what that says of git.
    try space.remove("receipts")
    try space.build(environment: ["HOME": home.root])
    #expect(try dirty(space) == false)
  }

  @Test("a repository that can't be read is not the same as none, for an audit")
  func unreadableRepository() throws {
    let space = try space()
    try space.build()
    try space.write(".git/config", "[core\n")
    let result = try space.run("audit")
    #expect(result.exitCode == 65)
    #expect(result.stderr.contains("the git repository can't be read"))
  }
}
