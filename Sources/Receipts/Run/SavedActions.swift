import JSONTape
import SystemPackage

/// A folder for actions with everything that they read, so that others can run them again: `<key>/action.json`, whose
/// SHA-256 is the key; each input under its SHA-256; `result.json`, what the action came to.
public struct SavedActions: Sendable {
  private let fileSystem: any FileSystem
  private let folder: FilePath

  static let manifest = "action.json"
  static let result = "result.json"

  public init(fileSystem: any FileSystem, folder: FilePath) {
    self.fileSystem = fileSystem
    self.folder = folder
  }

  func save(_ manifest: KeyManifest, _ inputs: [String: ByteSlice]) throws {
    let place = folder.appending(manifest.key.hex)
    try write(manifest.bytes, to: place.appending(Self.manifest))
    for input in manifest.inputs {
      guard let bytes = inputs[input.name] else { continue }
      try write(bytes.raw, to: place.appending(input.digest.hex))
    }
  }

  /// - Parameter sinks: of outputs that may have another digest than that of their bytes.
  func save(_ result: ActionResult, _ sinks: [String: OutputSink], of key: Digest) throws {
    var result = result
    for (index, output) in result.outputs.enumerated() {
      if let sink = sinks[output.name] { result.outputs[index].digest = Digest.of(sink.buffer.bytes) }
    }
    try write(result.record.canonical + [UInt8(ascii: "\n")], to: folder.appending(key.hex).appending(Self.result))
  }

  private func write(_ bytes: [UInt8], to path: FilePath) throws {
    try bytes.withUnsafeBytes { try write($0, to: path) }
  }

  /// Two threads may run the same action, and so write the same file.
  private func write(_ bytes: UnsafeRawBufferPointer, to path: FilePath) throws {
    let file = try StagedFile(fileSystem, in: folder)
    try file.write(bytes)
    try file.commit(to: path, synchronizing: false)
  }
}
