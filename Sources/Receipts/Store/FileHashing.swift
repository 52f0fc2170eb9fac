import JSONTape
import SystemPackage

/// A file's digest, and what it looked like when it was hashed.
public struct HashedFile: Sendable, Equatable {
  public var digest: Digest
  /// How many bytes were hashed.
  public var size: Int64
  public var status: FileStatus

  public init(digest: Digest, size: Int64, status: FileStatus) {
    self.digest = digest
    self.size = size
    self.status = status
  }
}

/// Sees the bytes of a file while they are hashed. One thread works with it.
protocol HashingCompanion {
  /// Hands the file's next bytes to `digest`, and makes of them what it wants.
  func take(_ block: ByteSlice, for digest: SHA256)
  /// `digest` is of all the bytes that it took.
  func end(_ digest: Digest)
}

extension FileIndex {
  /// The digests of files below `root`, in their order, under their paths as keys. Reads only what is not known, and
  /// remembers it.
  ///
  /// Waits, once and no longer than the settling time, until the last change of each file is old enough. A file whose
  /// change time lies in the future, that changed during the wait, or within the last two seconds on a file system that
  /// counts seconds, is hashed but not remembered.
  ///
  /// - Parameters:
  ///   - paths: a symbolic link is followed. Those of one folder stand together, or cost more.
  ///   - jobs: how many threads look and hash.
  ///   - growing: whether, by its key, a file may get longer meanwhile. If it does, its digest is that of the bytes
  ///     that it had at first, and is not remembered.
  ///   - progress: told how many more bytes are hashed, on any thread.
  /// - Returns: nil for a file that is not there.
  /// - Throws: `DistillError` (65) with the file's key as its place: it changed while it was read, or is no regular
  ///   file. `FileSystemError`.
  public func digests(
    of paths: [RelativePath], below root: FilePath, jobs: Int,
    growing: @Sendable (String) -> Bool = { _ in false }, progress: @Sendable (Int) -> Void = { _ in }
  ) throws -> [HashedFile?] {
    try digests(
      of: paths, below: root, jobs: jobs, growing: growing, progress: progress, companion: { _, _ in nil })
  }

  /// - Parameter companion: of a file that is hashed, by its number and its size in bytes.
  func digests(
    of paths: [RelativePath], below root: FilePath, jobs: Int, growing: @Sendable (String) -> Bool,
    progress: @Sendable (Int) -> Void, companion: @Sendable (Int, Int64) -> (any HashingCompanion)?
  ) throws -> [HashedFile?] {
    let looks = try parallelMap(paths, inRunsOf: Self.looksAtOnce, jobs: jobs) { part in
      look(try fileSystem.statuses(of: part, below: root), from: part.startIndex) { part[$0].string }
    }
    return try hashUnknown(
      looks, jobs: jobs, growing: growing, progress: progress, key: { paths[$0].string },
      path: { root.appending(paths[$0].string) }, companion: companion)
  }

  /// The same for files anywhere, each with its key in this index, and where it is.
  public func digests(
    of files: [(key: String, path: FilePath)], jobs: Int, growing: @Sendable (String) -> Bool = { _ in false },
    progress: @Sendable (Int) -> Void = { _ in }
  ) throws -> [HashedFile?] {
    let statuses = try files.map { try fileSystem.status(of: $0.path, followingLinks: true) }
    return try hashUnknown(
      [look(statuses, from: 0) { files[$0].key }], jobs: jobs, growing: growing, progress: progress,
      key: { files[$0].key }, path: { files[$0].path }, companion: { _, _ in nil })
  }

  /// What a look at some files told, in their order.
  private struct Looks {
    var known: [HashedFile?]
    /// Those that are there and not known, by their number among all files.
    var unknown: [(index: Int, status: FileStatus)] = []
  }

  /// A look takes about a microsecond, starting a thread a hundred.
  static let looksAtOnce = 512

