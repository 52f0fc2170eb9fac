import JSONTape

/// Takes the parts of a key in their order. One sink hashes them, another explains them.
public protocol ManifestSink {
  mutating func function(_ name: String)
  mutating func input(name: String, digest: Digest, byteCount: Int)
  mutating func parameters(_ parameters: JSON)
  mutating func tool(_ digest: Digest)
}

/// What a key is made of: a function, its inputs in order, its parameters, and the program. Nothing else: no time,
/// machine, path of the workspace, thread count or key of another stage.
public struct KeyManifest: Sendable {
  public var function: String
  public var inputs: [ActionInput]
  public var parameters: JSON
  public var tool: Digest

  public init(function: String, inputs: [ActionInput], parameters: JSON, tool: Digest) {
    self.function = function
    self.inputs = inputs
    self.parameters = parameters
    self.tool = tool
  }

  /// The one place that says what is in a key.
  public func describe(to sink: inout some ManifestSink) {
    sink.function(function)
    for input in inputs { sink.input(name: input.name, digest: input.digest, byteCount: input.byteCount) }
    sink.parameters(parameters)
    sink.tool(tool)
  }

  public var key: Digest {
    var sink = HashingSink()
    describe(to: &sink)
    return sink.finish()
  }

  /// The bytes that the key is the SHA-256 of.
  public var bytes: [UInt8] {
    var sink = HashingSink(keepsBytes: true)
    describe(to: &sink)
    return sink.finishedBytes()
  }

  /// Reads what `bytes` gave.
  ///
  /// - Throws: (65) when it is something else.
  public init(_ bytes: [UInt8], place: String) throws(DistillError) {
    do {
      let fields = try Fields(JSON.parse(bytes), at: "")
      try fields.only(["function", "inputs", "parameters", "tool"])
      function = try fields.text("function")
      parameters = try fields.any("parameters")
      tool = try fields.digest("tool")
      inputs = []
      for row in try fields.any("inputs").array ?? [] {
        guard let cells = row.array, cells.count == 3, let name = cells[0].string,
          let digest = cells[1].string.flatMap(Digest.init(hex:)), let count = cells[2].integer, count >= 0
        else { throw FieldError(text: "an input is not [name, SHA-256, bytes]") }
        inputs.append(ActionInput(name: name, digest: digest, byteCount: Int(count)))
      }
    } catch let error as FieldError {
      throw DistillError(.data, "this is no action: \(error.text)", place: place)
    } catch {
      throw DistillError(.data, "this is no action: \(error)", place: place)
    }
  }
}

/// The SHA-256 of the manifest as canonical JSON (RFC 8785):
/// `{"function":"…","inputs":[["name","sha256",bytes],…],"parameters":…,"tool":"sha256"}`.
struct HashingSink: ManifestSink {
  private let sha256 = SHA256()
  private let buffer = ByteBuffer()
  private var writer: JSONWriter
  private let keepsBytes: Bool

  /// - Parameter keepsBytes: until `finishedBytes` gives them; else they are hashed on the way.
  init(keepsBytes: Bool = false) {
    self.keepsBytes = keepsBytes
    writer = JSONWriter(buffer)
    writer.beginObject()
  }

  mutating func function(_ name: String) {
    writer.key("function")
    writer.string(name)
    writer.key("inputs")
    writer.beginArray()
  }

  mutating func input(name: String, digest: Digest, byteCount: Int) {
    writer.beginArray()
    writer.string(name)
    // There may be a hundred thousand: no text is made for each.
    writer.beginString()
    digest.appendHex(to: buffer)
    writer.endString()
    writer.integer(Int64(byteCount))
    writer.endArray()
    if buffer.count > 1 << 16, !keepsBytes { flush() }
  }

  mutating func parameters(_ parameters: JSON) {
    writer.endArray()
    writer.key("parameters")
    let canonical = parameters.canonical
    canonical.withUnsafeBytes { writer.raw(ByteSlice($0)) }
  }

  mutating func tool(_ digest: Digest) {
    writer.key("tool")
    writer.string(digest.hex)
  }

  mutating func finish() -> Digest {
    writer.endObject()
    flush()
    return sha256.finish()
  }

  mutating func finishedBytes() -> [UInt8] {
    writer.endObject()
    return Array(buffer.bytes.raw)
  }

  private func flush() {
    sha256.update(buffer.bytes)
    buffer.removeAll()
  }
}
