import JSONTape
import Synchronization
import SystemPackage

/// One thread's memory: the inputs of the action that it runs, and what its functions keep between actions.
final class Worker {
  /// From 1 on.
  let number: Int
  let scratch = WorkerScratch()
  private let inputBytes = ByteBuffer()

  init(number: Int = 1) { self.number = number }

  /// Bytes of memory for inputs, of which those for parsing are a multiple.
  var inputCapacity: Int { inputBytes.capacity }

  /// Maps what can be mapped, and reads the other inputs one behind the other into one buffer, with the parser's
  /// padding between them.
  func load(_ inputs: [ActionInput], from source: some InputSource) throws -> LoadedInputs {
    var loaded = LoadedInputs()
    loaded.bytes.reserveCapacity(inputs.count)
    var copied: [ActionInput] = []
    for input in inputs {
      if let mapped = try source.map(input) { loaded.add(mapped) } else { copied.append(input) }
    }
    inputBytes.removeAll()
    inputBytes.reserve(copied.reduce(0) { $0 + $1.byteCount + JSONParser.padding })
    var ranges: [(String, Range<Int>)] = []
    ranges.reserveCapacity(copied.count)
    for input in copied {
      let start = inputBytes.count
      // Where there are no bytes, nothing is to be read, wherever it would be.
      if input.byteCount > 0 { try source.append(input, to: inputBytes) }
      ranges.append((input.name, start..<inputBytes.count))
      inputBytes.append(count: JSONParser.padding) {
        $0.initializeMemory(as: UInt8.self, repeating: 0x20)
        return $0.count
      }
    }
    for (name, range) in ranges { loaded.bytes[name] = inputBytes.slice(range) }
    return loaded
  }
}

/// Where the bytes of an action's inputs come from.
protocol InputSource {
  /// Appends the input's bytes, which are those of its digest.
  func append(_ input: ActionInput, to buffer: ByteBuffer) throws
  /// The input's bytes where they lie; nil: they must be copied.
  func map(_ input: ActionInput) throws -> MappedInput?
}

extension InputSource {
  func map(_ input: ActionInput) throws -> MappedInput? { nil }
}

/// Files of the workspace where their place is known, else objects of the store. A copy that is not sound is forgotten.
struct BuildInputs: InputSource {
  let fileSystem: any FileSystem
  let store: any ObjectStore
  let catalog: ContentCatalog

  func map(_ input: ActionInput) throws -> MappedInput? {
    guard input.byteCount >= MappedInput.leastSize, let slice = catalog.slice(input.digest) else { return nil }
    return MappedInput(input, slice, fileSystem: fileSystem, catalog: catalog)
  }

  func append(_ input: ActionInput, to buffer: ByteBuffer) throws {
    if let slice = catalog.slice(input.digest) {
      let start = buffer.count
      do {
        if try read(slice, of: input, to: buffer) { return }
        guard slice.isCopy else { throw InputMoved(name: slice.name) }
        if slice.isObject { try fileSystem.remove(slice.path) }
      } catch let error as FileSystemError {
        guard slice.isCopy else { throw UnreadableLog.error(error, path: slice.name) }
        // What can't be read now may be sound.
        if slice.isObject, error.errno != .noSuchFileOrDirectory { throw error }
      }
      buffer.truncate(to: start)
      if slice.isObject { catalog.removeObject(at: slice.path) } else { catalog.remove([input.digest]) }
    }
    guard try store.read(input.digest, into: buffer) else { throw MissingObject(digest: input.digest) }
  }

  /// The file must be what it was when it was hashed, which a look after the reading tells. Where it is not, its bytes
  /// decide: a log that only grew is fine.
  private func read(_ slice: FileSlice, of input: ActionInput, to buffer: ByteBuffer) throws -> Bool {
    let start = buffer.count
    let file = try slice.open(in: fileSystem)
    try buffer.append(count: slice.byteCount) { try file.read(into: $0, at: slice.offset) }
    guard buffer.count - start == slice.byteCount else { return false }
    if try slice.trust.holds(for: file) ?? false { return true }
    return Digest.of(buffer.slice(start..<buffer.count)) == input.digest
  }
}

/// A log that can't be read, which the user may leave out.
enum UnreadableLog {
  /// - Parameter path: of the workspace.
  static func error(_ error: FileSystemError, path: String) -> any Error {
    let isOwn = WorkspaceLayout.ownFolders.contains { path.hasPrefix($0) }
    // Not the file's fault, either: too many are open.
    if isOwn || error.errno == .tooManyOpenFiles || error.errno == .tooManyOpenFilesInSystem { return error }
    return DistillError(
      .data, "can't read it: \(error.errno)", place: path,
      hint: "Make it readable, or take it out with `ignore` in distill.yaml.")
  }
}

/// An object that a cached result promised is gone or damaged. The build that meets it starts the stage again without
/// the cache.
struct MissingObject: Error {
  var digest: Digest
}

/// A file changed between being hashed and being read.
struct InputMoved: Error {
  var name: String
}

/// Workers and sinks that are free.
final class WorkerShelf: @unchecked Sendable {
  // A worker or sink is only ever in the shelf or with the one thread that took it.
  private let lock = Mutex(())
  private var free: [Worker] = []
  private var count = 0
  private var sinks: [String: [OutputSink]] = [:]
  private var sinkBytes = 0
  /// Bytes of memory in sinks that wait to be used again: a fresh one is paid for page by page. A chunk's rows for each
  /// thread are enough; what waits beside many small sinks in use is only in the way.
  private let sinkLimit: Int

  init(jobs: Int) { sinkLimit = jobs * 20 << 20 }

  func take() -> Worker {
    lock.withLock { _ in
      if let worker = free.popLast() { return worker }
      count += 1
      return Worker(number: count)
    }
  }

  /// One that had to read something unusually large does not keep its memory to the end of the build.
  func giveBack(_ worker: Worker) {
    let kept = worker.inputCapacity > Self.workerLimit ? Worker(number: worker.number) : worker
    lock.withLock { _ in free.append(kept) }
  }

  /// Bytes: several chunks of a log.
  private static let workerLimit = 64 << 20

  /// One that had the same name is large enough, mostly; one of another name is better than none.
  func takeSink(_ name: String) -> OutputSink {
    let found = lock.withLock { _ -> OutputSink? in
      guard let name = sinks[name] != nil ? name : sinks.keys.first else { return nil }
      let sink = sinks[name]?.popLast()
      if sinks[name]?.isEmpty ?? false { sinks[name] = nil }
      sinkBytes -= sink?.buffer.capacity ?? 0
      return sink
    }
    return found ?? OutputSink()
  }

  func giveBack(_ used: [String: OutputSink]) {
    lock.withLock { _ in
      for (name, sink) in used where sinkBytes + sink.buffer.capacity <= sinkLimit {
        sink.buffer.removeAll()
        sink.recordCount = 0
        sinkBytes += sink.buffer.capacity
        sinks[name, default: []].append(sink)
      }
    }
  }
}
