import SystemPackage

extension FileSystem {
  /// Replaces a small file: temporary file beside it, write, sync, close, rename, sync of the folder. Afterwards the old or the
  /// new bytes are there, also after a power cut.
  public func replace(_ path: FilePath, with bytes: [UInt8]) throws(FileSystemError) {
    let folder = path.removingLastComponent()
    try createDirectory(folder)
    let temporary = folder.appending(".\(path.lastComponent?.string ?? "file").distill-new")
    do throws(FileSystemError) {
      let file = try create(temporary)
      var failure: FileSystemError?
      bytes.withUnsafeBytes { buffer in
        do throws(FileSystemError) { try file.write(buffer) } catch { failure = error }
      }
      if let failure { throw failure }
      try file.synchronize()
      try file.close()
      try rename(temporary, to: path)
    } catch {
      _ = try? remove(temporary)
      throw error
    }
    try synchronizeDirectory(folder)
  }
}
