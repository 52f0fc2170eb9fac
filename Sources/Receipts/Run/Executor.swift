import JSONTape
import SystemPackage

/// Which outputs of actions are fragments of outputs of the stage, in the order of the actions.
public struct FragmentPlaces: Sendable {
  /// nil: it is none, so it becomes an object.
  var path: @Sendable (_ action: Int, _ output: String) -> RelativePath?
  /// Does another stage or action take the fragments one by one? Then each has the digest of its bytes. Else, as an
  /// output is hashed as a whole anyway, a fragment has the digest of the key and name that it was made under.
  var areReadAlone: Bool

  public init(
    areReadAlone: Bool = true, _ path: @escaping @Sendable (_ action: Int, _ output: String) -> RelativePath?
  ) {
    self.path = path
    self.areReadAlone = areReadAlone
  }
}

/// The seam between deciding what to do and doing it.
public protocol Executor: Sendable {
  /// Results in the order of the actions. Each result's outputs are objects of the store, or where `places` says.
  func execute(_ actions: [Action], places: FragmentPlaces?) throws -> [ActionResult]
}

/// Counts of actions, for the receipt's `run`.
public struct ActionTally: Sendable, Hashable {
  public var run = 0
  public var cached = 0
  public init() {}
}

/// Runs actions on the threads of this machine, and only those whose key is not in the action cache.
public final class LocalExecutor: Executor {
  private let fileSystem: any FileSystem
  private let store: any ObjectStore
  private let cache: any ActionCache
  private let catalog: ContentCatalog
  private let functions: FunctionTable
  private let tool: Digest
  private let jobs: Int
  private let ignoresCache: Bool
  private let progress: any Progress
  private let spool: OutputSpool
  private let workers: WorkerShelf
  private let clock: any WallClock
  private let trace: BuildTrace?
  private let saved: SavedActions?
  private let onFinish: @Sendable (_ wasCached: Bool) -> Void

  /// - Parameters:
  ///   - spool: takes what is a fragment of an output.
  ///   - workers: of the build: memory that one step has used is there for the next.
  ///   - saved: takes every action that runs, for `ActionRunner`.
  init(
    fileSystem: any FileSystem, store: any ObjectStore, cache: any ActionCache, catalog: ContentCatalog,
    functions: FunctionTable, tool: Digest, jobs: Int, ignoresCache: Bool, progress: any Progress,
    spool: OutputSpool, workers: WorkerShelf, clock: any WallClock, trace: BuildTrace? = nil,
    saved: SavedActions? = nil,
    onFinish: @escaping @Sendable (_ wasCached: Bool) -> Void
  ) {
    self.fileSystem = fileSystem
    self.store = store
    self.cache = cache
    self.catalog = catalog
    self.functions = functions
    self.tool = tool
    self.jobs = jobs
    self.ignoresCache = ignoresCache
    self.progress = progress
    self.spool = spool
    self.workers = workers
    self.clock = clock
    self.trace = trace
    self.saved = saved
    self.onFinish = onFinish
  }

  public func execute(_ actions: [Action], places: FragmentPlaces?) throws -> [ActionResult] {
    for action in actions { progress.planned(bytes: action.inputs.reduce(0) { $0 + $1.byteCount }) }
    let handover = OrderedHandover<Finished>(room: jobs) { [workers] number, finished in
      try self.spool(finished) { places?.path(number, $0) }
      workers.giveBack(finished.takeSinks())
    }
    let finished = try parallelMap(actions, jobs: jobs) { number, action in
      let worker = workers.take()
      defer { workers.giveBack(worker) }
      do {
        let start = clock.monotonicNanoseconds()
        let finished = try self.execute(action, worker, areReadAlone: places?.areReadAlone ?? true) {
          places?.path(number, $0) != nil
        }
        if let trace { trace.add(event(action, finished, worker, since: start)) }
        try handover.hand(number, finished)
        return finished
      } catch {
        handover.fail(error)
        throw error
      }
    }
    return finished.map(\.result)
  }

