import Foundation
import Glibc
import StagesTesting
import Testing

@Suite("Two builds at once")
struct LockTests {
  /// A process that holds the workspace's lock until the file `release` is there.
  private func hold(_ space: TestSpace) throws -> RunningCommand {
    let holder = try RunningCommand.start(
      ["flock", space.root, "sh", "-c", "touch ../held; while [ ! -e ../release ]; do sleep 0.01; done"],
      in: space.root, environment: TestSpace.environment)
    try wait { space.exists("../held") }
    return holder
  }

  private func release(_ space: TestSpace) throws { try space.write("../release", "") }

  private func wait(_ isDone: () -> Bool) throws {
    for _ in 0..<3000 {
      if isDone() { return }
      usleep(10_000)
    }
    throw TestSpaceError("waited in vain for half a minute")
  }

  @Test("with --no-wait the second ends with 75 and says who is building")
  func noWait() throws {
    let space = try Lab.space()
    let before = space.state()
    let holder = try hold(space)
    let result = try space.run("all", "--no-wait")
    #expect(result.exitCode == 75)
    let lines = result.stderr.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 3, "\(result.stderr)")
    #expect(lines.first?.hasPrefix("distill-make: \(space.root): process ") ?? false, "\(result.stderr)")
    #expect(lines.first?.hasSuffix(" is building here") ?? false, "\(result.stderr)")
    #expect(lines.dropFirst().first == "  Try again when it has ended, or leave out --no-wait to wait for it.")
    #expect(differences(before, space.state()) == [])
    try release(space)
    #expect(try holder.wait().exitCode == 0)
  }

  @Test("the second waits, says so, and builds when the first has ended")
  func waits() throws {
    let space = try Lab.space()
    let holder = try hold(space)
    let second = try space.start(["all", "-q"])
    try wait { second.saidSoFar.contains("waiting") }
    #expect(!space.exists("receipts"))
    try release(space)
    let result = try second.wait()
    #expect(result.exitCode == 0)
    #expect(result.stderr.hasSuffix(" is building here; waiting for it to end\n"), "\(result.stderr)")
    #expect(try holder.wait().exitCode == 0)
    try expectChecksums(of: space)
  }

  @Test("commands that only look don't wait", arguments: ["status", "health", "graph", "all --dry-run"])
  func lookingTakesNoLock(_ command: String) throws {
    let space = try Lab.built()
    let holder = try hold(space)
    #expect(try space.start(command.split(separator: " ").map(String.init)).wait().exitCode == 0)
    try release(space)
    #expect(try holder.wait().exitCode == 0)
  }

  @Test("a build that was killed holds no lock")
  func killedHolder() throws {
    let space = try Lab.space()
    let holder = try hold(space)
    holder.kill()
    _ = try holder.wait()
    // The shell that the holder started has the lock, too, until it ends.
    try release(space)
    #expect(try space.run("all", "-q").exitCode == 0)
  }

  @Test("the second of two builds goes on when the first one is killed, and ends what that began")
  func killedBuild() throws {
    var generator = SeededGenerator(seed: 7)
    let workspace = RandomLogs(records: 40_000, identities: 20_000, using: &generator)
    func make(_ name: String) throws -> TestSpace {
      let space = try TestSpace(name)
      try space.write("distill.yaml", workspace.configuration)
      for (path, bytes) in workspace.files { try space.write(path, bytes) }
      return space
    }
    let space = try make("workspace")
    let first = try space.start(["all", "-q", "-j", "1"])
    // It has the lock before it makes its folder.
    try wait { space.exists(".distill") }
    let second = try space.start(["all", "-q"])
    try wait { second.saidSoFar.contains("waiting") }
    first.kill()
    #expect(try first.wait().exitCode == 137)
    let result = try second.wait()
    #expect(result.exitCode == 0, "\(result.stderr)")
    #expect(
      result.stderr.contains("process \(first.process) "), "it did not say for whom it waits: \(result.stderr)")
    let alone = try make("alone")
    try alone.build("-q")
    #expect(differences(try alone.outputs(), try space.outputs()) == [])
    #expect(differences(try alone.cores(), try space.cores()) == [])
    try expectChecksums(of: space)
  }

  @Test("started together they both end well, and the outputs are those of one")
  func together() throws {
    let space = try Lab.space()
    let builds = try (0..<4).map { _ in try space.start(["all", "--json"]) }
    for build in builds {
      let result = try build.wait()
      #expect(result.exitCode == 0, "\(result.stderr)")
    }
    let alone = try Lab.built()
    #expect(differences(try alone.outputs(), try space.outputs()) == [])
    #expect(differences(try alone.cores(), try space.cores()) == [])
    try expectChecksums(of: space)
  }
}
