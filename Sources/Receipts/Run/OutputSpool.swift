import JSONTape
import Synchronization
import SystemPackage

/// Writes the fragments of a stage's outputs while the actions that make them run, into the files that will be published: each
/// byte is written once, and no fragment is an object of its own.
///
/// A journal beside the files says which fragments are in them, so that a build that comes after a kill finds them again.
final class OutputSpool: @unchecked Sendable {
  private struct State {
    var files: [RelativePath: StagedFragments] = [:]
    /// The files with a descriptor, the one that was opened longest ago first.
    var open: [StagedFragments] = []
    var count = 0
    var journal: (any WritableFile)?
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
  ///   - bytes: nil: the build knows where they are.
  ///   - isVerifiable: the digest is that of the bytes. What is not can't be believed after a kill.
  func append(_ output: ActionOutput, _ bytes: ByteSlice?, isVerifiable: Bool = true, to path: RelativePath) throws {
    guard output.byteCount > 0 else { return }
    try lock.withLock { _ in
      let file = state.files[path] ?? make(path)
      let wasOpen = file.isOpen
      guard let offset = try file.append(Fragment(output), bytes) else { return }
      if !wasOpen { state.open.append(file) }
      if state.open.count > Self.openLimit { try state.open.removeFirst().rest() }
      let place = SpooledPlace(
        digest: output.digest, file: file.temporary, offset: offset, byteCount: output.byteCount)
      if isVerifiable { try note(place) }
      if build.catalog.addCopy(place.slice(.written, name: path.string), of: output.digest) {
        state.located.append(output.digest)
      }
    }
  }

  private func make(_ path: RelativePath) -> StagedFragments {
    let file = StagedFragments(path, temporary: folder.appending("\(state.count)"), build: build)
    state.count += 1
    state.files[path] = file
    return file
  }

  private func note(_ place: SpooledPlace) throws {
    if state.journal == nil { state.journal = try build.fileSystem.create(folder.appending(SpooledPlace.journal)) }
    try Array(place.line.utf8).withUnsafeBytes { try state.journal?.write($0) }
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
        try spooled?.rest()
        file = StagedFragments(output.path, temporary: folder.appending("\(state.count)"), build: build)
        state.count += 1
      }
      for fragment in planned[file.fragments.count...] { try file.append(fragment, nil) }
      return file
    }
  }

  /// Finishes every output; see `StagedFragments.finish`.
  ///
  /// - Parameter inPlace: digests of published files that are known to be as the newest receipt says.
  func finish(_ outputs: [PlannedOutput], inPlace: [RelativePath: Digest]) throws -> [StagedOutput] {
    try parallelMap(outputs, jobs: build.options.jobs) { _, output in
      try self.take(output).finish(inPlace: inPlace[output.path])
    }
  }

  /// The files are renamed, or go: nothing is to be looked for in them any more.
  func end() {
    lock.withLock { _ in
      build.catalog.remove(state.located)
      state = State()
    }
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
  var line: String { "\(digest.hex) \(file.lastComponent?.string ?? "") \(offset) \(byteCount)\n" }

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
