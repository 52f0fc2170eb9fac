import JSONTape
import Receipts
import Stages

/// Reads a segment of an evidence partition: are its rows what the schema says, and what do the rules make of them?
struct EvidencePass {
  let partition: RelativePath
  /// Index of the partition.
  let file: Int
  let parameters: JSON
  let names: NameTable
  let log: FindingLog
  let scratch: RowScratch
  /// Of the partition: its source, and its day's folder.
  private let name: String
  private let folder: String
  /// The day as times begin: `2026-03-02` for the folder `2026/03/02`; empty: it is none.
  private let day: String

  init(
    partition: RelativePath, file: Int, parameters: JSON, names: NameTable, log: FindingLog, scratch: RowScratch
  ) {
    self.names = names
    self.partition = partition
    self.file = file
    self.parameters = parameters
    self.log = log
    self.scratch = scratch
    name = partition.stem
    folder = String(partition.parent?.string.dropFirst(Layout.evidence.count) ?? "")
    day = folder.utf8.count == 10 ? String(folder.map { $0 == "/" ? "-" : $0 }) : ""
  }

  func read(_ lines: SegmentLines) throws -> EvidenceIndex {
    var index = EvidenceIndex(names: names)
    index.reserve(runs: lines.count)
    let cuts = try CutTable(parameters)
    var tally = KindTally(names)
    let row = scratch.row
    lines.forEach { line in
      guard RowCheck(schema: .evidence, path: partition.string, log: log).check(line, row) else { return }
      scratch.plain.removeAll()
      let source = row.plain(EvidenceField.source, scratch.plain) ?? .empty
      checkPartition(row, source, line)
      let place = RowPlace(file: file, offset: line.offset, byteCount: line.bytes.count, line: line.number)
      add(row, source, place, cuts, &tally, &index)
    }
    for entry in tally.entries {
      index.counts.add("kind", entry.kind.rawValue, entry.count)
      index.counts.add("source", entry.source, entry.count)
    }
    return index
  }

  /// A partition holds one source and one day.
  private func checkPartition(_ row: RowReader, _ source: ByteSlice, _ line: Line) {
    let isRight: Bool
    let time = row.text(EvidenceField.timestamp)?.bytes
    if let time {
      isRight = source == name && time.count >= 10 && time[0..<10] == day
    } else {
      isRight = folder == "undated" && name.hasPrefix("\(source.string())-")
    }
    if !isRight {
      log.add(
        .rowInvalid, path: partition.string, line: line.number, expected: "a record of the partition's source and day",
        found: "source \(source.string()), \(time?.string() ?? "without a time")")
    }
    let (recorded, said) = (row.token(EvidenceField.recordedAt), row.token(EvidenceField.timestamp))
    if recorded != said {
      log.add(
        .rowInvalid, path: partition.string, line: line.number, member: "/provenance/recorded_at",
        expected: said?.string() ?? "nothing", found: recorded?.string() ?? "nothing")
    }
  }

  private func add(
    _ row: RowReader, _ source: ByteSlice, _ place: RowPlace, _ cuts: CutTable, _ tally: inout KindTally,
    _ index: inout EvidenceIndex
  ) {
    guard let kind: RecordKind = row.name(EvidenceField.kind) else { return }
    let sourceNumber = tally.add(kind, source)
    switch kind {
    case .verdict:
      index.others.append((identity(row, source, kind), place))
      index.judgements.append(judgement(row, source))
    case .comparison:
      index.comparisons.append(
        (
          index.others.count, Hash128(Digest.of(row.token(EvidenceField.provenance) ?? .empty)), task(row)
        ))
      index.others.append((identity(row, source, kind), place))
    case .run, .extraction: addRun(row, kind, source, sourceNumber, place, cuts, &index)
    }
  }

  private func addRun(
    _ row: RowReader, _ kind: RecordKind, _ source: ByteSlice, _ sourceNumber: Int32, _ place: RowPlace,
    _ cuts: CutTable, _ index: inout EvidenceIndex
  ) {
    let knowledge = RunKnowledge(row, kind, cuts, scratch)
    let own = knowledge.rulingOfRun()
    var run = EvidenceRun(
      place: place, identity: identity(row, source, kind), task: task(row), sampleID: sampleID(row),
      source: sourceNumber, isExtraction: kind == .extraction, hasText: isFilled(row, EvidenceField.text),
      hasPrompt: isFilled(row, EvidenceField.prompt), textStart: start(row, EvidenceField.text),
      promptStart: start(row, EvidenceField.prompt), ownCategory: own?.category)
    run.decide(own ?? knowledge.ruling(), row, [], scratch)
    EvidenceTokens.appendStarts(row, to: &index.starts)
    if kind == .extraction {
      index.extractions.append(EvidenceExtraction(run: index.runs.count, parent: target(row)))
    }
    index.runs.append(run)
  }

  private func start(_ row: RowReader, _ member: RowMember) -> UInt64? {
    row.text(member).flatMap { FoldedTexts.plainStart($0.bytes) }
  }

  private func isFilled(_ row: RowReader, _ member: RowMember) -> Bool {
    guard let text = row.text(member) else { return false }
    if let first = text.bytes.buffer.first, (0x21...0x7E).contains(first), first != UInt8(ascii: "\\") { return true }
    return !Text.isBlank(text.text(scratch.plain))
  }

  private func identity(_ row: RowReader, _ source: ByteSlice, _ kind: RecordKind) -> Hash128 {
    let runID = row.plain(EvidenceField.runID, scratch.plain) ?? .empty
    return kind.rawValue.withBytes {
      Identity.hash(source: source, kind: $0, runID: runID, scratch.sha256, scratch.text)
    }
  }

