import JSONTape
import SystemPackage

/// One output on its way to being published: fragments, of which the first are written, one behind the other.
///
/// What is elsewhere already (in the published file, in the object store) is noted, and copied only when something new
/// follows: an output that comes out as it was is not written at all.
///
/// One thread at a time works on it.
final class StagedFragments: @unchecked Sendable {
  let temporary: FilePath
  private let path: RelativePath
  private let build: Build
  private(set) var fragments: [Fragment] = []
  private var writtenCount = 0
  private var byteCount: Int64 = 0
  /// Of what is written.
  private let sha256 = SHA256()
  /// Of the fragment that is being written.
  private let fragmentSHA256 = SHA256()
  private var file: (any WritableFile)?
  /// Of the file when it was closed.
  private var restingStatus: FileStatus?
  private var isCreated = false
  /// Others read it soon: this build, or the next one, where this one begins with a copy of what the last one wrote.
  private var staysInMemory = true
  let isReadAlone: Bool
  /// Bytes since the disk was last told to begin.
  private var unbegun = 0
  private static let beginSize = 4 << 20
  /// Of what is hashed, and written while it is in the processor's caches.
  private static let blockSize = 256 << 10

  /// - Parameter isReadAlone: see `FragmentPlaces`: each fragment has the digest of its bytes, and others read them
  ///   soon.
  init(_ path: RelativePath, temporary: FilePath, isReadAlone: Bool, build: Build) {
    self.isReadAlone = isReadAlone
    self.path = path
    self.temporary = temporary
    self.build = build
  }

  var isOpen: Bool { file != nil }

  /// Adds a fragment of which the build knows where it is.
  func append(_ fragment: Fragment) { fragments.append(fragment) }

  /// Writes a fragment. One that is read alone gets the digest of its bytes, which is made beside that of the file.
  ///
  /// - Returns: where in the file it was written, and its digest.
  func append(_ fragment: Fragment, _ bytes: ByteSlice) throws -> (offset: Int64, digest: Digest) {
    try writeNoted()
    let offset = byteCount
    var fragment = fragment
    if isReadAlone {
      for start in stride(from: 0, to: bytes.count, by: Self.blockSize) {
        let block = bytes[start..<min(start + Self.blockSize, bytes.count)]
        SHA256.update(sha256, block, and: fragmentSHA256, block)
        try writeHashed(block.raw)
      }
      fragment.digest = fragmentSHA256.finish()
    } else {
      try write(bytes)
    }
    fragments.append(fragment)
    writtenCount += 1
    return (offset, fragment.digest)
  }

  /// Gives the descriptor back; the next write opens the file again.
  func rest() throws {
    // While it is open that costs a tenth of a look by path.
    restingStatus = try file?.status() ?? restingStatus
    try close()
  }

  /// Gives the descriptor back of a file that is finished, or goes.
  func close() throws {
    try file?.close()
    file = nil
  }

  /// Writes what is missing, unless the file is known not to be needed. What is written is not synced yet.
  ///
  /// - Parameter inPlace: the digest of the published file, if that is as its receipt says.
  func finish(inPlace: Digest?) throws -> StagedOutput {
    // Until it is published, and the next stage works, they would only take room.
    defer { fragments = [] }
    let concatenation = try Concatenation(fragments, tool: build.environment.tool.digest)
    if writtenCount == 0, let inPlace, try concatenation.knownDigest(in: build.cache) == inPlace {
      return StagedOutput(file: receiptFile(inPlace))
    }
    try writeNoted()
    if !isCreated { _ = try opened() }
    let digest = sha256.finish()
    try concatenation.remember(digest, in: build.cache)
    if digest == inPlace {
      try discard()
      return StagedOutput(file: receiptFile(digest))
    }
    let status = try file?.status() ?? restingStatus
    return StagedOutput(file: receiptFile(digest), temporary: temporary, status: status.map(PublishedStatus.init))
  }

  /// Returns when what was written is on the disk.
  func synchronize() throws {
    try opened().synchronize()
    try close()
  }

  func discard() throws {
    try close()
    if isCreated { try build.fileSystem.remove(temporary) }
  }

  private func receiptFile(_ digest: Digest) -> Receipt.File {
    Receipt.File(
      path: path, digest: digest, byteCount: fragments.reduce(0) { $0 + $1.byteCount },
      recordCount: fragments.reduce(0) { $0 + $1.recordCount })
  }

