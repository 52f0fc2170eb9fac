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
  }

  func read(_ segment: Segment, _ files: FileViews) throws -> EvidenceIndex {
    var index = EvidenceIndex(names: names)
    let cuts = try CutTable(parameters)
    var tally = KindTally(names)
    try files.lines(of: segment, in: partition) { line in
      guard let row = parse(line) else { return }
      let members = scratch.members
      members.read(row)
      checkPartition(members, line)
      let place = RowPlace(file: file, offset: line.offset, byteCount: line.bytes.count, line: line.number)
      add(members, place, cuts, &tally, &index)
    }
    for entry in tally.entries {
      index.counts.add("kind", entry.kind.rawValue, entry.count)
      index.counts.add("source", entry.source, entry.count)
    }
    return index
  }

  /// Reports a row that is no evidence.
  private func parse(_ line: Line) -> JSONValue? {
    RowCheck(schema: .evidence, path: partition.string, log: log).parse(line, scratch.parser)
  }

  /// A partition holds one source and one day.
  private func checkPartition(_ members: RowMembers, _ line: Line) {
    let source = members[EvidenceMember.provenance].member("source")?.string ?? .empty
    var isRight: Bool
    let time = members[EvidenceMember.timestamp].string
    if let time {
      // 2026-03-02T… in 2026/03/02
      isRight = source == name && time.count >= 10 && folder.utf8.count == 10
      if isRight {
        isRight = zip(time[0..<10].buffer, folder.utf8).allSatisfy { $0 == $1 || ($0 == 0x2D && $1 == 0x2F) }
      }
    } else {
      isRight = folder == "undated" && name.hasPrefix("\(source.string())-")
    }
    if !isRight {
      log.add(
        .rowInvalid, path: partition.string, line: line.number, expected: "a record of the partition's source and day",
        found: "source \(source.string()), \(time?.string() ?? "without a time")")
    }
    if members[EvidenceMember.provenance].member("recorded_at").map({
      !$0.isSame(as: members[EvidenceMember.timestamp])
    })
      ?? true
    {
      log.add(
        .rowInvalid, path: partition.string, line: line.number, member: "/provenance/recorded_at",
        expected: members[EvidenceMember.timestamp].words,
        found: members[EvidenceMember.provenance].member("recorded_at")?.words ?? "nothing")
    }
  }

  private func add(
    _ members: RowMembers, _ place: RowPlace, _ cuts: CutTable, _ tally: inout KindTally, _ index: inout EvidenceIndex
  ) {
    guard let name = members[EvidenceMember.kind].string,
      let kind = RecordKind.allCases.first(where: { name == $0.rawValue }),
      let source = members[EvidenceMember.provenance].member("source")?.string
    else { return }
    let sourceNumber = tally.add(kind, source)
    switch kind {
    case .verdict:
      index.others.append((identity(members, source), place))
      index.judgements.append(judgement(members))
    case .comparison:
      index.comparisons.append(
        (
          index.others.count, hash(members[EvidenceMember.provenance].token),
          hash(members[EvidenceMember.taskID].string ?? .empty)
        ))
      index.others.append((identity(members, source), place))
    case .run, .extraction: addRun(members, kind, source, sourceNumber, place, cuts, &index)
    }
  }

  private func addRun(
    _ members: RowMembers, _ kind: RecordKind, _ source: ByteSlice, _ sourceNumber: Int32, _ place: RowPlace,
    _ cuts: CutTable, _ index: inout EvidenceIndex
  ) {
    let knowledge = RunKnowledge(members, cuts)
    let own = knowledge.rulingOfRun()
    var run = EvidenceRun(
      place: place, identity: identity(members, source),
      task: hash(members[EvidenceMember.taskID].string ?? .empty), sampleID: sampleID(members), source: sourceNumber,
      isExtraction: kind == .extraction, hasText: Self.isFilled(members[EvidenceMember.text]),
      hasPrompt: Self.isFilled(members[EvidenceMember.prompt]), ownCategory: own?.category)
    run.decide(own ?? knowledge.ruling(), members, [], scratch)
    EvidenceTokens.appendStarts(members, to: &index.starts)
    if kind == .extraction {
      index.extractions.append(
        EvidenceExtraction(run: index.runs.count, parent: Self.target(members[EvidenceMember.about], scratch)))
    }
    index.runs.append(run)
  }

  private static func isFilled(_ value: JSONValue) -> Bool { value.string.map { !Text.isBlank($0) } ?? false }

  private func identity(_ members: RowMembers, _ source: ByteSlice) -> Hash128 {
    Identity.hash(
      source: source, kind: members[EvidenceMember.kind].string ?? .empty,
      runID: members[EvidenceMember.runID].string ?? .empty, scratch.sha256, scratch.text)
  }

  /// The first 16 hex digits of the SHA-256 of run id and `sig_hash`.
  private func sampleID(_ members: RowMembers) -> UInt64 {
    let text = members[EvidenceMember.runID].string ?? .empty
    let sigHash = members[EvidenceMember.provenance].member("sig_hash")?.string ?? .empty
    scratch.text.removeAll()
    scratch.text.append(text)
    scratch.text.append(UInt8(ascii: "|"))
    scratch.text.append(sigHash)
    return hash(scratch.text.bytes).high
  }

  private func hash(_ bytes: ByteSlice) -> Hash128 {
    scratch.sha256.update(bytes)
    return Hash128(scratch.sha256.finish())
  }

  private func judgement(_ members: RowMembers) -> EvidenceJudgement {
    let provenance = members[EvidenceMember.provenance]
    let judge = members[EvidenceMember.judgedBy]
    return EvidenceJudgement(
      target: Self.target(members[EvidenceMember.about], scratch),
      textHash: members[EvidenceMember.about].member("text_sha256")?.string?.string(),
      verdict: members[EvidenceMember.verdict].string.flatMap { Verdict(rawValue: $0.string()) },
      humanOverride: members[EvidenceMember.humanOverride].string.flatMap { Category(rawValue: $0.string()) },
      timestamp: members[EvidenceMember.timestamp].string.flatMap { Timestamp($0, defaultOffsetSeconds: 0) },
      sourceFile: provenance.member("source_file")?.string?.string() ?? "",
      line: provenance.member("line_offset")?.integer ?? 0,
      source: provenance.member("source")?.string?.string() ?? "",
      judgedBy: judge.isNull ? nil : judge.token.string())
  }

  /// The identity that `about` names; nil: no run is named.
  private static func target(_ about: JSONValue, _ scratch: RowScratch) -> Hash128? {
    guard let source = about.member("source")?.string, let kind = about.member("kind")?.string,
      let runID = about.member("run_id")?.string
    else { return nil }
    return Identity.hash(source: source, kind: kind, runID: runID, scratch.sha256, scratch.text)
  }
}

