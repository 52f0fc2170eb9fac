import JSONTape
import SystemPackage

/// The seam between deciding what to do and doing it.
public protocol Executor: Sendable {
  /// Results in the order of the actions. Each result's outputs are objects of the store.
  func execute(_ actions: [Action]) throws -> [ActionResult]
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
  private let saved: SavedActions?
  private let onFinish: @Sendable (_ wasCached: Bool) -> Void

  /// - Parameter saved: takes every action that runs, for `ActionRunner`.
  public init(
    fileSystem: any FileSystem, store: any ObjectStore, cache: any ActionCache, catalog: ContentCatalog,
    functions: FunctionTable, tool: Digest, jobs: Int, ignoresCache: Bool, progress: any Progress,
    saved: SavedActions? = nil, onFinish: @escaping @Sendable (_ wasCached: Bool) -> Void
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
    self.saved = saved
    self.onFinish = onFinish
  }

  public func execute(_ actions: [Action]) throws -> [ActionResult] {
    for action in actions { progress.planned(bytes: action.inputs.reduce(0) { $0 + $1.byteCount }) }
    let workers = WorkerShelf()
    return try parallelMap(actions, jobs: jobs) { _, action in
      let worker = workers.take()
      defer { workers.giveBack(worker) }
      return try self.execute(action, worker)
    }
  }

  private func execute(_ action: Action, _ worker: Worker) throws -> ActionResult {
    let manifest = KeyManifest(
      function: action.function, inputs: action.inputs, parameters: action.parameters, tool: tool)
    let key = manifest.key
    let byteCount = action.inputs.reduce(0) { $0 + $1.byteCount }
    if !ignoresCache, let record = try cache.record(for: key), let result = ActionResult(record: record),
      try result.outputs.allSatisfy({ try store.contains($0.digest) })
    {
      progress.advanced(bytes: byteCount, records: 0)
      onFinish(true)
      return result
    }
    let function = try functions.function(named: action.function)
    let inputs = try worker.load(
      action.inputs, from: BuildInputs(fileSystem: fileSystem, store: store, catalog: catalog))
    try saved?.save(manifest, inputs)
    let context = ActionContext(parameters: action.parameters, inputs: inputs, scratch: worker.scratch)
    let counts = try function.run(context)
    var outputs: [ActionOutput] = []
    var records = 0
    for (name, sink) in context.outputs.sorted(by: { $0.key < $1.key }) {
      let digest = try store.store(sink.buffer.bytes)
      outputs.append(
        ActionOutput(name: name, digest: digest, byteCount: sink.buffer.count, recordCount: sink.recordCount))
      records += sink.recordCount
    }
    let result = ActionResult(outputs: outputs, counts: counts)
    try cache.save(result.record, for: key)
    try saved?.save(result, of: key)
    progress.advanced(bytes: byteCount, records: records)
    onFinish(false)
    return result
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
