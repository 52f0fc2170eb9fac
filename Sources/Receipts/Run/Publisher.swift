import JSONTape
import SystemPackage

/// An output that is written and synced, and waits in the staging folder for its rename. `temporary` is nil where the
/// published file already has these bytes.
struct StagedOutput {
  var file: Receipt.File
  var temporary: FilePath?
  var status: PublishedStatus?
}

/// Replaces a stage's outputs and its receipt so that at no instant `receipt.json` describes outputs that are not
/// there, whatever interrupts it.
///
/// 1. every output is a synced temporary file (`OutputSpool`);
/// 2. `publishing.json` names every path that this and interrupted attempts may leave behind;
/// 3. `receipt.json` becomes `superseded.json`, both `.sha256` go;
/// 4. outputs are renamed in, paths that no longer belong are removed, folders are synced;
/// 5. `.sha256`, history and `receipt.json` are written; then `superseded.json` and `publishing.json` go.
struct Publisher: Sendable {
  let build: Build
  let stage: StageName
  /// See `Stage.owns`.
  private let owns: @Sendable (RelativePath) -> Bool

  init(build: Build, stage: any Stage) {
    self.build = build
    self.stage = stage.name
    owns = { stage.owns($0) }
  }

  private var layout: WorkspaceLayout { build.layout }
  private var fileSystem: any FileSystem { build.fileSystem }

  /// True while a publication was begun and not ended.
  func wasInterrupted() throws -> Bool {
    try exists(layout.publishing(stage)) || exists(layout.superseded(stage))
  }

  private func exists(_ path: FilePath) throws(FileSystemError) -> Bool {
    try fileSystem.status(of: path, followingLinks: false) != nil
  }

  // MARK: Publishing

  /// - Parameters:
  ///   - receipt: the bytes of the receipt to leave; equal to the newest one where nothing changed.
  ///   - previous: the newest receipt before this one.
  ///   - barrier: of the file system that the outputs are on.
  /// - Returns: how the file of the receipt looked when it was there; nil: not as it should.
  func publish(
    _ staged: [StagedOutput], receipt: ReceiptCodec.Encoded, previous: ReceiptCodec.Encoded?,
    barrier: (any ChangeBarrier)?
  ) throws -> FileStatus? {
    let kept = Set(staged.map(\.file.path))
    var leftovers = Set(try pathsOfInterruptedAttempts())
    if let previous {
      leftovers.formUnion(previous.receipt.core.outputs.map(\.path))
    } else if let list = try fileSystem.contents(of: layout.outputDigests(stage)) {
      // The receipt is gone or damaged: what it listed is known from beside it.
      leftovers.formUnion(ChecksumList.paths(in: list))
    }
    leftovers = leftovers.filter(owns)
    if let foreign = staged.map(\.file.path).first(where: { !owns($0) }) {
      throw DistillError(.internalFault, "stage \(stage) has no right to write it", place: foreign.string)
    }
    let unlisted = leftovers.subtracting(kept).sorted()
    try checkFolders(above: unlisted)
    try fileSystem.createDirectory(layout.receipts(stage))
    try fileSystem.createDirectory(layout.history)
    // A folder that was just made is only there after a power cut if its parent was synced.
    for folder in [layout.root, layout.history.removingLastComponent()] { try fileSystem.synchronizeDirectory(folder) }
    let touched = leftovers.union(kept).sorted()
    try fileSystem.replace(
      layout.publishing(stage), with: (JSON.array(touched.map { .string($0.string) })).canonical + [UInt8(ascii: "\n")],
      through: layout.temporary)
    if try exists(layout.receipt(stage)) {
      try fileSystem.rename(layout.receipt(stage), to: layout.superseded(stage))
    }
    try fileSystem.remove(layout.inputDigests(stage))
    try fileSystem.remove(layout.outputDigests(stage))
    try fileSystem.synchronizeDirectory(layout.receipts(stage))

    let changed = try place(staged)
    var emptied = ChangedFolders()
    for path in unlisted {
      try fileSystem.remove(layout.path(path))
      build.index.forget(path.string)
      emptied.add(above: path)
    }
    for folder in emptied.deepestFirst { try removeIfEmpty(folder) }
    try build.synchronize([layout.root] + changed.union(emptied).map(layout.path), barrier) { folder in
      if try exists(folder) { try fileSystem.synchronizeDirectory(folder) }
    }

    let core = receipt.receipt.core
    try fileSystem.replace(
      layout.inputDigests(stage), with: ChecksumList.text(of: core.inputs), through: layout.temporary)
    try fileSystem.replace(
      layout.outputDigests(stage), with: ChecksumList.text(of: core.outputs), through: layout.temporary)
    let entry = layout.history.appending("\(receipt.digest.hex).json")
    if try !exists(entry) { try fileSystem.replace(entry, with: receipt.bytes, through: layout.temporary) }
    try fileSystem.replace(layout.receipt(stage), with: receipt.bytes, through: layout.temporary)
    let status = try fileSystem.status(of: layout.receipt(stage), followingLinks: false)
    try fileSystem.remove(layout.superseded(stage))
    try fileSystem.remove(layout.publishing(stage))
    try fileSystem.remove(layout.failed(stage))
    try fileSystem.synchronizeDirectory(layout.receipts(stage))
    return status.flatMap { $0.size == receipt.bytes.count ? $0 : nil }
  }

