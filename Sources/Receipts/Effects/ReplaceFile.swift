import SystemPackage

extension FileSystem {
  /// Replaces a small file: temporary file, write, sync, close, rename, sync of the folder. Afterwards the old or the
  /// new bytes are there, also after a power cut.
  ///
  /// - Parameter directory: for the temporary file, on the same file system; nil: beside the file.
  public func replace(
    _ path: FilePath, with bytes: [UInt8], through directory: FilePath? = nil
  ) throws(FileSystemError) {
    let folder = path.removingLastComponent()
    try createDirectory(folder)
    let staged = try StagedFile(self, in: directory ?? folder)
    var failure: FileSystemError?
    bytes.withUnsafeBytes { buffer in
      do throws(FileSystemError) { try staged.write(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
    try staged.commit(to: path, synchronizing: true)
    try synchronizeDirectory(folder)
  }
}
