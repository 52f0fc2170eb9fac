import SystemPackage

extension FileSystem {
  /// Removes everything in a folder, and nothing that a symbolic link in it leads to. Looks first: an empty folder, or
  /// none, is left alone.
  func empty(_ directory: FilePath) throws(FileSystemError) {
    for entry in try entries(of: directory) {
      let path = directory.appending(entry.name)
      if entry.kind == .directory { try empty(path) }
      try remove(path)
    }
  }
}
