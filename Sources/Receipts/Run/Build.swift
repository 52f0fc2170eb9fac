import JSONTape
import Synchronization
import SystemPackage

/// Everything that a build needs from outside, handed in so that tests can replace it.
public struct BuildEnvironment: Sendable {
  public var fileSystem: any FileSystem
  public var clock: any WallClock
  /// Which program this is, which takes a while to tell: its file is hashed.
  public var tool: ToolIdentity { get throws { try pendingTool.get() } }
  private let pendingTool: Pending<ToolIdentity>
  public var host: Receipt.Host
  /// The repository around the workspace; asked once in a build that runs a stage, on a thread of its own.
  public var git: @Sendable () throws -> GitState?
  public var functions: FunctionTable
  public var progress: any Progress
  /// Told when what ran; nil: nobody asks.
  public var trace: BuildTrace?

  public init(
    fileSystem: any FileSystem, clock: any WallClock, tool: Pending<ToolIdentity>, host: Receipt.Host,
    git: @escaping @Sendable () throws -> GitState?, functions: FunctionTable, progress: any Progress,
    trace: BuildTrace? = nil
  ) {
    self.fileSystem = fileSystem
    self.clock = clock
    pendingTool = tool
    self.host = host
    self.git = git
    self.functions = functions
    self.progress = progress
    self.trace = trace
  }
}

public struct BuildOptions: Sendable {
  /// Threads, at least 1.
  public var jobs = 1
  /// Runs every stage and every action, whatever is known.
  public var force = false
  /// Independent stages go on after a failure.
  public var keepGoing = false
  /// Logs are cut at the first unit end at or past each multiple of this many bytes. Where they are cut shows in the
  /// names of undated partitions, so it is the same for every build in a workspace; tests make it small.
  public var chunkSize = 16 << 20
  /// Up to so many files or folders of a publication are synced one by one; see `Build.synchronize`. Tests make it
  /// small.
  public var singleSyncs = 256
  public var publishing = PublishingTime.atOnce
  /// What the build knows is never freed: the process ends after it, and the system has its memory back at once. Piece
  /// by piece that takes a tenth of a build with nothing to do, where there are 100,000 logs.
  public var keepsMemory = false
  /// A folder that gets every action that runs, with its inputs; see `SavedActions`.
  public var savedActions: FilePath?

  public init() {}
}

/// One build: the environment, and what it learns on the way.
final class Build: Sendable {
  let environment: BuildEnvironment
  let options: BuildOptions
  let layout: WorkspaceLayout
  let index: FileIndex
  let store: any ObjectStore
  let cache: NotingActionCache
  let catalog = ContentCatalog()
  let workers: WorkerShelf
  let shelf: ReceiptShelf
  let publications: Publications
  /// Published files whose state the index is to remember; see `settle`.
  let published = Mutex<[PublishedFile]>([])

  /// Of the stages that this build has run, by their keys: what it saved need not be read again.
  let fragments = Mutex<[Digest: FragmentTable]>([:])

  /// Of logs that were cut while they were hashed, by their digests.
  let lineCuts = Mutex<[Digest: LogCut]>([:])

  /// Derived inputs, each made once a build.
  let derived = Mutex<[RelativePath: [UInt8]]>([:])

  private let kept = Mutex<[StageInspection]>([])

  private let pendingGit = Mutex<Pending<GitState?>?>(nil)

  struct PublishedFile: Sendable {
    var path: RelativePath
    var digest: Digest
    /// When the file had this digest: right behind its rename, or before it was read.
    var status: FileStatus
  }

  var fileSystem: any FileSystem { environment.fileSystem }

  init(environment: BuildEnvironment, options: BuildOptions, layout: WorkspaceLayout, index: FileIndex) {
    self.environment = environment
    self.options = options
    self.layout = layout
    self.index = index
    store = DirectoryObjectStore(fileSystem: environment.fileSystem, root: layout.cache)
    cache = NotingActionCache(DirectoryActionCache(fileSystem: environment.fileSystem, root: layout.cache))
    shelf = ReceiptShelf(fileSystem: environment.fileSystem, layout: layout)
    publications = Publications(options.publishing)
    workers = WorkerShelf(jobs: options.jobs)
  }

  /// Keeps what nobody needs any more from being freed, where the options say so.
  func keep(_ inspection: StageInspection) {
    if options.keepsMemory { kept.withLock { $0.append(inspection) } }
  }

  /// Where the work tree stands, for all receipts of this build: who asks first has it found out, beside what else goes
  /// on.
  var git: Pending<GitState?> {
    pendingGit.withLock { pending in
      if let pending { return pending }
      let asked = Pending { [environment] in try environment.git() }
      pending = asked
      return asked
    }
  }

  /// Keeps the head of a receipt, so that a build that finds the file as it is need not open it.
  func remember(_ head: ReceiptHead, in file: PublishedFile) throws {
    try ReceiptHeads(build: self).save(head, file: file.digest)
    published.withLock { $0.append(file) }
  }

  /// Likewise for a receipt that was just published.
  ///
  /// - Parameter status: of its file, right behind its rename.
  func remember(_ receipt: ReceiptCodec.Encoded, _ status: FileStatus) throws {
    let path = layout.receipt(receipt.receipt.stage)
    let file = PublishedFile(
      path: RelativePath(unchecked: layout.relative(path.string)), digest: Digest.of(receipt.bytes), status: status)
    try remember(ReceiptHead(receipt), in: file)
  }

  /// Remembers published files that look as they did when they were published. Where changes have no times of their
  /// own, one within the clock's step would not show, so this waits until that is over and looks then.
  func settle() throws {
    let files = published.withLock { files in
      defer { files = [] }
      return files
    }
    guard !files.isEmpty else { return }
    index.tryChangeTimes(in: layout.temporary)
    if index.settlingTime > 0 { environment.clock.sleep(nanoseconds: UInt64(index.settlingTime)) }
    let now = environment.clock.now().nanosecondsSince1970 ?? .max
    let statuses = try parallelMap(files, inRunsOf: FileIndex.looksAtOnce, jobs: options.jobs) {
      try fileSystem.statuses(of: $0.map(\.path)[...], below: layout.root)
    }.joined()
    for (file, status) in zip(files, statuses) {
      // Within the second of its rename it may have been changed again; it is hashed once more when it is asked for.
      guard let status, status == file.status, !FileIndex.mayCountSeconds(status.changed),
        index.isSettled(status.changed, at: now)
      else { continue }
      index.remember(file.path.string, status, file.digest)
    }
  }
}
