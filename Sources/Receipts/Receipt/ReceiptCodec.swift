import JSONTape

/// `receipt.json`: one line of canonical JSON (RFC 8785), but for the order of the top-level members, and `\n`.
///
/// `receipt_sha256` is the SHA-256 of the file's bytes with the member `,"receipt_sha256":"…"` taken out:
/// `sed 's/,"receipt_sha256":"[0-9a-f]*"//' receipt.json | sha256sum`.
public enum ReceiptCodec {
  public static let schema = "distill-make/receipt/v1"

  /// A receipt and the bytes it is kept as.
  public struct Encoded: Sendable, Hashable {
    public var receipt: Receipt
    public var bytes: [UInt8]
    /// `receipt_sha256`.
    public var digest: Digest
    /// What `core_sha256` is of.
    public var coreBytes: [UInt8] { ReceiptCodec.bytes(of: receipt.core) }
  }

  public static func encode(_ receipt: Receipt) -> Encoded {
    let buffer = ByteBuffer()
    let core = bytes(of: receipt.core)
    buffer.append("{\"schema\":")
    append(.string(schema), to: buffer)
    buffer.append(",\"stage\":")
    append(.string(receipt.stage.text), to: buffer)
    buffer.append(",\"core\":")
    core.withUnsafeBytes { buffer.append($0) }
    buffer.append(",\"core_sha256\":")
    append(.string(Digest.of(core).hex), to: buffer)
    buffer.append(",\"git\":")
    append(receipt.git.map { ["sha": .string($0.sha), "dirty": .bool($0.dirty)] } ?? .null, to: buffer)
    buffer.append(",\"run\":")
    append(runTree(receipt.run), to: buffer)
    buffer.append(",\"previous\":")
    append(receipt.previous.map { .string($0.hex) } ?? .null, to: buffer)
    let end = buffer.count
    buffer.append("}\n")
    let digest = Digest.of(buffer.bytes)
    buffer.truncate(to: end)
    buffer.append(",\"receipt_sha256\":\"")
    digest.appendHex(to: buffer)
    buffer.append("\"}\n")
    return Encoded(receipt: receipt, bytes: Array(buffer.bytes.raw), digest: digest)
  }

  /// Strict: unknown, missing, reordered or doubled keys, wrong types, another spelling of the same value, and a wrong
  /// hash are all refused. `place` is named in the error.
  public static func decode(_ bytes: [UInt8], place: String) throws(DistillError) -> Encoded {
    let encoded = encode(try parse(bytes, place: place))
    guard encoded.bytes == bytes else {
      throw refused("its bytes are not the canonical form of what it says, or a hash in it is wrong", place)
    }
    return encoded
  }

  /// What a receipt says, whether its hashes are right or not: keys and types are looked at, the spelling is not.
  package static func parse(_ bytes: [UInt8], place: String) throws(DistillError) -> Receipt {
    if let lists = ReceiptFileLists(in: bytes),
      let receipt = try? Self.receipt(Fields(JSON.parse(lists.rest), at: ""), lists)
    {
      return receipt
    }
    // Some receipt of another form, or none: what is wrong is said of the whole.
    do {
      return try Self.receipt(Fields(try JSON.parse(bytes), at: ""), nil)
    } catch let error as JSONError {
      throw refused("\(error.reason) at byte \(error.offset)", place)
    } catch let error as FieldError {
      throw refused(error.text, place)
    } catch {
      throw refused("\(error)", place)
    }
  }

  private static func refused(_ reason: String, _ place: String) -> DistillError {
    DistillError(.data, "this is no receipt of format \(schema): \(reason)", place: place)
  }

  private static func append(_ value: JSON, to buffer: ByteBuffer) {
    value.canonical.withUnsafeBytes { buffer.append($0) }
  }

  // MARK: To JSON

  /// Of core alone, canonical: what `core_sha256` covers. There may be a hundred thousand files, so no tree is made of
  /// these.
  public static func bytes(of core: Receipt.Core) -> [UInt8] {
    let buffer = ByteBuffer()
    var writer = JSONWriter(buffer)
    let members = coreTree(core)
    func write(_ names: String...) {
      for name in names {
        writer.key(name)
        (members[name] ?? .null).canonical.withUnsafeBytes { writer.raw(ByteSlice($0)) }
      }
    }
    writer.beginObject()
    writer.key("inputs")
    ReceiptFileLists.write(core.inputs, to: &writer)
    write("key")
    writer.key("outputs")
    ReceiptFileLists.write(core.outputs, to: &writer)
    write("parameters", "record_counts", "summary", "tool", "validation", "validation_pass")
    writer.endObject()
    return Array(buffer.bytes.raw)
  }

  /// The members of core but for the lists of files.
  public static func coreTree(_ core: Receipt.Core) -> JSON {
    [
      "tool": [
        "name": .string(core.tool.name), "version": .string(core.tool.version), "sha256": .string(core.tool.digest.hex),
      ],
      "parameters": core.parameters,
      "record_counts": core.recordCounts,
      "summary": core.summary,
      "validation": .array(
        core.validation.map {
          ["check": .string($0.name), "pass": .bool($0.pass), "facts": .array($0.facts.map(JSON.string))]
        }),
      "validation_pass": .bool(core.validationPass),
      "key": .string(core.key.hex),
    ]
  }

