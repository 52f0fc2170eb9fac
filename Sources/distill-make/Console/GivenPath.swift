import Glibc
import Receipts
import SystemPackage

/// Paths that a user typed: they start from the working directory, not from the workspace.
enum GivenPath {
  static func absolute(_ path: String) -> FilePath {
    let path = FilePath(path)
    guard path.isRelative, let folder = getcwd(nil, 0) else { return path }
    defer { free(folder) }
    return FilePath(String(cString: folder)).pushing(path)
  }

  static func read(_ path: String) throws -> [UInt8] {
    let (fileSystem, file) = (LocalFileSystem(), absolute(path))
    let kind = try fileSystem.status(of: file, followingLinks: true)?.kind
    guard kind == nil || kind == .regular else {
      throw DistillError(
        .inputOutput, "it is not a regular file", place: path, hint: "Name a file: folders and pipes are not read.")
    }
    guard kind != nil, let bytes = try fileSystem.contents(of: file) else {
      throw DistillError(.inputOutput, "there is no such file", place: path)
    }
    return bytes
  }
}
