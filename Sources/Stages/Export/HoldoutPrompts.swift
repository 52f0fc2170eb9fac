import JSONTape
import Receipts
import SystemPackage

/// The files of `exports.holdout`, and the prompts in them.
public struct HoldoutFiles: Sendable {
  let files: [LogFile]
  let prompt: Pointer

  /// nil: there is no holdout.
  public static func find(
    _ options: ExportOptions, in workspace: FilePath, of fileSystem: any FileSystem
  ) throws -> HoldoutFiles? {
    guard let holdout = options.holdout else { return nil }
    let found = try GlobWalk.find(holdout.files, in: workspace, of: fileSystem)
    guard !found.files.isEmpty else {
      let patterns = holdout.files.map { "`\($0.text)`" }.joined(separator: ", ")
      throw DistillError(
        .data, "no file matches \(patterns) of exports.holdout", place: holdout.place,
        hint: "Correct `files`, or take the holdout out: nothing is held out by a pattern that finds nothing.")
    }
    if let passedOver = (found.skippedLinks + found.notFiles).first {
      throw DistillError(
        .data, "\(passedOver), which exports.holdout names, is no file, or a link that a wildcard met",
        place: holdout.place,
        hint: "Name a link literally in `files`, and narrow the pattern: what is not read is not held out.")
    }
    return HoldoutFiles(files: found.files, prompt: holdout.prompt)
  }

  /// The action that reads them, over the stage's inputs.
  func action(_ inputs: [StageInput]) -> Action {
    let own = Set(files.map(\.path))
    let inputs = inputs.filter { own.contains($0.path) }
    return Action(
      function: HoldoutPrompts.function.name,
      parameters: [
        "prompt": .string(prompt.text), "files": .array(inputs.map { .string($0.path.string) }),
      ],
      inputs: inputs.enumerated().map {
        ActionInput(name: "\($0)", digest: $1.digest, byteCount: $1.byteCount)
      })
  }
}

/// `export.holdout/1`: the prompts of held-out records.
///
/// Parameters: `{"prompt": pointer, "files": [path, …]}`. Inputs: the files, "0", "1", … Output `holdout`: a table of
/// 16 bytes a row: half the SHA-256 of a folded prompt, sorted, each once. Counts: `files`: records in each.
///
/// A record that has no prompt is an error, and so is a file without a record: what is silently not held out is a leak.
public enum HoldoutPrompts {
  public static let function = ActionFunction(name: "export.holdout/1") { context in
    guard let pointer = Pointer(context.parameters["prompt"]?.string ?? "", allowingEvery: false) else {
      throw DistillError(.internalFault, "export.holdout was given no pointer")
    }
    let prompt = CompiledPointer(PointerReference(pointer: pointer))
    var prompts: Set<Hash128> = []
    let plain = ByteBuffer()
    var records: [JSON] = []
    for (number, file) in (context.parameters["files"]?.array ?? []).enumerated() {
      let path = RelativePath(unchecked: file.string ?? "")
      var count: Int64 = 0
      try read(try context.input("\(number)"), path, context.scratch) { record in
        guard let text = prompt.find(in: record)?.string, !Text.isBlank(text) else {
          throw DistillError(
            .data, "record \(count) has no prompt at `\(pointer.text)`", place: path.string,
            hint: "Correct `exports.holdout.prompt`: a prompt that is not found is not held out.")
        }
        // As it stands in evidence.
        plain.removeAll()
        TextBytes.repaired(text) { plain.append($0) }
        let folded = context.scratch.secondBuffer
        folded.removeAll()
        Text.fold(plain.bytes, into: folded)
        prompts.insert(Hash128(Digest.of(folded.bytes)))
        count += 1
      }
      if count == 0 {
        throw DistillError(
          .data, "it has no record, so nothing is held out by it", place: path.string,
          hint: "Fill it, or take it out of `exports.holdout.files`.")
      }
      records.append(.integer(count))
    }
    var table = TableWriter(sink: context.output("holdout"))
    for hash in prompts.sorted() {
      table.hash(hash)
      table.endRow()
    }
    return ["files": .array(records)]
  }

  private static func read(
    _ bytes: ByteSlice, _ path: RelativePath, _ scratch: WorkerScratch, _ body: (JSONValue) throws -> Void
  ) throws {
    let plain = try EvidenceSegment.plainText(bytes, path)
    func parse(_ text: ByteSlice, _ place: String) throws -> JSONValue {
      do { return try scratch.parser.parse(text) } catch {
        throw DistillError(.data, "it is not JSON: \(error.reason) at byte \(error.offset)", place: place)
      }
    }
    if Source.Format.byExtension(of: path.name) == .jsonl {
      for (number, line) in Lines(plain.bytes).enumerated() where !TextBytes.isBlankLine(line) {
        try body(try parse(line, "\(path):\(number + 1)"))
      }
    } else {
      let document = try parse(plain.bytes, path.string)
      guard document.kind == .array else { return try body(document) }
      for element in document.elements { try body(element) }
    }
  }

  /// The prompts of the output, for the gate.
  static func prompts(_ table: ByteSlice) throws -> Set<Hash128> {
    let rows = try TableReader(table, rowWidth: 16)
    return Set((0..<rows.rowCount).map { rows.hash($0, 0) })
  }
}

extension EvidenceSegment {
  /// A whole file without its compression and byte order mark, followed by the parser's padding.
  static func plainText(_ bytes: ByteSlice, _ path: RelativePath) throws -> ByteBuffer {
    let plain = ByteBuffer(capacity: bytes.count)
    let segment = EvidenceSegment(
      input: "", path: path.string, format: .json, unit: .file, compression: Compression(of: path))
    if let decompressor = try segment.decompressor(bytes) {
      var isDone = false
      while !isDone {
        do {
          try plain.append(count: 1 << 20) { target in
            let count = try decompressor.read(into: target)
            isDone = count == 0
            return count
          }
        } catch let damage as CompressionDamage {
          throw DistillError(.data, "the compressed file is damaged: \(damage.message)", place: path.string)
        }
      }
    } else {
      plain.append(bytes)
    }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    guard plain.bytes.buffer.starts(with: mark) else { return plain }
    let unmarked = ByteBuffer(capacity: plain.count)
    unmarked.append(plain.bytes[3..<plain.count])
    return unmarked
  }
}