  private func writeNoted() throws {
    guard writtenCount < fragments.count else { return }
    let source = BuildInputs(fileSystem: build.fileSystem, store: build.store, catalog: build.catalog)
    let buffer = ByteBuffer()
    while writtenCount < fragments.count {
      if let run = trustedRun() {
        try copy(run)
        continue
      }
      let fragment = fragments[writtenCount]
      buffer.removeAll()
      let input = ActionInput(name: path.string, digest: fragment.digest, byteCount: fragment.byteCount)
      if fragment.byteCount > 0 { try source.append(input, to: buffer) }
      try write(buffer.bytes)
      writtenCount += 1
    }
  }

  /// The next noted fragments, as far as they are neighbours in one file that this build has no need to hash: they are
  /// one copy.
  private func trustedRun() -> (slice: FileSlice, fragments: ArraySlice<Fragment>)? {
    var run: FileSlice?
    var end = writtenCount
    for fragment in fragments[writtenCount...] {
      guard let next = build.catalog.slice(fragment.digest), next.isCopy, next.trust != .none,
        next.byteCount == fragment.byteCount
      else { break }
      if let last = run {
        guard last.path == next.path, last.trust == next.trust, last.offset + Int64(last.byteCount) == next.offset
        else { break }
      }
      run = run ?? next
      run?.byteCount += end == writtenCount ? 0 : next.byteCount
      end += 1
    }
    return run.map { ($0, fragments[writtenCount..<end]) }
  }

  /// - Throws: `MissingObject` where the file is not what it was any more; the catalog has then forgotten it.
  private func copy(_ run: (slice: FileSlice, fragments: ArraySlice<Fragment>)) throws {
    func missing() -> MissingObject {
      build.catalog.remove(run.fragments.map(\.digest))
      return MissingObject(digest: run.fragments[run.fragments.startIndex].digest)
    }
    func reading<R>(_ body: () throws -> R) throws -> R {
      do { return try body() } catch is FileSystemError { throw missing() }
    }
    let source = try reading { try run.slice.open(in: build.fileSystem) }
    func isSound() throws -> Bool { try reading { try run.slice.trust.holds(for: source) } ?? false }
    guard try isSound() else { throw missing() }
    try BlockRelay(hashingInto: sha256).copy(
      byteCount: run.slice.byteCount, isHelped: build.options.jobs > 1,
      read: { block, offset in
        let count = try reading { try source.read(into: block, at: run.slice.offset + Int64(offset)) }
        if count < block.count { throw missing() }
      }, write: writeHashed)
    guard try isSound() else { throw missing() }
    writtenCount += run.fragments.count
  }

  private func write(_ bytes: ByteSlice) throws {
    if let file = try opened() as? WriteBehindFile {
      try file.write(bytes.raw, hashingInto: sha256)
      byteCount += Int64(bytes.count)
    } else {
      try writeHashed(bytes.raw)
      sha256.update(bytes)
    }
  }

  /// Of which `sha256` knows, or is told.
  private func writeHashed(_ bytes: UnsafeRawBufferPointer) throws {
    try opened().write(bytes)
    byteCount += Int64(bytes.count)
    unbegun += bytes.count
    if unbegun >= Self.beginSize {
      file?.beginSynchronizing()
      unbegun = 0
    }
  }

  private func opened() throws -> any WritableFile {
    if let file { return file }
    let opened: any WritableFile
    if isCreated {
      opened = try build.fileSystem.append(to: temporary)
    } else {
      opened = try build.fileSystem.create(temporary)
      isCreated = true
      staysInMemory = isReadAlone || writtenCount < fragments.count
    }
    let file = staysInMemory ? opened : WriteBehindFile(opened)
    self.file = file
    return file
  }
}

/// The digest of fragments one behind the other, remembered so that an output that came out the same is not written
/// again.
private struct Concatenation {
  private let fragments: [Fragment]
  /// nil: there is one fragment, whose digest says it.
  private let key: Digest?

  init(_ fragments: [Fragment], tool: Digest) {
    self.fragments = fragments
    guard fragments.count != 1 else {
      key = nil
      return
    }
    key =
      KeyManifest(
        function: "concatenate/1",
        inputs: fragments.enumerated().map {
          ActionInput(name: "\($0.offset)", digest: $0.element.digest, byteCount: $0.element.byteCount)
        }, parameters: .null, tool: tool
      ).key
  }

  func knownDigest(in cache: any ActionCache) throws -> Digest? {
    guard let key else { return fragments[0].digest }
    return try cache.record(for: key)?["sha256"]?.string.flatMap(Digest.init(hex:))
  }

  func remember(_ digest: Digest, in cache: any ActionCache) throws {
    if let key, fragments.count > 1 { try cache.save(["sha256": .string(digest.hex)], for: key) }
  }
}