  private static func runTree(_ run: Receipt.Run) -> JSON {
    [
      "started_at": .string(run.startedAt.text), "finished_at": .string(run.finishedAt.text),
      "duration_ms": .integer(run.durationMilliseconds),
      "actions": ["run": .integer(Int64(run.actions.run)), "cached": .integer(Int64(run.actions.cached))],
      "host": [
        "os": .string(run.host.system), "arch": .string(run.host.architecture),
        "cpus": .integer(Int64(run.host.processors)),
      ],
      "jobs": .integer(Int64(run.jobs)),
    ]
  }

  // MARK: From JSON

  /// - Parameter lists: of the files, where they were taken out of `fields`.
  private static func receipt(_ fields: Fields, _ lists: ReceiptFileLists?) throws(FieldError) -> Receipt {
    try fields.only([
      "schema", "stage", "core", "core_sha256", "git", "run", "previous", "receipt_sha256",
    ])
    guard try fields.text("schema") == schema else { throw FieldError(text: "\"schema\" is not \"\(schema)\"") }
    _ = try fields.digest("core_sha256")
    _ = try fields.digest("receipt_sha256")
    return Receipt(
      stage: StageName(try fields.text("stage")), core: try core(try fields.object("core"), lists),
      git: try git(fields), run: try run(try fields.object("run")),
      previous: try fields.isNull("previous") ? nil : try fields.digest("previous"))
  }

  private static func core(_ fields: Fields, _ lists: ReceiptFileLists?) throws(FieldError) -> Receipt.Core {
    try fields.only([
      "tool", "parameters", "inputs", "outputs", "record_counts", "summary", "validation", "validation_pass", "key",
    ])
    let inputs = if let lists { lists.inputs } else { try files(fields, "inputs") }
    let outputs = if let lists { lists.outputs } else { try files(fields, "outputs") }
    let tool = try fields.object("tool")
    try tool.only(["name", "version", "sha256"])
    let core = Receipt.Core(
      tool: ToolIdentity(
        name: try tool.text("name"), version: try tool.text("version"), digest: try tool.digest("sha256")),
      parameters: try fields.any("parameters"), inputs: inputs, outputs: outputs,
      recordCounts: try fields.any("record_counts"),
      summary: try fields.any("summary"), validation: try checks(fields), key: try fields.digest("key"))
    try ReceiptTotals.check(inputs, "core.inputs")
    try ReceiptTotals.check(outputs, "core.outputs")
    try ReceiptTotals.check(core.recordCounts, "core.record_counts")
    guard try fields.boolean("validation_pass") == core.validationPass else {
      throw FieldError(text: "\"validation_pass\" is not what the checks say")
    }
    return core
  }

  private static func files(_ fields: Fields, _ key: String) throws(FieldError) -> [Receipt.File] {
    var files: [Receipt.File] = []
    for row in try fields.objects(key) {
      try row.only(["path", "sha256", "bytes", "records"])
      guard let path = RelativePath(try row.text("path")) else {
        throw FieldError(text: "\"path\" is no path below the workspace")
      }
      files.append(
        Receipt.File(
          path: path, digest: try row.digest("sha256"), byteCount: try row.count("bytes"),
          recordCount: try row.count("records")))
    }
    return files
  }

  private static func checks(_ fields: Fields) throws(FieldError) -> [Receipt.Check] {
    var checks: [Receipt.Check] = []
    for row in try fields.objects("validation") {
      try row.only(["check", "pass", "facts"])
      checks.append(
        Receipt.Check(try row.text("check"), pass: try row.boolean("pass"), facts: try row.texts("facts")))
    }
    return checks
  }

  private static func git(_ fields: Fields) throws(FieldError) -> GitState? {
    if try fields.isNull("git") { return nil }
    let git = try fields.object("git")
    try git.only(["sha", "dirty"])
    return GitState(sha: try git.text("sha"), dirty: try git.boolean("dirty"))
  }

  private static func run(_ fields: Fields) throws(FieldError) -> Receipt.Run {
    try fields.only(["started_at", "finished_at", "duration_ms", "actions", "host", "jobs"])
    let actions = try fields.object("actions")
    try actions.only(["run", "cached"])
    var tally = ActionTally()
    tally.run = try actions.count("run")
    tally.cached = try actions.count("cached")
    let host = try fields.object("host")
    try host.only(["os", "arch", "cpus"])
    return Receipt.Run(
      startedAt: try fields.time("started_at"), finishedAt: try fields.time("finished_at"),
      durationMilliseconds: Int64(try fields.count("duration_ms")), actions: tally,
      host: Receipt.Host(
        system: try host.text("os"), architecture: try host.text("arch"), processors: try host.count("cpus")),
      jobs: try fields.count("jobs"))
  }
}