  /// Renames the outputs in, several at a time: making the folder of a partition takes the system as long as all else
  /// about it.
  private func place(_ staged: [StagedOutput]) throws -> ChangedFolders {
    let waiting = staged.compactMap { output in
      output.temporary.flatMap { temporary in output.status.map { (temporary, output.file, $0) } }
    }
    _ = try parallelMap(waiting, inRunsOf: Self.placedAtOnce, jobs: build.options.jobs) { part in
      for (temporary, file, status) in part {
        let path = layout.path(file.path)
        var current = temporary
        try status.place { () throws(FileSystemError) in
          try fileSystem.status(of: current, followingLinks: false)
        } rename: { () throws(FileSystemError) in
          try place(temporary, at: path)
          current = path
        }
      }
    }
    var changed = ChangedFolders()
    for (_, file, _) in waiting { changed.add(above: file.path) }
    build.published.withLock { published in
      published += waiting.compactMap { _, file, status in
        status.afterwards.map { Build.PublishedFile(path: file.path, digest: file.digest, status: $0) }
      }
    }
    return changed
  }

  /// Their folders are neighbours, so that threads are seldom in each other's way.
  private static let placedAtOnce = 64

  private func place(_ temporary: FilePath, at path: FilePath) throws(FileSystemError) {
    do {
      try fileSystem.rename(temporary, to: path)
    } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
      try fileSystem.createDirectory(path.removingLastComponent())
      try fileSystem.rename(temporary, to: path)
    }
  }

  /// A damaged list can't come from an interruption (it is renamed into place); it counts as empty.
  private func pathsOfInterruptedAttempts() throws -> [RelativePath] {
    guard let bytes = try fileSystem.contents(of: layout.publishing(stage)) else { return [] }
    let rows = (try? JSON.parse(bytes))?.array ?? []
    return rows.compactMap { $0.string.flatMap(RelativePath.init) }
  }

  /// Lists of outputs are files that others can write, and a link among the folders of partitions could lead out of the
  /// workspace. One in the place of `data/evidence` or `exports` is its owner's choice.
  ///
  /// - Throws: there is a link in the place of a folder that only partitions have.
  private func checkFolders(above paths: [RelativePath]) throws {
    var folders: Set<RelativePath> = []
    for path in paths {
      var folder = path.parent
      while let current = folder, Self.isOfPartitions(current), folders.insert(current).inserted {
        if try fileSystem.status(of: layout.path(current), followingLinks: false)?.kind == .symbolicLink {
          throw DistillError(
            .cannotWrite,
            "a symbolic link stands in the place of a folder of outputs, of which \(path) is to be removed",
            place: current.string, hint: "Remove the link.")
        }
        folder = current.parent
      }
    }
  }

  /// From the third level on: `data/evidence` and `exports/rag` are there for good.
  private static func isOfPartitions(_ folder: RelativePath) -> Bool {
    folder.string.utf8.count { $0 == UInt8(ascii: "/") } >= 2
  }

  /// Folders of partitions that hold nothing any more go.
  private func removeIfEmpty(_ folder: RelativePath) throws {
    let path = layout.path(folder)
    // A file in a folder's place is somebody's own.
    guard Self.isOfPartitions(folder),
      try fileSystem.status(of: path, followingLinks: false)?.kind == .directory,
      try fileSystem.entries(of: path).isEmpty
    else { return }
    try fileSystem.remove(path)
  }
}

/// The folders above paths that came or went, all the way up to the workspace: a new folder is only there after a power
/// cut if its parent was synced.
private struct ChangedFolders {
  private var folders: Set<RelativePath> = []

  /// Returns whether the path's folder is new here.
  @discardableResult
  mutating func add(above path: RelativePath) -> Bool {
    let count = folders.count
    var folder = path.parent
    while let current = folder, folders.insert(current).inserted { folder = current.parent }
    return folders.count > count
  }

  func union(_ other: ChangedFolders) -> [RelativePath] { folders.union(other.folders).sorted() }

  /// Those below a folder come before it.
  var deepestFirst: [RelativePath] { folders.sorted(by: >) }
}
