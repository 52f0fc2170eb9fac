/// What the file index holds of one file.
struct FileIndexEntry: Sendable, Equatable {
  var size: Int64
  /// Nanoseconds since 1970, as in `FileStatus`.
  var modified: Int64
  var changed: Int64
  var inode: UInt64
  var digest: Digest

  init(_ status: FileStatus, _ digest: Digest) {
    size = status.size
    modified = status.modified
    changed = status.changed
    inode = status.inode
    self.digest = digest
  }

  func holds(for status: FileStatus) -> Bool {
    size == status.size && modified == status.modified && changed == status.changed && inode == status.inode
  }
}

/// The bytes of a file index, read in place: loading is one read and one hash, whatever the number of entries.
///
/// Layout, all integers little-endian:
///
///     offset        bytes
///     0             8       "DMINDEX1"
///     8             8       n, the number of entries
///     16            8       k, the length of all keys
///     24            72 × n  entries, ordered by the bytes of their keys, none twice:
///                             8   end of the key, counted from the start of all keys
///                             8   size in bytes
///                             8   modified, nanoseconds since 1970
///                             8   changed, likewise
///                             8   inode
///                             32  SHA-256 of the file's bytes
///     24 + 72n      k       the keys (UTF-8), one behind the other
///     24 + 72n + k  32      SHA-256 of all bytes before
///
/// 100,000 files with keys of 60 bytes are 13 MB. A database was rejected: the whole of it is asked for in each build,
/// in order, and replacing one file is all the transaction that is needed.
struct FileIndexTable: Sendable {
  let count: Int
  private let bytes: [UInt8]
  private let keysStart: Int

  private static let magic: [UInt8] = Array("DMINDEX1".utf8)
  private static let headerLength = 24
  private static let entryLength = 72
  private static let digestLength = 32

  /// An index of nothing.
  init() {
    count = 0
    bytes = []
    keysStart = 0
  }

  /// nil: damaged, or of another version.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.headerLength + Self.digestLength, bytes.starts(with: Self.magic) else { return nil }
    let body = bytes.count - Self.digestLength
    let isSound = bytes.withUnsafeBytes {
      Digest.of(UnsafeRawBufferPointer(rebasing: $0[..<body])) == Digest(bytes: .init(rebasing: $0[body...]))
    }
    // Nobody but this program writes a sound checksum; the lengths are checked so that a fault of it can't read astray.
    guard isSound, let count = Int(exactly: Self.word(bytes, at: 8)), let keys = Int(exactly: Self.word(bytes, at: 16)),
      count <= body / Self.entryLength, keys == body - Self.headerLength - count * Self.entryLength
    else { return nil }
    var end: UInt64 = 0
    for index in 0..<count {
      let next = Self.word(bytes, at: Self.headerLength + index * Self.entryLength)
      guard next >= end, next <= UInt64(keys) else { return nil }
      end = next
    }
    self.count = count
    self.bytes = bytes
    keysStart = Self.headerLength + count * Self.entryLength
  }

  /// The bytes of an index.
  ///
  /// - Parameter entries: ordered by key, none twice.
  static func encode(_ entries: [(key: ExactString, entry: FileIndexEntry)]) -> [UInt8] {
    var bytes = magic
    var keys: [UInt8] = []
    bytes.reserveCapacity(headerLength + entries.count * (entryLength + 64) + digestLength)
    func append(_ word: UInt64) {
      withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
    }
    for (key, _) in entries { key.withBytes { keys.append(contentsOf: $0) } }
    append(UInt64(entries.count))
    append(UInt64(keys.count))
    var end = 0
    for (key, entry) in entries {
      end += key.string.utf8.count
      append(UInt64(end))
      append(UInt64(bitPattern: entry.size))
      append(UInt64(bitPattern: entry.modified))
      append(UInt64(bitPattern: entry.changed))
      append(entry.inode)
      entry.digest.withBytes { bytes.append(contentsOf: $0) }
    }
    bytes.append(contentsOf: keys)
    Digest.of(bytes).withBytes { bytes.append(contentsOf: $0) }
    return bytes
  }

  func key(at index: Int) -> ExactString {
    ExactString(withKey(at: index) { String(decoding: $0, as: UTF8.self) })
  }

  func entry(at index: Int) -> FileIndexEntry {
    let start = Self.headerLength + index * Self.entryLength
    let digest = bytes.withUnsafeBytes { Digest(bytes: .init(rebasing: $0[start + 40..<start + 72])) }
    let status = FileStatus(
      kind: .regular, size: Int64(bitPattern: Self.word(bytes, at: start + 8)),
      modified: Int64(bitPattern: Self.word(bytes, at: start + 16)),
      changed: Int64(bitPattern: Self.word(bytes, at: start + 24)), inode: Self.word(bytes, at: start + 32))
    return FileIndexEntry(status, digest)
  }

  /// Where `key` is; nil: nowhere.
  ///
  /// - Parameter hint: the index to try first. Files are asked for in the order of the index, mostly.
  func index(of key: ExactString, hint: Int) -> Int? {
    key.withBytes { wanted in
      func compare(_ index: Int) -> Int { withKey(at: index) { ExactString.compare($0, wanted) } }
      if hint < count, compare(hint) == 0 { return hint }
      var low = 0
      var high = count
      while low < high {
        let middle = (low + high) / 2
        let order = compare(middle)
        if order == 0 { return middle }
        if order < 0 { low = middle + 1 } else { high = middle }
      }
      return nil
    }
  }

  private func withKey<R>(at index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    let start = index == 0 ? 0 : Self.word(bytes, at: Self.headerLength + (index - 1) * Self.entryLength)
    let end = Self.word(bytes, at: Self.headerLength + index * Self.entryLength)
    return bytes.withUnsafeBufferPointer { buffer in
      body(UnsafeBufferPointer(rebasing: buffer[keysStart + Int(start)..<keysStart + Int(end)]))
    }
  }

  private static func word(_ bytes: [UInt8], at offset: Int) -> UInt64 {
    bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
  }
}
