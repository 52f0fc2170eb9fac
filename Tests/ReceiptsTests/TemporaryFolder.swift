import Glibc
import Receipts
import SystemPackage

/// A fresh folder on the disk, gone with its owner.
final class TemporaryFolder {
  let path: FilePath

  init() {
    var template = Array("/tmp/receipts-tests-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { preconditionFailure("no temporary folder: \(errno)") }
    path = FilePath(platformString: made)
  }

  deinit {
    try? Self.removeAll(path, LocalFileSystem())
  }

  func write(_ text: String, to name: String) throws {
    let target = path.pushing(FilePath(name))
    try LocalFileSystem().createDirectory(target.removingLastComponent())
    let file = try LocalFileSystem().create(target)
    try Array(text.utf8).withUnsafeBytes { try file.write($0) }
    try file.close()
  }

  func text(_ name: String) throws -> String? {
    try LocalFileSystem().contents(of: path.pushing(FilePath(name))).map { String(decoding: $0, as: UTF8.self) }
  }

  private static func removeAll(_ path: FilePath, _ fileSystem: LocalFileSystem) throws {
    for entry in try fileSystem.entries(of: path) {
      let child = path.appending(entry.name)
      if entry.kind == .directory { try removeAll(child, fileSystem) } else { try fileSystem.remove(child) }
    }
    try fileSystem.remove(path)
  }
}
