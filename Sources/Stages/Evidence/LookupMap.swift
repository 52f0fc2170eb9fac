import JSONTape
import Receipts

/// `evidence.lookup/1`: from the files of a look-up to the values that a mapping asks for.
///
/// Parameters: `{"name", "key", "records", "values": [pointer, …], "files": [{"path", "format"}, …]}`. Inputs: the
/// files, "0", "1", … Output `table`: see `LookupTable`. Counts: `{"files": [{"path", "read", "without_key"}]}`.
///
/// A file that can't be read is an error, unlike a log: what is missing here would be missing in every record. The same
/// key may occur again with equal values, or with values that it lacked.
public enum LookupMap {
  public static let function = ActionFunction(name: "evidence.lookup/1") { context in
    var map = try LookupRun(context)
    return try map.run()
  }

  static func parameters(_ lookup: Lookup, of source: Source, files: [RelativePath]) -> JSON {
    let values = Set(source.parts.flatMap(\.lookups).filter { $0.lookup == lookup.name }.map(\.value.text))
    return [
      "name": .string(lookup.name), "key": lookup.keySlice, "records": .string(lookup.records.text),
      "values": .array(values.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map(JSON.string)),
      "files": .array(
        files.map { ["path": .string($0.string), "format": .string(lookup.format(of: $0).rawValue)] }),
    ]
  }
}

private struct LookupRun {
  private struct File {
    var path: String
    var format: Source.Format
    var read: Int64 = 0
    var withoutKey: Int64 = 0
  }

  /// What a key has at one of the values' pointers.
  private struct Held {
    /// JSON text, in `texts`.
    var text: Range<Int>
    var digest: Digest
    var isNull: Bool
    var file: Int
    var record: Int64
  }

  private let context: ActionContext
  private let name: String
  private let key: CompiledExpression
  private let documents: DocumentReader
  private let values: [CompiledPointer]
  private let scope: RecordScope
  private var files: [File]
  private var rows: [[UInt8]: [Held?]] = [:]
  private let texts = ByteBuffer()

  init(_ context: ActionContext) throws {
    let parameters = context.parameters
    guard let name = parameters["name"]?.string, let key = parameters["key"],
      let records = parameters["records"]?.string.flatMap({ Pointer($0, allowingEvery: true) }),
      let values = parameters["values"]?.array, let files = parameters["files"]?.array
    else { throw DistillError(.internalFault, "evidence.lookup lacks a parameter") }
    self.context = context
    self.name = name
    let expression = try LookupReader.key(ConfigurationNode(key), named: "lookups.\(name).key")
    self.key = try CompiledExpression(expression, field: "lookups.\(name).key", context: CompileContext())
    documents = DocumentReader(records: records)
    self.values = try values.map { value in
      guard let pointer = value.string.flatMap({ Pointer($0, allowingEvery: false) }) else {
        throw DistillError(.internalFault, "evidence.lookup was given no pointer")
      }
      return CompiledPointer(PointerReference(pointer: pointer))
    }
    self.files = try files.map { file in
      guard let path = file["path"]?.string,
        let format = file["format"]?.string.flatMap({ Source.Format(rawValue: $0) })
      else { throw DistillError(.internalFault, "a file in the parameters of evidence.lookup lacks a member") }
      return File(path: path, format: format)
    }
    scope = RecordScope(scratch: context.scratch)
  }

  mutating func run() throws -> JSON {
    for number in files.indices { try read(number) }
    write()
    return [
      "files": .array(
        files.map { ["path": .string($0.path), "read": .integer($0.read), "without_key": .integer($0.withoutKey)] })
    ]
  }

  // MARK: Reading

