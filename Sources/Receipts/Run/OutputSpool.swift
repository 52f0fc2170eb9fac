import JSONTape
import Synchronization
import SystemPackage

/// Writes the fragments of a stage's outputs while the actions that make them run, into the files that will be
/// published: each byte is written once, and no fragment is an object of its own.
///
/// A journal beside the files says which fragments are in them, so that a build that comes after a kill finds them
/// again.
final class OutputSpool: @unchecked Sendable {
  private struct State {
    var files: [RelativePath: StagedFragments] = [:]
    /// The files with a descriptor, the one that was opened longest ago first.
    var open: [StagedFragments] = []
    var count = 0
    var journal: (any WritableFile)?
    /// Lines that are not in the journal yet.
    let lines = ByteBuffer()
    /// What the catalog was told.
    var located: [Digest] = []
  }

  /// A stage may have thousands of outputs, a process a thousand descriptors.
  private static let openLimit = 64

  private let build: Build
  private let folder: FilePath
  // Only touched while `lock` is held.
  private let lock = Mutex(())
  private var state = State()

  /// - Parameter folder: is there, and nothing is in it.
  init(build: Build, folder: FilePath) {
    self.build = build
    self.folder = folder
  }

  /// - Parameters:
  ///   - output: where it is read alone and has bytes, its digest does not count.
  ///   - bytes: nil: the build knows where they are.
  ///   - isReadAlone: see `FragmentPlaces`; the same for all fragments of an output. What has not the digest of its
  ///     bytes can't be believed after a kill.
  /// - Returns: the fragment's digest.
  func append(
    _ output: ActionOutput, _ bytes: ByteSlice?, isReadAlone: Bool = true, to path: RelativePath
  ) throws -> Digest {
    guard output.byteCount > 0 else { return output.digest }
    return try lock.withLock { _ in
      let file = state.files[path] ?? make(path, isReadAlone: isReadAlone)
      state.files[path] = file
      let wasOpen = file.isOpen
      guard let bytes else {
        file.append(Fragment(output))
        return output.digest
      }
      let (offset, digest) = try file.append(Fragment(output), bytes)
      if !wasOpen { state.open.append(file) }
      if state.open.count > Self.openLimit { try state.open.removeFirst().rest() }
      let place = SpooledPlace(
        digest: digest, file: file.temporary, offset: offset, byteCount: output.byteCount)
      if isReadAlone { place.append(to: state.lines) }
      if build.catalog.addCopy(place.slice(.written, name: path.string), of: digest) { state.located.append(digest) }
      return digest
    }
  }

  private func make(_ path: RelativePath, isReadAlone: Bool) -> StagedFragments {
    let file = StagedFragments(
      path, temporary: folder.appending("\(state.count)"), isReadAlone: isReadAlone, build: build)
    state.count += 1
    return file
  }

  /// Writes down which fragments the files have: once an action, which may have thousands.
  func noteFragments() throws {
    try lock.withLock { _ in
      guard state.lines.count > 0 else { return }
      if state.journal == nil { state.journal = try build.fileSystem.create(folder.appending(SpooledPlace.journal)) }
      try state.journal?.write(state.lines.bytes.raw)
      state.lines.removeAll()
    }
  }

  /// The file of a planned output, with all its fragments.
  private func take(_ output: PlannedOutput) throws -> StagedFragments {
    let planned = output.fragments.filter { $0.byteCount > 0 }
    return try lock.withLock { _ in
      let spooled = state.files.removeValue(forKey: output.path)
      // Fragments that were made again with what a reduce found stand elsewhere: the output is put together anew.
      let fits = spooled.map { zip($0.fragments, planned).allSatisfy { $0.digest == $1.digest } } ?? false
      let file: StagedFragments
      if let spooled, fits, spooled.fragments.count <= planned.count {
        file = spooled
      } else {
        try spooled?.close()
        file = make(output.path, isReadAlone: spooled?.isReadAlone ?? true)
      }
      for fragment in planned[file.fragments.count...] { file.append(fragment) }
      return file
    }
  }

  /// Finishes every output; see `StagedFragments.finish`.
  ///
  /// - Parameter inPlace: digests of published files that are known to be as the newest receipt says.
  func finish(_ outputs: [PlannedOutput], inPlace: [RelativePath: Digest]) throws -> SpooledOutputs {
    let rests = outputs.count > Self.openLimit
    let finished = try parallelMap(outputs, jobs: build.options.jobs) { _, output in
      let file = try self.take(output)
      let staged = try file.finish(inPlace: inPlace[output.path])
      if rests { try file.close() }
      return (file: file, staged: staged)
    }
    return SpooledOutputs(
      staged: finished.map(\.staged), written: finished.filter { $0.staged.temporary != nil }.map(\.file))
  }

  /// The files are renamed, or go: nothing is to be looked for in them any more.
  func end() {
    lock.withLock { _ in
      build.catalog.remove(state.located)
      state = State()
    }
  }
}

/// The outputs of a stage with all their bytes, which need not be on the disk yet.
struct SpooledOutputs: Sendable {
  let staged: [StagedOutput]
  fileprivate let written: [StagedFragments]

  /// Returns when they are on the disk.
  ///
  /// - Parameter barrier: of the staging folder's file system, from before anything was written.
  func synchronize(_ build: Build, _ barrier: (any ChangeBarrier)?) throws {
    try build.synchronize(written, barrier) { try $0.synchronize() }
    for file in written { try file.close() }
  }
}

/// Where a fragment is, in a file of an attempt at a stage.
struct SpooledPlace {
  static let journal = "journal"

  var digest: Digest
  var file: FilePath
  var offset: Int64
  var byteCount: Int

  /// `SHA-256 file offset bytes`
  func append(to journal: ByteBuffer) {
    digest.appendHex(to: journal)
    journal.append(" \(file.lastComponent?.string ?? "") \(offset) \(byteCount)\n")
  }

  init(digest: Digest, file: FilePath, offset: Int64, byteCount: Int) {
    self.digest = digest
    self.file = file
    self.offset = offset
    self.byteCount = byteCount
  }

  /// nil: no such line; the last one may have been cut off.
  init?(line: Substring, in folder: FilePath) {
    let words = line.split(separator: " ")
    guard words.count == 4, let digest = Digest(hex: String(words[0])), let file = Int(words[1]), file >= 0,
      let offset = Int64(words[2]), let byteCount = Int(words[3]), offset >= 0, byteCount > 0
    else { return nil }
    self.init(digest: digest, file: folder.appending("\(file)"), offset: offset, byteCount: byteCount)
  }

  func slice(_ trust: FileSlice.Trust, name: String) -> FileSlice {
    FileSlice(path: file, name: name, offset: offset, byteCount: byteCount, trust: trust, isCopy: true)
  }
}