extension RunKnowledge {
  /// What the run's own record says.
  init(_ members: RowMembers, _ cuts: CutTable) {
    self.init()
    let provenance = members[EvidenceMember.provenance]
    verdict = members[EvidenceMember.verdict].string.flatMap { name in
      Verdict.allCases.first { name == $0.rawValue }
    }
    for other in members[EvidenceMember.otherVerdicts].elements {
      if let verdict = other.string.flatMap({ Verdict(rawValue: $0.string()) }) { droppedVerdicts.append(verdict) }
    }
    humanOverride = members[EvidenceMember.humanOverride].string.flatMap { Category(rawValue: $0.string()) }
    let file = provenance.member("source_file")?.string ?? .empty
    if humanOverride != nil {
      timestamp = members[EvidenceMember.timestamp].string.flatMap { Timestamp($0, defaultOffsetSeconds: 0) }
      sourceFile = file.string()
      line = provenance.member("line_offset")?.integer ?? 0
    }
    score = members[EvidenceMember.score].double
    groundedFraction = members[EvidenceMember.validationResults].member("grounded_fraction")?.double
    let kind = members[EvidenceMember.kind].string ?? .empty
    (scoreCut, groundedCut) = cuts.cuts(source: provenance.member("source")?.string ?? .empty, file: file, kind: kind)
    if kind == RecordKind.extraction.rawValue { parents = Parents(categories: [], count: 0) }
  }
}

extension EvidenceRun {
  /// Takes a ruling, and with it the row that the run should have among the scored ones.
  /// - Returns: `judged_by` of that row, where it is a judgement's.
  @discardableResult
  mutating func decide(
    _ ruling: Ruling, _ members: RowMembers, _ judgements: [EvidenceJudgement], _ scratch: RowScratch
  ) -> String? {
    category = ruling.category
    rule = ruling.rule
    let judgedByOther: String? = ScoredRow.withJudgedBy(ruling, members, judgements) { judgedBy in
      judge = judgedBy.map { JudgeOfRun(ruling.judge.origin, $0) } ?? .nobody
      ScoredRow.write(members, ruling, judge: judgedBy, to: scratch.text)
      return judge.origin == .judgement ? judgedBy?.string() : nil
    }
    scratch.sha256.update(scratch.text.bytes)
    scoredRow = Hash128(scratch.sha256.finish())
    return judgedByOther
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
