import SystemPackage

/// Files named by digests: `<root>/<name>/ab/cdef…`. Two digits a folder: 256 folders hold a million files well.
struct DigestDirectory: Sendable {
  let directory: FilePath
  /// Beside `directory`, so on its file system: a rename out of it is atomic.
  let temporaryDirectory: FilePath

  init(root: FilePath, name: String) {
    directory = root.appending(name)
    temporaryDirectory = root.appending("tmp")
  }

  func path(of digest: Digest) -> FilePath {
    let hex = digest.hex
    return directory.appending(String(hex.prefix(2))).appending(String(hex.dropFirst(2)))
  }

  /// Of the files that are there, in order. What else lies around is passed over.
  func digests(_ fileSystem: any FileSystem) throws(FileSystemError) -> [Digest] {
    var digests: [Digest] = []
    for folder in try fileSystem.entries(of: directory) where folder.kind == .directory {
      for file in try fileSystem.entries(of: directory.appending(folder.name)) {
        if let digest = Digest(hex: folder.name + file.name) { digests.append(digest) }
      }
    }
    return digests
  }
}
