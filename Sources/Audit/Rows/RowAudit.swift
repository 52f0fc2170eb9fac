import JSONTape
import Receipts
import Stages

/// Reads every row of every output, evidence first, and leads the others back to it.
struct RowAudit {
  let fileSystem: any FileSystem
  let layout: WorkspaceLayout
  let views: FileViews
  let log: FindingLog
  let options: AuditOptions
  let files: AuditedFiles
  let receipts: [StageReceipt]
  private let shelf: Shelf<RowScratch>
  /// Of the evidence, in the order of its receipt.
  private let partitions: [RelativePath]

  init(
    fileSystem: any FileSystem, layout: WorkspaceLayout, views: FileViews, log: FindingLog, options: AuditOptions,
    files: AuditedFiles, receipts: [StageReceipt]
  ) {
    self.fileSystem = fileSystem
    self.layout = layout
    self.views = views
    self.log = log
    self.options = options
    self.files = files
    self.receipts = receipts
    let evidence = receipts.first { $0.stage == .buildEvidence }
    let partitions = (evidence?.receipt.core.outputs ?? []).map(\.path).filter(StageRoles.isEvidence)
    self.partitions = partitions
    shelf = Shelf {
      RowScratch(evidence: EvidenceRowReader(partitions: partitions, files: views))
    }
  }

  func run() throws {
    guard let evidence = receipt(.buildEvidence) else { return try readAlone() }
    let score = receipt(.score)
    let parameters = score?.receipt.core.parameters ?? .null
    var index = try readEvidence(parameters)
    let join = try EvidenceJoin(
      partitions: partitions, parameters: parameters, views: views
    ).apply(to: &index)
    if options.readsInputs {
      try LogAudit(
        fileSystem: fileSystem, layout: layout, views: views, log: log, jobs: options.jobs, files: files,
        receipt: evidence, partitions: partitions, index: index, isWhole: partitions.allSatisfy(files.isSound)
      ).run()
    }
    let quarantine = try readQuarantine()
    if let books = books(evidence, behind: []) {
      books.checkEvidence(index, quarantine[.buildEvidence] ?? RowCounts())
    }
    guard let score else { return }
    let scored = try read(scored: score, index)
    if let books = books(score, behind: [evidence]) {
      books.checkScore(index, scored, quarantine[.score] ?? RowCounts(), join)
    }
    let comparisons = index.counts["kind", RecordKind.comparison.rawValue]
    for receipt in receipts where Pipeline.exports.contains(receipt.stage) {
      let (export, due) = try read(export: receipt, index, scored)
      let own = quarantine[receipt.stage] ?? RowCounts()
      guard let books = books(receipt, behind: [evidence, score]) else { continue }
      let count = scored.counts.total("by_category")
      if receipt.stage == .exportPreference {
        books.checkPairs(export, own, scored: count, comparisons: comparisons, due)
      } else {
        books.checkSamples(export, own, scored: count)
      }
    }
  }

  /// nil: a file that is counted is not as its receipt says, so the count would blame the wrong one.
  private func books(_ receipt: StageReceipt, behind upstream: [StageReceipt]) -> BookCheck? {
    let counted = ([receipt] + upstream).flatMap { $0.receipt.core.outputs.map(\.path) }
    return counted.allSatisfy(files.isSound) ? BookCheck(receipt: receipt, log: log) : nil
  }

  private func receipt(_ stage: StageName) -> StageReceipt? { receipts.first { $0.stage == stage } }

  /// Without a receipt of the evidence, rows can only be looked at by themselves.
  private func readAlone() throws {
    _ = try readQuarantine()
  }

  // MARK: Work over segments

  private struct Work: Sendable {
    /// Index of the file.
    var file: Int
    var path: RelativePath
    var segment: Segment
  }

  /// The segments of all `paths` that are there, each mapped on some thread; results in the order of paths and lines.
  private func map<Result: Sendable>(
    _ paths: [RelativePath], _ body: @Sendable (_ file: Int, RelativePath, Segment, RowScratch) throws -> Result
  ) throws -> [Result] {
    let work = paths.enumerated().flatMap { file, path in
      (files.scans[path]?.segments ?? []).map { Work(file: file, path: path, segment: $0) }
    }
    return try parallelMap(work, jobs: options.jobs) { _, work in
      try shelf.use { try body(work.file, work.path, work.segment, $0) }
    }
  }

  // MARK: Evidence and scored runs

  private func readEvidence(_ parameters: JSON) throws -> EvidenceIndex {
    let names = NameTable()
    let parts = try map(partitions) { file, path, segment, scratch in
      try EvidencePass(
        partition: path, file: file, parameters: parameters, names: names, log: log, scratch: scratch
      )
      .read(segment, views)
    }
    var index = EvidenceIndex(names: names)
    index.reserve(for: parts)
    for part in parts { index.append(part) }
    index.finish(files: partitions.count) { row, first in
      log.add(
        .rowInvalid, path: partitions[row.file].string, line: row.line,
        expected: "an identity (source, kind, run id) of its own",
        found: "that of \(partitions[first.file]):\(first.line)")
    }
    checkLineEnds(partitions)
    return index
  }

