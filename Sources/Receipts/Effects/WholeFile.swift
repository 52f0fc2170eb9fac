import JSONTape
import SystemPackage

extension FileSystem {
  /// Appends the whole file to `buffer`. false: no file is there, and `buffer` is as before, as after an error.
  public func appendContents(of path: FilePath, to buffer: ByteBuffer) throws(FileSystemError) -> Bool {
    guard let file = try openIfThere(path) else { return false }
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
    guard let file = try openIfThere(path) else { return nil }
    // One byte more than there should be: a read that comes back short has seen the end.
    var room = Int(try file.status().size) + 1
    var bytes: [UInt8] = []
    while true {
      let block = try file.bytes(room, at: Int64(bytes.count))
      // The first is mostly all, and is not copied.
      if bytes.isEmpty { bytes = block } else { bytes += block }
      // A file that grew since is read to its end.
      if block.count < room { return bytes }
      room = 4096
    }
  }

  private func openIfThere(_ path: FilePath) throws(FileSystemError) -> (any ReadableFile)? {
    do {
      return try open(path)
    } catch {
      guard error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory else { throw error }
      return nil
    }
  }
}

extension ReadableFile {
  /// Up to `count` bytes from `offset`; fewer only at the end of the file.
  fileprivate func bytes(_ count: Int, at offset: Int64) throws(FileSystemError) -> [UInt8] {
    var failure: FileSystemError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, initialized in
      do throws(FileSystemError) {
        let place = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(room)[..<count])
        initialized = try read(into: place, at: offset)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }
}
