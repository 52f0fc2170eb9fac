import JSONTape
import SystemPackage

/// Frees what the cache holds and no newest receipt needs. Receipts, outputs and logs are not touched.
public struct GarbageCollector: Sendable {
  /// What to spare of that which is not needed: the youngest first, as long as it fits.
  public struct Bounds: Sendable {
    /// Bytes of the whole cache.
    public var keepBytes: Int64 = 0
    /// Nanoseconds since it was made.
    public var keepYounger: Int64 = 0
    public init() {}
  }

  public struct Outcome: Sendable, Hashable {
    public var kept = Total()
    public var freed = Total()
  }

  public struct Total: Sendable, Hashable {
    public var objects = 0
    public var records = 0
    public var bytes: Int64 = 0
  }

  private let fileSystem: any FileSystem
  private let layout: WorkspaceLayout
  private let store: DirectoryObjectStore
  private let cache: DirectoryActionCache

  public init(fileSystem: any FileSystem, layout: WorkspaceLayout) {
    self.fileSystem = fileSystem
    self.layout = layout
    store = DirectoryObjectStore(fileSystem: fileSystem, root: layout.cache)
    cache = DirectoryActionCache(fileSystem: fileSystem, root: layout.cache)
  }

  /// The caller holds the workspace's lock.
  ///
  /// - Parameters:
  ///   - stages: whose newest receipts count.
  ///   - records: keys of records that are needed beside those of stages.
  ///   - isDryRun: nothing is removed.
  public func collect(
    _ stages: [StageName], sparing records: [Digest], _ bounds: Bounds, now: Timestamp, isDryRun: Bool
  ) throws -> Outcome {
    try fileSystem.checkCache(of: layout, stages)
    let needed = try reachable(stages, records)
    var outcome = Outcome()
    var spare: [Entry] = []
    for entry in try entries() {
      if entry.isObject ? needed.objects.contains(entry.digest) : needed.records.contains(entry.digest) {
        outcome.kept.add(entry)
      } else {
        spare.append(entry)
      }
    }
    spare.sort { ($0.modified, $0.digest) > ($1.modified, $1.digest) }
    let now = now.nanosecondsSince1970 ?? .max
    for entry in spare {
      if now.subtractingReportingOverflow(entry.modified).partialValue < bounds.keepYounger
        || outcome.kept.bytes + entry.size <= bounds.keepBytes
      {
        outcome.kept.add(entry)
      } else {
        outcome.freed.add(entry)
        if !isDryRun { try entry.isObject ? store.remove(entry.digest) : cache.remove(entry.digest) }
      }
    }
    for stage in stages { try emptyStaging(of: stage, bounds, now: now, isDryRun: isDryRun, &outcome) }
    return outcome
  }

  /// What an interrupted build finished is needed by nobody, only handy.
  private func emptyStaging(
    of stage: StageName, _ bounds: Bounds, now: Int64, isDryRun: Bool, _ outcome: inout Outcome
  ) throws {
    for attempt in try fileSystem.entries(of: layout.staging(stage)) where attempt.kind == .directory {
      let folder = layout.staging(stage).appending(attempt.name)
      var total = Total()
      var youngest = Int64.min
      for entry in try fileSystem.entries(of: folder) {
        guard let status = try fileSystem.status(of: folder.appending(entry.name), followingLinks: false) else {
          continue
        }
        total.objects += 1
        total.bytes += status.size
        youngest = max(youngest, status.modified)
      }
      if now.subtractingReportingOverflow(youngest).partialValue < bounds.keepYounger
        || outcome.kept.bytes + total.bytes <= bounds.keepBytes
      {
        outcome.kept.add(total)
      } else {
        outcome.freed.add(total)
        if isDryRun { continue }
        try fileSystem.empty(folder)
        try fileSystem.remove(folder)
      }
    }
  }

  fileprivate struct Entry {
    var isObject: Bool
    var digest: Digest
    var size: Int64
    var modified: Int64
  }

  private func entries() throws -> [Entry] {
    func entry(_ digest: Digest, isObject: Bool) throws -> Entry? {
      let path = isObject ? store.path(of: digest) : cache.path(of: digest)
      guard let status = try fileSystem.status(of: path, followingLinks: false) else { return nil }
      return Entry(isObject: isObject, digest: digest, size: status.size, modified: status.modified)
    }
    return try cache.keys().compactMap { try entry($0, isObject: false) }
      + store.digests().compactMap { try entry($0, isObject: true) }
  }

  /// Stage → the records that its run used → the objects that these name.
  private func reachable(
    _ stages: [StageName], _ others: [Digest]
  ) throws -> (records: Set<Digest>, objects: Set<Digest>) {
    var records = Set(others)
    var objects: Set<Digest> = []
    let shelf = ReceiptShelf(fileSystem: fileSystem, layout: layout)
    for stage in stages {
      // A receipt that can't be read needs nothing: the stage is built anew.
      guard let newest = (try? shelf.newest(stage)) ?? nil else { continue }
      records.insert(ReceiptHeads.key(file: Digest.of(newest.bytes), tool: newest.receipt.core.tool.digest))
      let key = newest.receipt.core.key
      guard let table = try FragmentTable.load(stageKey: key, from: cache) else { continue }
      records.insert(key)
      records.formUnion(table.records)
      objects.formUnion(table.fragments.values.joined().map(\.digest))
    }
    for key in records {
      guard let record = try cache.record(for: key) else { continue }
      if let result = ActionResult(record: record) { objects.formUnion(result.outputs.map(\.digest)) }
      if let pack = OutputPack(record: record) { objects.insert(pack.digest) }
      guard let cut = LogCut(record: record) else { continue }
      if let frame = cut.frame { objects.insert(frame.digest) }
      if cut.isUnpacked {
        objects.formUnion(cut.pieces.flatMap { [$0.digest, $0.longLine?.start].compactMap(\.self) })
      }
    }
    return (records, objects)
  }
}

extension GarbageCollector.Total {
  fileprivate mutating func add(_ other: Self) {
    objects += other.objects
    records += other.records
    bytes += other.bytes
  }

  fileprivate mutating func add(_ entry: GarbageCollector.Entry) {
    if entry.isObject { objects += 1 } else { records += 1 }
    bytes += entry.size
  }
}
