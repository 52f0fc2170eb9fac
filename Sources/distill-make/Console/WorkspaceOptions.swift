import ArgumentParser
import Glibc
import Receipts
import SystemPackage

/// `-C DIR`, which every subcommand takes.
struct WorkspaceOptions: ParsableArguments {
  @Option(
    name: [.customShort("C", allowingJoined: true), .customLong("directory")],
    help: ArgumentHelp(
      "The workspace: the folder with distill.yaml. Default: $DISTILL_ROOT, else this folder.", valueName: "dir"))
  var directory: String?

  /// The workspace's folder, without symbolic links.
  func layout() throws -> WorkspaceLayout {
    let variable = getenv("DISTILL_ROOT").map { String(cString: $0) }
    let given = directory ?? variable.flatMap { $0.isEmpty ? nil : $0 } ?? "."
    guard let resolved = realpath(given, nil) else {
      throw DistillError(
        .usage, "there is no such folder: \(Errno(rawValue: errno))", place: given,
        hint: "Name the workspace with -C DIR.")
    }
    defer { free(resolved) }
    let path = FilePath(String(cString: resolved))
    guard try LocalFileSystem().status(of: path, followingLinks: true)?.kind == .directory else {
      throw DistillError(.usage, "this is not a folder", place: given, hint: "Name the workspace with -C DIR.")
    }
    return WorkspaceLayout(root: path)
  }
}
