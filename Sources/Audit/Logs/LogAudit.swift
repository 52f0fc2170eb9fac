import JSONTape
import Receipts
import Stages

/// Goes from the logs to the evidence again: what the mapping makes of each record must be there, and nothing else.
struct LogAudit {
  let fileSystem: any FileSystem
  let layout: WorkspaceLayout
  let views: FileViews
  let log: FindingLog
  let jobs: Int
  let files: AuditedFiles
  let receipt: StageReceipt
  let partitions: [RelativePath]
  let index: EvidenceIndex
  /// Are all partitions as their receipt says?
  let isWhole: Bool

  /// Pieces of logs that are mapped together, about so many bytes: few, so that what they give stays in memory that is
  /// in use.
  private static let chunkSize = 4 << 20

  private struct Work: Sendable {
    var source: Int
    var pieces: [LogPiecePlan]
  }

  func run() throws {
    let inputs = receipt.receipt.core.inputs.map(\.path)
    var replays: [MappingReplay] = []
    var claimed: Set<RelativePath> = []
    for (number, slice) in (receipt.receipt.core.parameters["sources"]?.array ?? []).enumerated() {
      do throws(DistillError) {
        replays.append(try MappingReplay(slice: slice, inputs: inputs))
      } catch {
        report(member: "/core/parameters/sources/\(number)", expected: "a source that can be mapped", error.message)
      }
    }
    for replay in replays { claimed.formUnion(replay.logs.map(\.path) + replay.lookups.joined()) }
    for (number, path) in inputs.enumerated() where !claimed.contains(path) {
      report(member: "/core/inputs/\(number)", expected: "a log of a source", "\(path), which no source names")
    }
    for (number, replay) in replays.enumerated() where replay.logs.isEmpty {
      report(
        member: "/core/inputs", expected: "a log of the source \(replay.source.name)",
        "none that /core/parameters/sources/\(number)/files names")
    }
    var outcome = LogOutcome(rowCount: index.rowCount)
    var books: [LogBooks.Source] = []
    for replay in replays {
      if let source = try self.replay(replay, &outcome) { books.append(source) }
    }
    // Where a log is another one, what the receipt says of the others can't be told from it.
    if books.count == receipt.receipt.core.parameters["sources"]?.array?.count, inputs.allSatisfy(files.isSound) {
      let check = LogBooks(receipt: receipt, log: log)
      check.check(books)
      let quarantine = OutputPlaces.quarantine(.buildEvidence)
      if files.isSound(quarantine), let view = try views.view(quarantine) { check.check(books, view, at: quarantine) }
    }
    let readable = Set(inputs.filter(files.isSound).map(\.string))
    try LogConclusion(
      log: log, index: index, partitions: partitions, readable: readable, inputs: Set(inputs.map(\.string)),
      isWhole: isWhole,
      rows: EvidenceRowReader(partitions: partitions, files: views)
    ).check(outcome)
    try CompressedSpans(fileSystem: fileSystem, layout: layout, log: log, partitions: partitions, jobs: jobs)
      .check(outcome.compressed)
  }

  private func report(member: String, expected: String, _ found: String) {
    log.add(
      .provenanceMismatch, path: "receipts/\(receipt.stage)/receipt.json", member: member, expected: expected,
      found: found)
  }

  /// - Returns: what is stopped and counted; nil: something could not be mapped.
  private func replay(_ replay: MappingReplay, _ outcome: inout LogOutcome) throws -> LogBooks.Source? {
    guard replay.lookups.joined().allSatisfy(files.isSound) else { return nil }
    var books = LogBooks.Source(name: replay.source.name)
    let chunks = plan(replay)
    if chunks.isEmpty { return books }
    let tables: LogTables
    do {
      let found = try replay.tables(WorkerScratch()) { path in
        let buffer = ByteBuffer()
        _ = try fileSystem.appendContents(of: layout.path(path), to: buffer)
        return buffer
      }
      tables = LogTables(found.map { ($0.name, $0.bytes) })
      for table in found { books.addRecords(table.counts) }
    } catch let error as DistillError {
      log.add(
        .provenanceMismatch, path: error.place ?? receipt.stage.text, expected: "a look-up that can be read",
        found: error.message)
      return nil
    }
    let shelf = Shelf { [partitions, views] in
      LogScratch(evidence: EvidenceRowReader(partitions: partitions, files: views))
    }
    @Sendable func replaying(_ scratch: LogScratch) -> LogReplay {
      LogReplay(views: views, log: log, partitions: partitions, index: index, replay: replay, scratch: scratch)
    }
    // Whoever is first by file and place stays.
    let parts = try parallelMap(chunks, jobs: jobs) { _, chunk in
      try shelf.use { try replaying($0).run(chunk, tables) }
    }
    for part in parts { outcome.append(part) }
    guard parts.allSatisfy({ $0.counts != nil }) else { return nil }
    let duplicates = Self.duplicates(parts, chunks)
    let stopped = try parallelMap(Array(chunks.enumerated()), jobs: jobs) { _, chunk in
      let own = duplicates[chunk.offset]
      // Of most pieces it is known already.
      return own.isEmpty
        ? parts[chunk.offset].stopped
        : try shelf.use { try replaying($0).stopped(chunk.element, tables, dropping: own) }
    }
    books.stopped = stopped.flatMap { $0 }
    for part in parts { books.add(part.counts ?? .null) }
    return books
  }