  private mutating func read(_ number: Int) throws {
    let file = files[number]
    scope.beginFile(path: file.path, captures: [:], captureNames: [])
    let plain = try EvidenceSegment.plainText(try context.input("\(number)"), RelativePath(unchecked: file.path))
    defer { withExtendedLifetime(plain) {} }
    if file.format == .jsonl {
      for (line, text) in Lines(plain.bytes).enumerated() where !TextBytes.isBlankLine(text) {
        scope.line = line
        let record = try parse(text, in: number)
        try add(record, root: record, number)
      }
    } else if !TextBytes.isBlankLine(plain.bytes) {
      scope.line = 0
      let document = try parse(plain.bytes, in: number)
      try documents.records(of: document) { found in
        switch found {
        case .record(let record):
          try add(record, root: document, number)
          scope.line += 1
        case .deadEnd(_, let message): throw DistillError(.data, message, place: file.path, hint: hint)
        }
      }
    }
  }

  private var hint: String { "Correct the look-up `\(name)`, or take the file out with `ignore`." }

  private func place(_ file: Int, _ record: Int) -> String { "\(files[file].path), record \(record)" }

  private func parse(_ text: ByteSlice, in file: Int) throws(DistillError) -> JSONValue {
    do throws(JSONError) { return try context.scratch.parser.parse(text) } catch {
      let place = files[file].format == .jsonl ? place(file, scope.line) : files[file].path
      throw DistillError(.data, "not JSON: \(error.reason) at byte \(error.offset)", place: place, hint: hint)
    }
  }

  private mutating func add(_ record: JSONValue, root: JSONValue, _ file: Int) throws {
    files[file].read += 1
    scope.beginRecord()
    scope.beginPart(probes: 0)
    scope.beginObject(record, root: root)
    do throws(RecordViolation) {
      guard let text = try key.text(in: scope), !Text.isBlank(scope.bytes(of: text)) else {
        files[file].withoutKey += 1
        return
      }
      let key = Array(scope.bytes(of: text).buffer)
      for (number, pointer) in values.enumerated() {
        guard let value = pointer.find(in: record) else { continue }
        let held = try hold(value, file)
        if let conflict = put(held, at: number, of: key) { throw conflict }
      }
      if rows[key] == nil { rows[key] = Array(repeating: nil, count: values.count) }
    } catch {
      throw DistillError(.data, error.message, place: place(file, scope.line), hint: hint)
    }
  }

  private func hold(_ value: JSONValue, _ file: Int) throws(RecordViolation) -> Held {
    let canonical = context.scratch.buffer
    canonical.removeAll()
    try context.scratch.canonical.append(value, to: canonical)
    let start = texts.count
    var writer = JSONWriter(texts)
    writer.value(value)
    return Held(
      text: start..<texts.count, digest: Digest.of(canonical.bytes), isNull: value.isNull, file: file,
      record: Int64(scope.line))
  }

  /// Keeps the first value that is not null. Returns what is wrong if there is another one.
  private mutating func put(_ held: Held, at number: Int, of key: [UInt8]) -> RecordViolation? {
    if let first = rows[key]?[number], !first.isNull {
      if held.isNull || held.digest == first.digest {
        texts.truncate(to: held.text.lowerBound)
        return nil
      }
      let name = key.withUnsafeBytes { EvidenceRows.quoted(ByteSlice($0)) }
      return RecordViolation(
        .schemaViolation,
        "\(name) has another \(values[number].text) in \(place(first.file, Int(first.record))), "
          + "and a look-up has one value for a key")
    }
    rows[key, default: Array(repeating: nil, count: values.count)][number] = held
    return nil
  }

  // MARK: Writing

  private func write() {
    let sink = context.output("table")
    var writer = JSONWriter(sink.buffer)
    for (key, held) in rows.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      writer.beginArray()
      key.withUnsafeBytes { writer.string(ByteSlice($0)) }
      writer.beginObject()
      for (pointer, value) in zip(values, held) {
        guard let value else { continue }
        writer.key(pointer.text)
        writer.raw(texts.slice(value.text))
      }
      writer.endObject()
      writer.endArray()
      writer.newline()
      sink.recordCount += 1
    }
  }
}
