import Receipts
import SystemPackage

extension FileSystem {
  /// The whole file; nil: no regular file is there. A folder or a pipe in the place of one can't be read, or never
  /// ends.
  func regularContents(of path: FilePath) throws(FileSystemError) -> [UInt8]? {
    guard try status(of: path, followingLinks: true)?.kind == .regular else { return nil }
    return try contents(of: path)
  }
}
