import JSONTape
import SystemPackage

extension FileSystem {
  /// Appends the whole file to `buffer`. false: no file is there, and `buffer` is as before, as after an error.
  public func appendContents(of path: FilePath, to buffer: ByteBuffer) throws(FileSystemError) -> Bool {
    let file: any ReadableFile
    do {
      file = try open(path)
    } catch {
      guard error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory else { throw error }
      return false
    }
    let start = buffer.count
    do throws(FileSystemError) {
      // One byte more than there should be: a read that comes back short has seen the end.
      var room = Int(try file.status().size) + 1
      while true {
        var count = 0
        var failure: FileSystemError?
        buffer.append(count: room) { bytes in
          do throws(FileSystemError) {
            count = try file.read(into: bytes, at: Int64(buffer.count - start))
          } catch {
            failure = error
          }
          return count
        }
        if let failure { throw failure }
        // A file that grew since is read to its end.
        if count < room { return true }
        room = 4096
      }
    } catch {
      buffer.truncate(to: start)
      throw error
    }
  }

  /// The whole file; nil: no file is there.
  public func contents(of path: FilePath) throws(FileSystemError) -> [UInt8]? {
    let buffer = ByteBuffer(capacity: 0)
    guard try appendContents(of: path, to: buffer) else { return nil }
    return Array(buffer.bytes.buffer)
  }
}