  private func checkLineEnds(_ paths: [RelativePath]) {
    for path in paths {
      guard let scan = files.scans[path], !scan.endsWithLineEnd else { continue }
      log.add(
        .rowInvalid, path: path.string, line: scan.lineCount, expected: "a line end at the end", found: "none")
    }
  }

  private func read(
    scored receipt: StageReceipt, _ index: EvidenceIndex
  ) throws -> ScoredIndex {
    let paths = receipt.receipt.core.outputs.map(\.path).filter(StageRoles.isScored)
    let places = Dictionary(
      partitions.enumerated().map { (Layout.scoredRuns(forEvidence: $1), $0) }, uniquingKeysWith: { first, _ in first })
    // Judgements and parents may be in any partition: where one is not sound, no category is.
    let isWhole = partitions.allSatisfy(files.isSound)
    var scored = ScoredIndex()
    for part in try map(
      paths,
      { _, path, segment, scratch in
        let runs = isWhole ? places[path].map { index.runsByFile[$0] } : nil
        return try ScoredPass(
          path: path, index: index, runs: runs, isComplete: runs?.count == files.scans[path]?.lineCount,
          log: log, scratch: scratch, cuts: try CutTable(receipt.receipt.core.parameters)
        ).read(segment, views)
      })
    { scored.append(part) }
    scored.finish(runs: index.runs.count)
    checkLineEnds(paths)
    for path in paths {
      guard isWhole, let place = places[path], let scan = files.scans[path] else { continue }
      let runs = index.runsByFile[place].count
      if scan.lineCount != runs {
        log.add(
          .rowDiffers, path: path.string, expected: "\(runs) rows, one a run of \(partitions[place])",
          found: "\(scan.lineCount)")
      }
    }
    return scored
  }

  // MARK: Exports

  private func read(
    export receipt: StageReceipt, _ index: EvidenceIndex, _ scored: ScoredIndex
  ) throws -> (rows: ExportIndex, due: DueRows?) {
    let quarantine = Self.quarantine(receipt.stage)
    let paths = receipt.receipt.core.outputs.map(\.path).filter { $0 != quarantine }
    let facts = try receipt.receipt.core.inputs.first { $0.path == Layout.repositoryFacts }
      .flatMap { try fileSystem.contents(of: layout.path($0.path)) }
    var rules = ExportRules(receipt, answers: facts.flatMap { try? RepositoryAnswers(JSON.parse($0)) })
    rules.heldOut = try Holdout(fileSystem: fileSystem, layout: layout, files: files).prompts(receipt, log)
    let finalRules = rules
    let made = receipts.flatMap { $0.receipt.core.outputs.map(\.path) }.filter(StageRoles.isMade)
    let isBroken = !made.allSatisfy(files.isSound)
    let due =
      isBroken
      ? DueRows()
      : try DueRowPass(stage: receipt.stage, rules: finalRules, index: index, jobs: options.jobs, shelf: shelf).rows()
    var export = ExportIndex()
    for part in try map(
      paths,
      { _, path, segment, scratch in
        let back = WayBack(
          index: index, scored: scored, isBroken: isBroken, scratch: scratch)
        return try ExportPass(
          stage: receipt.stage, path: path, rules: finalRules, due: due, back: back, log: log, scratch: scratch
        ).read(segment, views)
      })
    { export.append(part) }
    checkLineEnds(paths)
    // What another row, or none, of the scored runs lets through is no fault of the export.
    let isCertain = !isBroken && index.isDistinct && scored.isAgreeing(runs: index.runs.count)
    for path in paths where files.scans[path] != nil {
      let check = DueRowCheck(path: path, due: due, index: index, partitions: partitions, log: log)
      // Rows that are due have ids of their own.
      if isCertain, check.areDue(export.rows) { continue }
      ExportPass.checkIDs(export, path, log)
      if isCertain { check.check(export.rows) }
    }
    return (export, isCertain ? due : nil)
  }

  private static func quarantine(_ stage: StageName) -> RelativePath {
    switch stage {
    case .buildEvidence: Layout.quarantine("evidence")
    case .score: Layout.quarantine("score")
    case .exportRAG: Layout.quarantine("rag")
    case .exportSFT: Layout.quarantine("sft")
    default: Layout.quarantine("preference")
    }
  }

  private func readQuarantine() throws -> [StageName: RowCounts] {
    var counts: [StageName: RowCounts] = [:]
    for receipt in receipts {
      let path = Self.quarantine(receipt.stage)
      for part in try map(
        [path],
        { _, path, segment, scratch in
          try QuarantinePass(stage: receipt.stage, path: path, log: log, scratch: scratch)
            .read(segment, views)
        })
      { counts[receipt.stage, default: RowCounts()].add(part) }
      checkLineEnds([path])
    }
    return counts
  }
}
