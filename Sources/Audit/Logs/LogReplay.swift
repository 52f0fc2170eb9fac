import Glibc
import JSONTape
import Receipts
import Stages

/// The memory of one thread that maps logs.
final class LogScratch {
  let worker = WorkerScratch()
  let rows: RowScratch
  let bytes = ByteBuffer()
  let signature = RecordSignature()

  init(evidence: EvidenceRowReader) { rows = RowScratch(evidence: evidence) }
}

/// Maps some pieces of logs again and compares what comes out with the evidence, row by row.
struct LogReplay {
  let fileSystem: any FileSystem
  let layout: WorkspaceLayout
  let log: FindingLog
  let partitions: [RelativePath]
  let index: EvidenceIndex
  let replay: MappingReplay
  let scratch: LogScratch

  struct Part: Sendable {
    var met: [Int] = []
    var spare: [LogObject] = []
    var withOthers: [Int: Category?] = [:]
    var compressed: [CompressedSpan] = []
  }

  func run(_ plan: [LogPiecePlan], _ tables: LogTables) throws -> Part {
    let buffer = scratch.bytes
    buffer.removeAll()
    var ranges: [Range<Int>] = []
    for piece in plan {
      let file = try fileSystem.open(layout.path(piece.piece.log.path))
      let start = buffer.count
      try buffer.append(count: piece.byteCount) { try file.read(into: $0, at: Int64(piece.piece.offset)) }
      guard buffer.count - start == piece.byteCount else {
        throw DistillError(.inputOutput, "it changed while it was audited", place: piece.piece.log.path.string)
      }
      ranges.append(start..<buffer.count)
      buffer.append(count: JSONParser.padding) {
        $0.initializeMemory(as: UInt8.self, repeating: 0x20)
        return $0.count
      }
    }
    let pieces = zip(plan, ranges).map { (piece: $0.piece, bytes: buffer.slice($1)) }
    let byPath = Dictionary(
      pieces.map { ($0.piece.log.path.string, $0) }, uniquingKeysWith: { first, _ in first })
    var part = Part()
    var met: Set<Int> = []
    do {
      try replay.map(pieces, tables: tables.slices, scratch.worker) { output in
        try lines(output) { try compare($0, byPath, &met, &part) }
      }
    } catch let error as DistillError {
      log.add(
        .provenanceMismatch, path: error.place ?? plan[0].piece.log.path.string, expected: "a log that can be mapped",
        found: error.message)
    }
    part.met = Array(met)
    part.spare.sort { ($0.log, $0.line) < ($1.log, $1.line) }
    return part
  }

  private func lines(_ text: ByteSlice, _ body: (ByteSlice) throws -> Void) throws {
    guard let base = text.buffer.baseAddress else { return }
    var start = 0
    while start < text.count, let found = memchr(base + start, 0x0A, text.count - start) {
      let end = UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
      try body(text[start..<end])
      start = end + 1
    }
  }

  private func compare(
    _ line: ByteSlice, _ pieces: [String: (piece: MappingReplay.Piece, bytes: ByteSlice)],
    _ met: inout Set<Int>, _ part: inout Part
  ) throws {
    let expected = scratch.rows.members
    expected.read(try scratch.rows.parser.parse(line))
    let provenance = expected[EvidenceMember.provenance]
    let identity = Identity.hash(
      source: provenance.member("source")?.string ?? .empty, kind: expected[EvidenceMember.kind].string ?? .empty,
      runID: expected[EvidenceMember.runID].string ?? .empty, scratch.rows.sha256, scratch.rows.text)
    let source = provenance.member("source_file")?.string?.string() ?? ""
    func setAside() {
      part.spare.append(
        LogObject(
          identity: identity, log: source, line: provenance.member("line_offset")?.integer ?? 0,
          runID: expected[EvidenceMember.runID].string?.string() ?? "",
          verdict: expected[EvidenceMember.verdict].string.flatMap { Verdict(rawValue: $0.string()) },
          humanOverride: Self.override(expected)))
    }
    guard let row = index.row(identity), !met.contains(row) else { return setAside() }
    let place = index.place(of: row)
    let found = try scratch.rows.evidence.members(at: place, scratch.rows.others[0], scratch.rows.otherMembers[0])
    let own = found[EvidenceMember.provenance]
    guard
      zip(["source_file", "line_offset"], ["source_file", "line_offset"]).allSatisfy({ name, _ in
        name.withBytes { key in
          own.member(key).flatMap { value in provenance.member(key).map { value.isSame(as: $0) } } ?? false
        }
      })
    else { return setAside() }
    met.insert(row)
    if found[EvidenceMember.otherVerdicts].elementCount > 0 || Self.override(found) != Self.override(expected) {
      part.withOthers[row] = .some(Self.override(expected))
    }
    compare(expected, found, place)
    if let piece = pieces[source] { checkSpan(own, piece, place, &part) }
  }

  private static func override(_ row: RowMembers) -> Category? {
    row[EvidenceMember.humanOverride].string.flatMap { Category(rawValue: $0.string()) }
  }

  /// Member by member; what dropped duplicates change is looked at when all logs are read.
  private func compare(_ expected: RowMembers, _ found: RowMembers, _ place: RowPlace) {
    let later = [EvidenceMember.otherVerdicts, EvidenceMember.humanOverride]
    for (number, field) in RecordSchema.evidence.fields.enumerated() where !later.contains(number) {
      guard !found[number].isSame(as: expected[number]) else { continue }
      log.add(
        .provenanceMismatch, path: partitions[place.file].string, line: place.line, member: field.name,
        expected: "\(expected[number].words), as the mapping makes it of the log", found: found[number].words)
    }
  }

  /// The bytes at the span must hash to `sig_hash`, whoever wrote the mapping.
  private func checkSpan(
    _ provenance: JSONValue, _ piece: (piece: MappingReplay.Piece, bytes: ByteSlice), _ place: RowPlace,
    _ part: inout Part
  ) {
    guard let offset = provenance.member("byte_offset")?.integer, let count = provenance.member("byte_length")?.integer,
      let hash = provenance.member("sig_hash")?.string?.string()
    else { return }
    let span = CompressedSpan(
      log: piece.piece.log.path, offset: Int(offset), byteCount: Int(count), sigHash: hash, place: place)
    if LogText.isCompressed(piece.piece.log.path) { return part.compressed.append(span) }
    let start = Int(offset) - piece.piece.offset
    let bytes = start >= 0 && start + Int(count) <= piece.bytes.count ? piece.bytes[start..<start + Int(count)] : nil
    span.check(bytes, partitions, scratch.signature, log)
  }
}
