import Foundation
import Glibc

/// How a program ended, and what it said.
struct CommandResult: Sendable {
  /// Of the program, or 128 and the number of the signal that ended it.
  var exitCode: Int32
  var stdout: String
  var stderr: String
}

/// What is wrong with a test's surroundings: not with the program under test.
struct TestSpaceError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}

/// A program that runs. Its words go to files, so it never waits for a reader.
struct RunningCommand: Sendable {
  let process: pid_t
  let stdout: String
  let stderr: String

  /// - Parameters:
  ///   - arguments: the program, found in `PATH` or by its path, and its arguments.
  ///   - environment: all that the program finds in its environment.
  static func start(
    _ arguments: [String], in folder: String, environment: [String: String]
  ) throws -> RunningCommand {
    let words = FileManager.default.temporaryDirectory.path + "/distill-make-words-\(UUID().uuidString)"
    let running = (stdout: words + ".out", stderr: words + ".err")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, running.stdout, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, running.stderr, O_WRONLY | O_CREAT | O_TRUNC, 0o600)

    // The threads that tests run on block signals, and the program would inherit that.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var noSignals = sigset_t()
    sigemptyset(&noSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    // `env` goes to the folder and becomes the program, so the process is the program's.
    var argumentPointers = (["env", "-C", folder] + arguments).map { strdup($0) } + [nil]
    var environmentPointers = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (argumentPointers + environmentPointers).forEach { free($0) } }
    var process = pid_t()
    let failure = posix_spawnp(&process, "env", &actions, &attributes, &argumentPointers, &environmentPointers)
    guard failure == 0 else { throw TestSpaceError("can't start env: \(String(cString: strerror(failure)))") }
    return RunningCommand(process: process, stdout: running.stdout, stderr: running.stderr)
  }

  /// What it has said so far on standard error.
  var saidSoFar: String { (try? String(contentsOfFile: stderr, encoding: .utf8)) ?? "" }

  func kill() { _ = Glibc.kill(process, SIGKILL) }

  func wait() throws -> CommandResult {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else { throw TestSpaceError("lost the process \(process)") }
    }
    defer {
      unlink(stdout)
      unlink(stderr)
    }
    func text(_ path: String) -> String {
      String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
    let signal = status & 0x7F
    return CommandResult(
      exitCode: signal == 0 ? (status >> 8) & 0xFF : 128 + signal, stdout: text(stdout), stderr: text(stderr))
  }
}

/// Tools of the system that some tests need, and what this machine allows.
enum Machine {
  /// Runs a tool; the exit code is 127 where it is not there.
  static func run(_ arguments: [String], in folder: String = "/") throws -> CommandResult {
    try RunningCommand.start(
      arguments, in: folder, environment: ["PATH": path, "LC_ALL": "C.UTF-8", "HOME": NSHomeDirectory()]
    ).wait()
  }

  private static func can(_ arguments: String...) -> Bool { (try? run(arguments))?.exitCode == 0 }

  static let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
  static let isRoot = geteuid() == 0
  static let hasGit = can("git", "--version")
  static let hasPython = can("python3", "--version")
  static let canTrace = can("strace", "-f", "-o", "/dev/null", "true")

  /// What a command stands behind so that file permissions count; nil: that can't be had here.
  static let unprivileged: [String]? = {
    if !isRoot { return [] }
    let words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    return (try? run(words + [TestSpace.program, "--version"]))?.exitCode == 0 ? words : nil
  }()

  /// Whether a file system of a given size can be mounted.
  static let canMount: Bool = {
    guard isRoot, let space = try? TestSpace() else { return false }
    return can("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", space.root) && can("umount", space.root)
  }()
}
