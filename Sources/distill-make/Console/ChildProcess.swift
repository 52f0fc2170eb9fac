import Glibc
import Receipts
import SystemPackage

/// This program once more, in other surroundings. What it says on standard error is said here; its results are not.
struct ChildProcess {
  /// Beside the subcommand's own.
  var arguments: [String]
  /// Laid over this process's environment.
  var environment: [String: String]
  var umask: mode_t

  /// Waits until it has ended.
  ///
  /// - Returns: its exit code, or 128 and the number of the signal that ended it.
  /// - Throws: (70) when it can't be started.
  func run() throws -> Int32 {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)

    let program = try LocalFileSystem().linkTarget(of: "/proc/self/exe")
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    var variables = (Self.inherited(but: Set(environment.keys)) + environment.map { "\($0)=\($1)" }).map { strdup($0) }
    variables.append(nil)
    defer { (words + variables).forEach { free($0) } }

    // It inherits the mask, which can't be given to it in another way. No other thread of this process makes files now.
    let own = Glibc.umask(umask)
    defer { _ = Glibc.umask(own) }
    var process = pid_t()
    let failure = posix_spawn(&process, program, &actions, nil, &words, &variables)
    guard failure == 0 else {
      throw DistillError(
        .internalFault, "can't start it: \(Errno(rawValue: failure))", place: program,
        hint: "Without --vary no other process is needed.")
    }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 {
      guard errno == EINTR else {
        throw DistillError(.internalFault, "lost the process \(process): \(Errno(rawValue: errno))")
      }
    }
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }

  /// `NAME=value` of each variable that this process was started with.
  private static func inherited(but names: Set<String>) -> [String] {
    (ProcessTable.text("self/environ") ?? "").split(separator: "\0").map(String.init).filter { variable in
      !names.contains(String(variable.prefix { $0 != "=" }))
    }
  }
}
