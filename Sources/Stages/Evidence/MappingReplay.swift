import JSONTape
import Receipts

/// The mapping of one source, run again over its logs as a receipt names them: for whoever checks evidence against
/// logs.
package struct MappingReplay: Sendable {
  /// A log, or a part of one between two line ends.
  package struct Piece: Sendable {
    package var log: LogFile
    /// Place of its first byte and line in the log.
    package var offset: Int
    package var line: Int
    package var isFinal: Bool

    package init(log: LogFile, offset: Int = 0, line: Int = 0, isFinal: Bool = true) {
      self.log = log
      self.offset = offset
      self.line = line
      self.isFinal = isFinal
    }
  }

  /// An object that some pieces gave.
  package struct Object: Sendable {
    package var identity: Hash128
    /// Among the pieces.
    package var piece: Int32
    /// Of its record, 0-based; more than 32 bits: the low ones.
    package var line: UInt32
  }

  /// An object that is to be dropped, because one before it has its identity.
  package struct Duplicate: Sendable {
    /// Its place among the objects of the pieces.
    package var object: Int
    /// Where the first one is.
    package var path: String
    package var line: Int

    package init(object: Int, path: String, line: Int) {
      self.object = object
      self.path = path
      self.line = line
    }
  }

  /// What mapping some pieces came to, but for the evidence.
  package struct Outcome {
    /// In their order.
    package var objects: [Object]
    /// Rows with their line ends.
    package var quarantine: ByteBuffer
    /// As `evidence.map/1` counts.
    package var counts: JSON
  }

  package let source: Source
  /// The source's logs, by the bytes of their paths.
  package let logs: [LogFile]
  /// The files of each of its look-ups.
  package let lookups: [[RelativePath]]

  /// - Parameters:
  ///   - slice: the source as the receipt of build-evidence has it among its parameters.
  ///   - inputs: the files that the receipt lists.
  package init(slice: JSON, inputs: [RelativePath]) throws(DistillError) {
    source = try Source(slice: slice)
    logs = Self.find(source.files, ignoring: source.ignore, among: inputs)
    lookups = source.lookups.map { lookup in
      Self.find(lookup.files, ignoring: lookup.ignore, among: inputs).map(\.path)
    }
    try source.checkPrograms()
  }

  private static func find(_ globs: [Glob], ignoring ignored: [Glob], among paths: [RelativePath]) -> [LogFile] {
    paths.compactMap { path in
      guard !ignored.contains(where: { $0.matches(path.string) }) else { return nil }
      for glob in globs {
        if let captures = glob.match(path.string) { return LogFile(path: path, captures: captures) }
      }
      return nil
    }
  }

  /// May the log be cut between two lines?
  package func isCuttable(_ log: LogFile) -> Bool {
    source.format(of: log.path) == .jsonl && Compression(of: log.path) == .none
  }

  /// The tables of the look-ups, by the names that `map` wants them under, and what was counted of their files.
  /// - Parameter read: the bytes of a file, followed by the parser's padding.
  package func tables(
    _ scratch: WorkerScratch, read: (RelativePath) throws -> ByteBuffer
  ) throws -> [(name: String, bytes: ByteBuffer, counts: JSON)] {
    try zip(source.lookups, lookups).map { lookup, paths in
      let buffers = try paths.map(read)
      let context = ActionContext(
        parameters: LookupMap.parameters(lookup, of: source, files: paths),
        inputs: Dictionary(uniqueKeysWithValues: buffers.enumerated().map { ("\($0)", $1.bytes) }), scratch: scratch)
      let counts = try LookupMap.function.run(context)
      return withExtendedLifetime(buffers) { ("lookup/\(lookup.name)", context.output("table").buffer, counts) }
    }
  }

  /// Maps pieces of logs one after the other, as if no other record had an identity of theirs.
  ///
  /// - Parameters:
  ///   - pieces: each with its bytes, followed by the parser's padding.
  ///   - tables: from `tables`, followed by the padding, too.
  ///   - duplicates: objects that are to be dropped, in their order.
  ///   - signature: makes `sig_hash` of a record, in the place of the mapping's own code. The record's bytes stand
  ///     where the piece's do, if the log is neither compressed nor cut.
  ///   - body: gets evidence rows, with their line ends; those of one piece in the order of its records for each day.
  package func map(
    _ pieces: [(piece: Piece, bytes: ByteSlice)], tables: [(name: String, bytes: ByteSlice)],
    dropping duplicates: [Duplicate] = [], _ scratch: WorkerScratch,
    signature: @escaping (JSONValue) throws(JSONError) -> Digest, _ body: (ByteSlice) throws -> Void
  ) throws -> Outcome {
    var inputs = Dictionary(uniqueKeysWithValues: tables.map { ($0.name, $0.bytes) })
    let overlay = OutputSink()
    for duplicate in duplicates {
      Overlay.writeDuplicate(row: duplicate.object, path: duplicate.path, line: duplicate.line, to: overlay)
    }
    if !duplicates.isEmpty { inputs["overlay/0"] = overlay.buffer.bytes }
    var segments: [EvidenceSegment] = []
    for (number, (piece, bytes)) in pieces.enumerated() {
      inputs["\(number)"] = bytes
      let format = source.format(of: piece.log.path)
      let captures = piece.log.captures.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }
      segments.append(
        EvidenceSegment(
          input: "\(number)", path: piece.log.path.string, captures: JSONObject(captures), format: format,
          unit: source.unit(in: format), compression: Compression(of: piece.log.path), offset: piece.offset,
          line: piece.line, isFinal: piece.isFinal))
    }
    let context = ActionContext(parameters: .null, inputs: inputs, scratch: scratch)
    let counts = try EvidenceMap.run(
      source, segments: segments, context: context, dropsDuplicates: false, signature: signature)
    for (name, sink) in context.outputs.sorted(by: { $0.key < $1.key }) where name.hasPrefix("evidence/") {
      try body(sink.buffer.bytes)
    }
    withExtendedLifetime(overlay) {}
    let identities = context.output("identities").buffer
    let table = try TableReader(identities.bytes, rowWidth: IdentityTable.rowSize)
    let objects = (0..<table.rowCount).map { number in
      let row = IdentityTable.row(number, of: table)
      return Object(
        identity: row.identity, piece: Int32(row.file), line: UInt32(truncatingIfNeeded: row.line))
    }
    return withExtendedLifetime(identities) {
      Outcome(objects: objects, quarantine: context.output("quarantine").buffer, counts: counts)
    }
  }
}

/// The text of a file that may be compressed.
package final class LogText {
  private let decompressor: (any Decompressor)?
  private let plain: ByteSlice
  private var position = 0

  /// - Parameter bytes: of the file; they must outlive this.
  package init(_ bytes: ByteSlice, of path: RelativePath) throws {
    plain = bytes
    decompressor = try Compression(of: path).decompressor(CompressedInput(bytes))
  }

  /// Fills the front of `target`; 0: the end, or the place from which on the file is damaged.
  package func read(into target: UnsafeMutableRawBufferPointer) -> Int {
    if let decompressor { return (try? decompressor.read(into: target)) ?? 0 }
    let count = min(target.count, plain.count - position)
    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: plain.raw[position..<position + count]))
    position += count
    return count
  }

  package static func isCompressed(_ path: RelativePath) -> Bool { Compression(of: path) != .none }
}
