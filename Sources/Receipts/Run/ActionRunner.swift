import JSONTape
import SystemPackage

/// Runs one action from a file, with nothing but the files beside it: no workspace, cache or configuration.
public struct ActionRunner: Sendable {
  private let fileSystem: any FileSystem
  private let functions: FunctionTable
  private let check: @Sendable (KeyManifest) throws -> Void

  /// - Parameter check: is given the action before it runs, to look at what it may not see.
  public init(
    fileSystem: any FileSystem, functions: FunctionTable,
    check: @escaping @Sendable (KeyManifest) throws -> Void = { _ in }
  ) {
    self.fileSystem = fileSystem
    self.functions = functions
    self.check = check
  }

  /// - Parameters:
  ///   - file: the action's manifest, canonical JSON as `KeyManifest.bytes`.
  ///   - inputs: the folder with its inputs, each under its SHA-256.
  ///   - outputs: a folder for its outputs, likewise; nil: they are only hashed.
  /// - Throws: (65) when the file is no action, names a function that is not there, or an input is missing or another.
  public func run(
    _ file: FilePath, inputs: FilePath, outputs: FilePath?
  ) throws -> (manifest: KeyManifest, result: ActionResult) {
    guard let bytes = try fileSystem.contents(of: file) else {
      throw DistillError(.data, "there is no such file", place: file.string)
    }
    let manifest = try KeyManifest(bytes, place: file.string)
    guard let function = try? functions.function(named: manifest.function) else {
      throw DistillError(.data, "this program has no function \"\(manifest.function)\"", place: file.string)
    }
    try check(manifest)
    let worker = Worker()
    let loaded = try worker.load(manifest.inputs, from: NamedFiles(fileSystem: fileSystem, folder: inputs))
    let context = ActionContext(parameters: manifest.parameters, inputs: loaded.bytes, scratch: worker.scratch)
    let counts = try function.run(context)
    var results: [ActionOutput] = []
    for (name, sink) in context.outputs.sorted(by: { $0.key < $1.key }) {
      let digest = Digest.of(sink.buffer.bytes)
      results.append(
        ActionOutput(name: name, digest: digest, byteCount: sink.buffer.count, recordCount: sink.recordCount))
      guard let outputs else { continue }
      try fileSystem.createDirectory(outputs)
      let file = try fileSystem.create(outputs.appending(digest.hex))
      try file.write(sink.buffer.bytes.raw)
      try file.close()
    }
    return (manifest, ActionResult(outputs: results, counts: counts))
  }
}

/// Inputs as files that their digests name.
struct NamedFiles: InputSource {
  let fileSystem: any FileSystem
  let folder: FilePath

  func append(_ input: ActionInput, to buffer: ByteBuffer) throws {
    let start = buffer.count
    let path = folder.appending(input.digest.hex)
    guard try fileSystem.appendContents(of: path, to: buffer) else {
      throw DistillError(.data, "the input \"\(input.name)\" of the action is missing", place: path.string)
    }
    guard Digest.of(buffer.slice(start..<buffer.count)) == input.digest else {
      throw DistillError(.data, "the input \"\(input.name)\" has another SHA-256 than its name", place: path.string)
    }
  }
}
