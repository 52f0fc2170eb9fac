import JSONTape
import Receipts

/// `evidence.map/1`: from the bytes of log files to evidence rows.
///
/// Parameters: `{"source": …, "files": [{"input", "path", "captures", "format", "unit", "compression", "offset",
/// "line", "final", "frame", "fault", "damage", "long"}, …]}`. Inputs: the files' bytes, the frames of documents that
/// were cut, the first bytes of lines that are too long, and `overlay/<i>`, what
/// `evidence.duplicates/1` found. Outputs:
/// `evidence/YYYY/MM/DD` for each UTC day, `evidence/undated`, `quarantine`, `identities` (see `IdentityTable`).
/// Counts: the books (see `EvidenceBooks`), how often each probe and field was found, warnings; `fault` alone where a
/// part of a document is no JSON, which makes the whole document one bad record.
public enum EvidenceMap {
  public static let function = ActionFunction(name: "evidence.map/1") { context in
    guard let slice = context.parameters["source"], let files = context.parameters["files"]?.array else {
      throw DistillError(.internalFault, "evidence.map was given no source or no files")
    }
    return try run(Source(slice: slice), segments: files.map { try EvidenceSegment($0) }, context: context)
  }

  /// - Parameters:
  ///   - dropsDuplicates: of objects with the same identity only the first is written, where the others say nothing
  ///     else.
  ///   - signature: makes `sig_hash` of a record in the place of the mapping's own code.
  static func run(
    _ source: Source, segments: [EvidenceSegment], context: ActionContext, dropsDuplicates: Bool = true,
    signature: ((JSONValue) throws(JSONError) -> Digest)? = nil
  ) throws -> JSON {
    let mapper = try RecordMapper(
      source: source, context: context, dropsDuplicates: dropsDuplicates, signature: signature)
    let lines = LineMapper(mapper: mapper, scratch: context.scratch, limit: source.maxRecordBytes)
    let documents = DocumentMapper(mapper: mapper, scratch: context.scratch, source: source)
    for segment in segments {
      try mapper.beginFile(segment)
      let bytes = try context.input(segment.input)
      switch (segment.format, segment.frame) {
      case (.jsonl, _):
        try lines.map(segment, bytes: bytes, longLine: segment.longLine.map { try context.input($0.input) })
      case (.json, nil): try documents.map(segment, bytes: bytes)
      case (.json, let frame?):
        if let fault = try documents.map(segment, elements: bytes, frame: context.input(frame)) {
          // It is the only segment of its chunk, and what it gave does not count.
          return ["fault": .string(fault)]
        }
      }
    }
    return mapper.counts
  }
}

extension EvidenceSegment {
  /// nil: the bytes are not compressed.
  func decompressor(_ bytes: ByteSlice) throws -> (any Decompressor)? {
    try compression.decompressor(CompressedInput(bytes))
  }
}