  /// - Parameters:
  ///   - statuses: of files that follow each other; nil: it is not there.
  ///   - first: the number of the first one.
  private func look(_ statuses: [FileStatus?], from first: Int, key: (Int) -> String) -> Looks {
    let digests = known(statuses) { key(first + $0) }
    var looks = Looks(known: [])
    looks.known.reserveCapacity(statuses.count)
    for (offset, status) in statuses.enumerated() {
      guard let status else {
        looks.known.append(nil)
        continue
      }
      let digest = digests[offset]
      if digest == nil { looks.unknown.append((first + offset, status)) }
      looks.known.append(digest.map { HashedFile(digest: $0, size: status.size, status: status) })
    }
    return looks
  }

  private func hashUnknown(
    _ looks: [Looks], jobs: Int, growing: @Sendable (String) -> Bool,
    progress: @Sendable (Int) -> Void, key: @Sendable (Int) -> String, path: @Sendable (Int) -> FilePath,
    companion: @Sendable (Int, Int64) -> (any HashingCompanion)?
  ) throws -> [HashedFile?] {
    var results: [HashedFile?] = []
    results.reserveCapacity(looks.reduce(0) { $0 + $1.known.count })
    for part in looks { results += part.known }
    var unknown = looks.flatMap(\.unknown)
    if unknown.isEmpty { return results }

    let now = waitUntilSettled(unknown.map { $0.status.changed })
    // The longest first, so that no thread is left alone with one at the end.
    unknown.sort { $0.status.size > $1.status.size }
    let hashed = try parallelMap(unknown, jobs: jobs) { _, file in
      let key = key(file.index)
      return try hash(key, path(file.index), now: now, mayGrow: growing(key), progress) {
        companion(file.index, $0)
      }
    }
    for (file, result) in zip(unknown, hashed) { results[file.index] = result }
    return results
  }

  /// Returns when all of `changes` that lie in the past are older than the settling time, and how late it is then, in
  /// nanoseconds since 1970.
  private func waitUntilSettled(_ changes: [Int64]) -> Int64 {
    let settlingTime = settlingTime
    let now = clock.now().nanosecondsSince1970 ?? .max
    let youngest = changes.filter { $0 <= now }.max() ?? .min
    guard youngest > now - settlingTime else { return now }
    // One more, so that it is older and not as old.
    clock.sleep(nanoseconds: UInt64(youngest + settlingTime - now) + 1)
    return clock.now().nanosecondsSince1970 ?? .max
  }

  private func hash(
    _ key: String, _ path: FilePath, now: Int64, mayGrow: Bool, _ progress: (Int) -> Void,
    companion: (Int64) -> (any HashingCompanion)?
  ) throws -> HashedFile? {
    let file: any ReadableFile
    do {
      file = try fileSystem.open(path)
    } catch {
      guard error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory else { throw error }
      return nil
    }
    let before = try file.status()
    guard before.kind == .regular else { throw DistillError(.data, "is not a regular file", place: key) }
    let companion = companion(before.size)
    guard let digest = try Self.digest(of: file, size: before.size, progress, companion) else { throw changed(key) }
    let after = try file.status()
    if before == after {
      if isSettled(before.changed, at: now) { remember(key, before, digest) }
    } else {
      guard mayGrow && after.size >= before.size else { throw changed(key) }
    }
    companion?.end(digest)
    return HashedFile(digest: digest, size: before.size, status: before)
  }

  private func changed(_ key: String) -> DistillError {
    DistillError(
      .data, "changed while it was being read", place: key, hint: "Build again when nothing writes to it any more.")
  }

  /// Of the first `size` bytes; nil: the file has become shorter.
  private static func digest(
    of file: any ReadableFile, size: Int64, _ progress: (Int) -> Void, _ companion: (any HashingCompanion)?
  ) throws(FileSystemError) -> Digest? {
    // Large enough that calls don't count, small enough to stay in a core's cache until it is hashed.
    let room = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(min(max(size, 1), 256 << 10)), alignment: 64)
    defer { room.deallocate() }
    let hasher = SHA256()
    var offset: Int64 = 0
    while offset < size {
      let wanted = Int(min(Int64(room.count), size - offset))
      let count = try file.read(into: .init(rebasing: room[..<wanted]), at: offset)
      let block = ByteSlice(UnsafeRawBufferPointer(rebasing: room[..<count]))
      if let companion { companion.take(block, for: hasher) } else { hasher.update(block) }
      progress(count)
      guard count == wanted else { return nil }
      offset += Int64(count)
    }
    return hasher.finish()
  }
}
