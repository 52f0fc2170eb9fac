import Glibc
import JSONTape
import Receipts
import Stages

/// The memory of one thread that maps logs.
final class LogScratch {
  let worker = WorkerScratch()
  let rows: RowScratch
  let signature = RecordSignature()

  init(evidence: EvidenceRowReader) { rows = RowScratch(evidence: evidence) }
}

/// Maps some pieces of logs again and compares what comes out with the evidence, row by row.
struct LogReplay {
  let views: FileViews
  let log: FindingLog
  let partitions: [RelativePath]
  let index: EvidenceIndex
  let replay: MappingReplay
  let scratch: LogScratch

  struct Part: Sendable {
    var met: [Int] = []
    var spare: [LogObject] = []
    var withOthers: [Int: Category?] = [:]
    var compressed: [RecordSpan] = []
    /// In their order.
    var objects: [MappingReplay.Object] = []
    var stopped: [StoppedRecord] = []
    /// nil: the pieces could not be mapped, which is reported.
    var counts: JSON?
  }

  /// Pieces of logs with their bytes.
  private typealias Pieces = [(piece: MappingReplay.Piece, bytes: ByteSlice)]

  func run(_ plan: [LogPiecePlan], _ tables: LogTables) throws -> Part {
    try withPieces(plan) { try run($0, tables) }
  }

  private func withPieces<Result>(_ plan: [LogPiecePlan], _ body: (Pieces) throws -> Result) throws -> Result {
    let files = try plan.map {
      try views.view($0.piece.log.path, holding: $0.piece.offset + $0.byteCount)
    }
    return try withExtendedLifetime(files) {
      try body(
        zip(plan, files).map { plan, file in
          (piece: plan.piece, bytes: file.bytes[plan.piece.offset..<plan.piece.offset + plan.byteCount])
        })
    }
  }

  /// What the mapping stops of the pieces when it drops these duplicates.
  func stopped(
    _ plan: [LogPiecePlan], _ tables: LogTables, dropping duplicates: [MappingReplay.Duplicate]
  ) throws -> [StoppedRecord] {
    try withPieces(plan) { pieces in
      scratch.signature.forgetSigned()
      return try stopped(
        replay.map(
          pieces, tables: tables.slices, dropping: duplicates, scratch.worker, signature: scratch.signature.sign
        ) { _ in }.quarantine)
    }
  }

  private func stopped(_ quarantine: ByteBuffer) throws -> [StoppedRecord] {
    var stopped: [StoppedRecord] = []
    try lines(quarantine.bytes) { line in
      let provenance = try scratch.rows.parser.parse(line).member("source_provenance")
      stopped.append(
        StoppedRecord(
          row: Hash128(Digest.of(line)), log: provenance?.member("source_file")?.string?.string() ?? "",
          line: provenance?.member("line_offset")?.integer ?? 0))
    }
    return stopped
  }

  private func run(_ pieces: Pieces, _ tables: LogTables) throws -> Part {
    let byPath = Dictionary(pieces.map { ($0.piece.log.path, $0) }, uniquingKeysWith: { first, _ in first })
    var part = Part()
    var met: Set<Int> = []
    let signature = scratch.signature
    signature.forgetSigned()
    do {
      let outcome = try replay.map(
        pieces, tables: tables.slices, scratch.worker, signature: signature.sign
      ) { output in
        // Rows of a day stand in the evidence as the mapping gives them.
        var row: Int?
        try lines(output) { line in
          if let last = row, try isRow(last + 1, line, pieces, met) {
            met.insert(last + 1)
            row = last + 1
          } else {
            row = try compare(line, byPath, &met, &part)
          }
        }
      }
      part.objects = outcome.objects
      part.stopped = try stopped(outcome.quarantine)
      part.counts = outcome.counts
    } catch let error as DistillError {
      log.add(
        .provenanceMismatch, path: error.place ?? pieces[0].piece.log.path.string, expected: "a log that can be mapped",
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

  /// Is `line` the bytes of that row, whose record is at hand and has its signature? Else it has to be looked at.
  private func isRow(
    _ row: Int, _ line: ByteSlice, _ pieces: Pieces, _ met: Set<Int>
  ) throws -> Bool {
    guard index.isDistinct, row < index.rowCount, !met.contains(row) else { return false }
    let place = index.place(of: row)
    guard place.byteCount == line.count, try scratch.rows.evidence.bytes(at: place) == line,
      let tail = RowTail(line), let piece = pieces.first(where: { tail.file == $0.piece.log.path.string }),
      !LogText.isCompressed(piece.piece.log.path)
    else { return false }
    let start = tail.offset - piece.piece.offset
    guard start >= 0, start + tail.byteCount <= piece.bytes.count else { return false }
    return scratch.signature.signed(piece.bytes[start..<start + tail.byteCount]).map { $0.isHex(tail.sigHash) } ?? false
  }

  /// - Returns: the row that it was compared with.
  private func compare(
    _ line: ByteSlice, _ pieces: [RelativePath: (piece: MappingReplay.Piece, bytes: ByteSlice)],
    _ met: inout Set<Int>, _ part: inout Part
  ) throws -> Int? {
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
    guard let row = index.row(identity), !met.contains(row) else {
      setAside()
      return nil
    }
    let place = index.place(of: row)
    let found = try scratch.rows.evidence.members(at: place, scratch.rows.others[0], scratch.rows.otherMembers[0])
    let own = found[EvidenceMember.provenance]
    guard
      (["source_file", "line_offset"] as [StaticString]).allSatisfy({ key in
        own.member(key).flatMap { value in provenance.member(key).map { value.isSame(as: $0) } } ?? false
      })
    else {
      setAside()
      return nil
    }
    met.insert(row)
    if found[EvidenceMember.otherVerdicts].elementCount > 0 || Self.override(found) != Self.override(expected) {
      part.withOthers[row] = .some(Self.override(expected))
    }
    compare(expected, found, place)
    if let piece = RelativePath(source).flatMap({ pieces[$0] }) { checkSpan(own, piece, place, &part) }
    return row
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
    // A row without a span that a log can have is not what the mapping makes, which is a finding already.
    guard let bytes = RecordSpan.bytes(of: provenance), let hash = provenance.member("sig_hash")?.string?.string()
    else { return }
    let span = RecordSpan(log: piece.piece.log.path, bytes: bytes, sigHash: hash, place: place)
    if LogText.isCompressed(piece.piece.log.path) { return part.compressed.append(span) }
    let (start, end) = (bytes.lowerBound - piece.piece.offset, bytes.upperBound - piece.piece.offset)
    span.check(
      start >= 0 && end <= piece.bytes.count ? piece.bytes[start..<end] : nil, partitions, scratch.signature, log)
  }
}

extension Digest {
  /// Are these the digest's 64 lower-case hex digits?
  func isHex(_ text: ByteSlice) -> Bool {
    guard text.count == 64 else { return false }
    return withBytes { bytes in
      for (place, byte) in bytes.enumerated()
      where text[2 * place] != Self.digit(byte >> 4) || text[2 * place + 1] != Self.digit(byte & 15) { return false }
      return true
    }
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