  /// Writes the fragments of outputs, and then the record of the action, where that waits for their digests.
  private func spool(_ finished: Finished, path: (String) -> RelativePath?) throws {
    for (place, output) in finished.result.outputs.enumerated() {
      guard let path = path(output.name) else { continue }
      finished.result.outputs[place].digest = try spool.append(
        output, finished.sinks[output.name]?.buffer.bytes, isReadAlone: finished.isReadAlone, to: path)
    }
    if finished.awaitsDigests { try save(finished) }
    try spool.noteFragments()
  }

  private func save(_ finished: Finished) throws {
    guard let key = finished.key else { return }
    try cache.save(finished.record, for: key)
    try saved?.save(finished.result, finished.sinks, of: key)
  }

  private func event(
    _ action: Action, _ finished: Finished, _ worker: Worker, since start: UInt64
  ) -> BuildTrace.Event {
    let read = action.inputs.reduce(0) { $0 + Int64($1.byteCount) }
    let written = finished.result.outputs.reduce(0) { $0 + Int64($1.byteCount) }
    return BuildTrace.Event(
      name: action.function, category: "action", thread: worker.number, start: start, end: clock.monotonicNanoseconds(),
      facts: [
        "cached": .bool(finished.isCached), "bytes_read": .integer(finished.isCached ? 0 : read),
        "bytes_written": .integer(finished.isCached ? 0 : written),
      ])
  }

  private func execute(
    _ action: Action, _ worker: Worker, areReadAlone: Bool, isFragment: (String) -> Bool
  ) throws -> Finished {
    let manifest = KeyManifest(
      function: action.function, inputs: action.inputs, parameters: action.parameters, tool: tool)
    let key = manifest.key
    let byteCount = action.inputs.reduce(0) { $0 + $1.byteCount }
    if !ignoresCache, let record = try cache.record(for: key), let result = ActionResult(record: record),
      try areThere(result, OutputPack(record: record))
    {
      progress.advanced(bytes: byteCount)
      onFinish(true)
      return Finished(result, isReadAlone: areReadAlone)
    }
    let function = try functions.function(named: action.function)
    let inputs = try worker.load(
      action.inputs, from: BuildInputs(fileSystem: fileSystem, store: store, catalog: catalog))
    try saved?.save(manifest, inputs.bytes)
    let context = ActionContext(
      parameters: action.parameters, inputs: inputs.bytes, scratch: worker.scratch, sinks: workers.takeSink)
    let counts = try inputs.whileTheyStay { try function.run(context) }
    let finished = Finished(ActionResult(outputs: [], counts: counts), of: key, isReadAlone: areReadAlone)
    var objects: [(number: Int, sink: OutputSink)] = []
    for (number, (name, sink)) in context.outputs.sorted(by: { $0.key < $1.key }).enumerated() {
      // Digests of bytes are made while they are written.
      var output = ActionOutput(
        name: name, digest: .ofNothing, byteCount: sink.buffer.count, recordCount: sink.recordCount)
      if isFragment(name) {
        if !areReadAlone { output.digest = Digest.of("\(key.hex) \(name)") }
        finished.sinks[name] = sink
      } else {
        objects.append((number, sink))
      }
      finished.result.outputs.append(output)
    }
    try store(objects, of: finished)
    for (number, sink) in objects { workers.giveBack([finished.result.outputs[number].name: sink]) }
    if !finished.awaitsDigests { try save(finished) }
    progress.advanced(bytes: byteCount)
    onFinish(false)
    return finished
  }

