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
    guard let bytes = try LocalFileSystem().contents(of: absolute(path)) else {
      throw DistillError(.inputOutput, "there is no such file", place: path)
    }
    return bytes
  }
}
