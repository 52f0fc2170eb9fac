import JSONTape
import Synchronization
import SystemPackage

/// One thread's memory: the inputs of the action that it runs, and what its functions keep between actions.
final class Worker {
  let scratch = WorkerScratch()
  private let inputBytes = ByteBuffer()

  /// Reads the inputs one behind the other into one buffer, with the parser's padding between them.
  func load(_ inputs: [ActionInput], from source: some InputSource) throws -> [String: ByteSlice] {
    inputBytes.removeAll()
    inputBytes.reserve(inputs.reduce(0) { $0 + $1.byteCount + JSONParser.padding })
    var ranges: [(String, Range<Int>)] = []
    ranges.reserveCapacity(inputs.count)
    for input in inputs {
      let start = inputBytes.count
      // Where there are no bytes, nothing is to be read, wherever it would be.
      if input.byteCount > 0 { try source.append(input, to: inputBytes) }
      ranges.append((input.name, start..<inputBytes.count))
      inputBytes.append(count: JSONParser.padding) {
        $0.initializeMemory(as: UInt8.self, repeating: 0x20)
        return $0.count
      }
    }
    var loaded: [String: ByteSlice] = [:]
    loaded.reserveCapacity(inputs.count)
    for (name, range) in ranges { loaded[name] = inputBytes.slice(range) }
    return loaded
  }
}

/// Where the bytes of an action's inputs come from.
protocol InputSource {
  /// Appends the input's bytes, which are those of its digest.
  func append(_ input: ActionInput, to buffer: ByteBuffer) throws
}

/// Files of the workspace where their place is known, else objects of the store.
struct BuildInputs: InputSource {
  let fileSystem: any FileSystem
  let store: any ObjectStore
  let catalog: ContentCatalog

  func append(_ input: ActionInput, to buffer: ByteBuffer) throws {
    if let slice = catalog.slice(input.digest) { return try read(slice, of: input, to: buffer) }
    guard try store.read(input.digest, into: buffer) else { throw MissingObject(digest: input.digest) }
  }

  /// The file must be what it was when it was hashed. Where it is not, its bytes decide: a log that only grew is fine.
  private func read(_ slice: FileSlice, of input: ActionInput, to buffer: ByteBuffer) throws {
    let start = buffer.count
    do {
      let file = try fileSystem.open(slice.path)
      let before = try file.status()
      try buffer.append(count: slice.byteCount) { try file.read(into: $0, at: slice.offset) }
      let after = try file.status()
      let isUntouched = before == slice.status && after == slice.status
      guard buffer.count - start == slice.byteCount,
        isUntouched || Digest.of(buffer.slice(start..<buffer.count)) == input.digest
      else { throw InputMoved(name: slice.name) }
    } catch let error as FileSystemError {
      throw DistillError(
        .data, "can't read it: \(error.errno)", place: slice.name,
        hint: "Make it readable, or take it out with `ignore` in distill.yaml.")
    }
  }
}

/// An object that a cached result promised is gone or damaged. The build that meets it starts the stage again without the cache.
struct MissingObject: Error {
  var digest: Digest
}

/// A file changed between being hashed and being read.
struct InputMoved: Error {
  var name: String
}

/// Workers that are free.
final class WorkerShelf: @unchecked Sendable {
  // A worker is only ever in the shelf or with the one thread that took it.
  private let lock = Mutex(())
  private var free: [Worker] = []

  func take() -> Worker {
    lock.withLock { _ in free.popLast() } ?? Worker()
  }

  func giveBack(_ worker: Worker) {
    lock.withLock { _ in free.append(worker) }
  }
}
