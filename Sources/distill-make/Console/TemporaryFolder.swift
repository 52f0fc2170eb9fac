import Glibc
import Receipts
import SystemPackage

/// A folder for what is needed for a while. All that is in it is removed when it is released, unless it is to stay; so
/// is the folder itself, unless it was there before.
final class TemporaryFolder {
  /// Absolute and without symbolic links.
  let path: FilePath
  private let isKept: Bool
  private let wasThere: Bool
  private let fileSystem = LocalFileSystem()

  /// A fresh one below $TMPDIR.
  ///
  /// - Parameter name: what its own name begins with.
  /// - Throws: (73) when none can be made.
  init(named name: String, isKept: Bool = false) throws {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/\(name)-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template), let resolved = realpath(made, nil) else {
      throw DistillError(
        .cannotWrite, "can't make a temporary folder: \(Errno(rawValue: errno))", place: parent,
        hint: "Name one with TMPDIR.")
    }
    defer { free(resolved) }
    path = FilePath(String(cString: resolved))
    self.isKept = isKept
    wasThere = false
  }

  /// A given one, which is made if it is not there.
  ///
  /// - Throws: (64) when something is in it.
  init(at given: String, isKept: Bool) throws {
    // Before the path is stored: from then on a failure would empty the folder.
    wasThere = try fileSystem.status(of: FilePath(given), followingLinks: true) != nil
    guard try !wasThere || fileSystem.entries(of: FilePath(given)).isEmpty else {
      throw DistillError(.usage, "the folder is not empty", place: given, hint: "Name a new or an empty one.")
    }
    try fileSystem.createDirectory(FilePath(given))
    guard let resolved = realpath(given, nil) else {
      throw FileSystemError("stat", FilePath(given), Errno(rawValue: errno))
    }
    defer { free(resolved) }
    path = FilePath(String(cString: resolved))
    self.isKept = isKept
  }

  deinit {
    // Best effort: a temporary folder that stays harms nobody.
    if isKept { return }
    try? empty(path)
    if !wasThere { _ = try? fileSystem.remove(path) }
  }

  private func empty(_ folder: FilePath) throws {
    for entry in try fileSystem.entries(of: folder) {
      let path = folder.appending(entry.name)
      if entry.kind == .directory { try empty(path) }
      try fileSystem.remove(path)
    }
  }
}