  private func task(_ row: RowReader) -> Hash128 {
    Hash128(Digest.of(row.plain(EvidenceField.taskID, scratch.plain) ?? .empty))
  }

  /// The first 16 hex digits of the SHA-256 of run id and `sig_hash`.
  private func sampleID(_ row: RowReader) -> UInt64 {
    scratch.text.removeAll()
    scratch.text.append(row.plain(EvidenceField.runID, scratch.plain) ?? .empty)
    scratch.text.append(UInt8(ascii: "|"))
    scratch.text.append(row.text(EvidenceField.sigHash)?.bytes ?? .empty)
    return Hash128(Digest.of(scratch.text.bytes)).high
  }

  private func judgement(_ row: RowReader, _ source: ByteSlice) -> EvidenceJudgement {
    EvidenceJudgement(
      target: target(row), textHash: row.string(EvidenceField.aboutText), verdict: row.name(EvidenceField.verdict),
      droppedVerdicts: row.droppedVerdicts, humanOverride: row.name(EvidenceField.humanOverride),
      timestamp: row.text(EvidenceField.timestamp).flatMap { Timestamp($0.bytes, defaultOffsetSeconds: 0) },
      sourceFile: row.string(EvidenceField.sourceFile) ?? "", line: row.integer(EvidenceField.lineOffset) ?? 0,
      source: source.string(),
      judgedBy: row.isNull(EvidenceField.judgedBy) ? nil : row.token(EvidenceField.judgedBy)?.string())
  }

  /// The identity that `about` names; nil: no run is named.
  private func target(_ row: RowReader) -> Hash128? {
    guard let source = row.plain(EvidenceField.aboutSource, scratch.plain),
      let kind = row.plain(EvidenceField.aboutKind, scratch.plain),
      let runID = row.plain(EvidenceField.aboutRunID, scratch.plain)
    else { return nil }
    return Identity.hash(source: source, kind: kind, runID: runID, scratch.sha256, scratch.text)
  }
}

extension RowReader {
  /// `other_verdicts` of a row of evidence.
  fileprivate var droppedVerdicts: [Verdict] {
    elements(EvidenceField.otherVerdicts).compactMap { EscapedText(quoted: $0).flatMap(Verdict.init) }
  }
}

extension RunKnowledge {
  /// What the run's own record says.
  init(_ row: RowReader, _ kind: RecordKind, _ cuts: CutTable, _ scratch: RowScratch) {
    self.init()
    verdict = row.name(EvidenceField.verdict)
    droppedVerdicts = row.droppedVerdicts
    humanOverride = row.name(EvidenceField.humanOverride)
    if humanOverride != nil {
      timestamp = row.text(EvidenceField.timestamp).flatMap { Timestamp($0.bytes, defaultOffsetSeconds: 0) }
      sourceFile = row.string(EvidenceField.sourceFile) ?? ""
      line = row.integer(EvidenceField.lineOffset) ?? 0
    }
    (scoreCut, groundedCut) = cuts.cuts(
      source: row.plain(EvidenceField.source, scratch.plain) ?? .empty,
      file: row.plain(EvidenceField.sourceFile, scratch.plain) ?? .empty, kind: kind)
    // Read where somebody asks.
    if scoreCut != nil { score = row.double(EvidenceField.score) }
    if groundedCut != nil {
      groundedFraction = row.value(EvidenceField.validationResults)?.member("grounded_fraction")?.double
    }
    if kind == .extraction { parents = Parents(categories: [], count: 0) }
  }
}

extension EvidenceRun {
  /// Takes a ruling, and with it the row that the run should have among the scored ones.
  /// - Returns: `judged_by` of that row, where it is a judgement's.
  @discardableResult
  mutating func decide(
    _ ruling: Ruling, _ row: RowReader, _ judgements: [EvidenceJudgement], _ scratch: RowScratch
  ) -> String? {
    category = ruling.category
    rule = ruling.rule
    switch (ruling.rule, ruling.judge) {
    case (.verdict, .own): reasoning = .ownVerdict
    case (.notJudged, _): reasoning = .skipped
    case (.score, _), (.groundedFraction, _):
      let number = Self.measured(ruling.rule, row)
      reasoning = number == nil ? .other : .measured
      measured = number ?? 0
    default: reasoning = .other
    }
    return ScoredRow.withJudgedBy(ruling, row, judgements) { judgedBy in
      judge = judgedBy.map { JudgeOfRun(ruling.judge.origin, $0) } ?? .nobody
      if reasoning == .other {
        ScoredRow.write(row, ruling, judge: judgedBy, to: scratch.text)
        scoredRow = Hash128(Digest.of(scratch.text.bytes))
      }
      return judge.origin == .judgement ? judgedBy?.string() : nil
    }
  }

  private static func measured(_ rule: ScoringRule, _ row: RowReader) -> UInt32? {
    if rule == .score { return row.range(EvidenceField.score).map { UInt32(truncatingIfNeeded: $0.lowerBound) } }
    guard let start = row.range(EvidenceField.validationResults)?.lowerBound,
      let number = row.value(EvidenceField.validationResults)?.member("grounded_fraction")
    else { return nil }
    return UInt32(truncatingIfNeeded: start + number.sourceRange.lowerBound)
  }
}

extension Ruling.Judge {
  var origin: JudgeOfRun.Origin {
    switch self {
    case .nobody: .nobody
    case .own: .evidence
    case .human: .human
    case .judgement: .judgement
    }
  }
}