  /// Of each chunk the objects whose identity one before them has, in all chunks of the source.
  private static func duplicates(
    _ parts: [LogReplay.Part], _ chunks: [[LogPiecePlan]]
  ) -> [[MappingReplay.Duplicate]] {
    var table = RowTable(capacity: parts.reduce(0) { $0 + $1.objects.count })
    var places: [(chunk: Int32, object: Int32)] = []
    return parts.enumerated().map { chunk, part in
      var duplicates: [MappingReplay.Duplicate] = []
      for (number, object) in part.objects.enumerated() {
        if let known = table.insert(object.identity, places.count) {
          let first = places[known]
          let other = parts[Int(first.chunk)].objects[Int(first.object)]
          duplicates.append(
            MappingReplay.Duplicate(
              object: number, path: chunks[Int(first.chunk)][Int(other.piece)].piece.log.path.string,
              line: Int(other.line)))
        } else {
          places.append((Int32(chunk), Int32(number)))
        }
      }
      return duplicates
    }
  }

  /// In the order of logs and places.
  private func plan(_ replay: MappingReplay) -> [[LogPiecePlan]] {
    var chunks: [[LogPiecePlan]] = []
    var open: [LogPiecePlan] = []
    var size = 0
    func add(_ piece: LogPiecePlan) {
      if size + piece.byteCount > Self.chunkSize, !open.isEmpty {
        chunks.append(open)
        open = []
        size = 0
      }
      open.append(piece)
      size += piece.byteCount
    }
    for log in replay.logs where files.isSound(log.path) {
      guard let scan = files.scans[log.path] else { continue }
      guard replay.isCuttable(log) else {
        add(LogPiecePlan(piece: .init(log: log), byteCount: scan.byteCount))
        continue
      }
      var part = Segment(offset: 0, byteCount: 0, firstLine: 0)
      for segment in scan.segments {
        if part.byteCount + segment.byteCount > Self.chunkSize, part.byteCount > 0 {
          add(LogPiecePlan(part, of: log, isFinal: false))
          part = Segment(offset: segment.offset, byteCount: 0, firstLine: segment.firstLine)
        }
        part.byteCount += segment.byteCount
      }
      add(LogPiecePlan(part, of: log, isFinal: true))
    }
    if !open.isEmpty { chunks.append(open) }
    return chunks
  }
}

/// A piece of a log that is to be read.
struct LogPiecePlan: Sendable {
  var piece: MappingReplay.Piece
  var byteCount: Int

  init(piece: MappingReplay.Piece, byteCount: Int) {
    self.piece = piece
    self.byteCount = byteCount
  }

  init(_ segment: Segment, of log: LogFile, isFinal: Bool) {
    self.init(
      piece: .init(log: log, offset: segment.offset, line: segment.firstLine, isFinal: isFinal),
      byteCount: segment.byteCount)
  }
}

/// The look-ups of a source, read by all threads.
final class LogTables: @unchecked Sendable {
  // Written before the threads start, and only read after.
  private let buffers: [(name: String, bytes: ByteBuffer)]

  init(_ buffers: [(name: String, bytes: ByteBuffer)]) { self.buffers = buffers }

  var slices: [(name: String, bytes: ByteSlice)] { buffers.map { ($0.name, $0.bytes.bytes) } }
}

/// An object of a log whose identity another one has, or whose evidence is missing.
struct LogObject: Sendable {
  var identity: Hash128
  var log: String
  /// 0-based, as provenance has it.
  var line: Int64
  var runID: String
  var verdict: Verdict?
  var humanOverride: Category?
}

/// What mapping the logs again came to.
struct LogOutcome: Sendable {
  /// Whether each row of the evidence has an object that it was compared with.
  var isMet: [Bool]
  /// In the order of logs and lines.
  var spare: [LogObject] = []
  /// Rows that say what dropped duplicates of theirs said, with the `human_override` that the mapping gives them.
  var withOthers: [Int: Category?] = [:]
  var compressed: [RecordSpan] = []

  init(rowCount: Int) { isMet = Array(repeating: false, count: rowCount) }

  mutating func append(_ part: LogReplay.Part) {
    for row in part.met { isMet[row] = true }
    spare += part.spare
    withOthers.merge(part.withOthers) { first, _ in first }
    compressed += part.compressed
  }
}