  /// Stores the outputs that are no fragments, all of them as one object. What reads one in this build finds it there,
  /// and need not hash it.
  private func store(_ outputs: [(number: Int, sink: OutputSink)], of finished: Finished) throws {
    let outputs = outputs.filter { $0.sink.buffer.count > 0 }
    guard !outputs.isEmpty else { return }
    let (sha256, outputSHA256) = (SHA256(), SHA256())
    for (number, sink) in outputs {
      SHA256.update(sha256, sink.buffer.bytes, and: outputSHA256, sink.buffer.bytes)
      finished.result.outputs[number].digest = outputSHA256.finish()
    }
    let pack = OutputPack(digest: sha256.finish(), outputs: outputs.map(\.number))
    try store.store(outputs.map(\.sink.buffer.bytes), as: pack.digest)
    if outputs.count > 1 { finished.pack = pack }
    if let status = try fileSystem.status(of: store.path(of: pack.digest), followingLinks: false) {
      locate(pack, of: finished.result, status, trust: .unchanged(status))
    }
  }

  /// Tells the catalog where the outputs in a pack are, if that can be theirs.
  private func locate(
    _ pack: OutputPack, of result: ActionResult, _ status: FileStatus, trust: FileSlice.Trust
  ) {
    guard status.kind == .regular, let places = pack.places(in: result, objectSize: status.size) else { return }
    let path = store.path(of: pack.digest)
    for (output, offset) in places {
      let slice = FileSlice(
        path: path, name: output.name, offset: offset, byteCount: output.byteCount, trust: trust, isCopy: true,
        isObject: true)
      catalog.addObject(slice, of: output.digest)
    }
  }

  private func areThere(_ result: ActionResult, _ pack: OutputPack?) throws -> Bool {
    if let pack, let status = try fileSystem.status(of: store.path(of: pack.digest), followingLinks: false) {
      locate(pack, of: result, status, trust: .none)
    }
    return try result.outputs.allSatisfy(isThere)
  }

  /// Nothing is everywhere.
  private func isThere(_ output: ActionOutput) throws -> Bool {
    try output.byteCount == 0 || catalog.slice(output.digest) != nil || store.contains(output.digest)
  }
}

/// An action's result, with the bytes of those outputs that are no objects. None where it was cached.
///
/// One thread at a time has it: the one that made it, then the one that takes it over.
private final class Finished: @unchecked Sendable {
  var result: ActionResult
  var sinks: [String: OutputSink] = [:]
  var pack: OutputPack?
  /// nil: it was cached.
  let key: Digest?
  let isReadAlone: Bool

  init(_ result: ActionResult, of key: Digest? = nil, isReadAlone: Bool) {
    self.result = result
    self.key = key
    self.isReadAlone = isReadAlone
  }

  var isCached: Bool { key == nil }

  /// There are fragments whose digests are made while they are written.
  var awaitsDigests: Bool { isReadAlone && !sinks.isEmpty }

  /// For the cache: that of the result, and `pack`, where outputs share an object.
  var record: JSON {
    guard let pack, case .object(var members) = result.record else { return result.record }
    members["pack"] = pack.json
    return .object(members)
  }

  /// They are wanted again before all actions have ended.
  func takeSinks() -> [String: OutputSink] {
    defer { sinks = [:] }
    return sinks
  }
}

extension ActionResult {
  /// Canonical JSON `{"counts":…,"outputs":[["name","sha256",bytes,records],…]}`
  public var record: JSON {
    [
      "counts": counts,
      "outputs": .array(
        outputs.map {
          [.string($0.name), .string($0.digest.hex), .integer(Int64($0.byteCount)), .integer(Int64($0.recordCount))]
        }),
    ]
  }

  init?(record: JSON) {
    guard let counts = record["counts"], let rows = record["outputs"]?.array else { return nil }
    var outputs: [ActionOutput] = []
    for row in rows {
      guard let cells = row.array, cells.count == 4, let name = cells[0].string,
        let digest = cells[1].string.flatMap(Digest.init(hex:)), let bytes = cells[2].integer,
        let records = cells[3].integer
      else { return nil }
      outputs.append(ActionOutput(name: name, digest: digest, byteCount: Int(bytes), recordCount: Int(records)))
    }
    self.init(outputs: outputs, counts: counts)
  }
}
