import JSONTape
import Receipts
import Stages

/// Reads every row of every output, evidence first, and leads the others back to it. Files are hashed on the way.
struct RowAudit {
  let fileSystem: any FileSystem
  let layout: WorkspaceLayout
  let views: FileViews
  let log: FindingLog
  let options: AuditOptions
  let checks: FileChecks
  let receipts: [StageReceipt]
  private let shelf: Shelf<RowScratch>
  /// Of the evidence, in the order of its receipt.
  private let partitions: [RelativePath]

  init(
    fileSystem: any FileSystem, layout: WorkspaceLayout, views: FileViews, log: FindingLog, options: AuditOptions,
    checks: FileChecks, receipts: [StageReceipt]
  ) {
    self.fileSystem = fileSystem
    self.layout = layout
    self.views = views
    self.log = log
    self.options = options
    self.checks = checks
    self.receipts = receipts
    let evidence = receipts.first { $0.stage == .buildEvidence }
    let partitions = (evidence?.receipt.core.outputs ?? []).map(\.path).filter(StageRoles.isEvidence)
    self.partitions = partitions
    shelf = Shelf {
      RowScratch(evidence: EvidenceRowReader(partitions: partitions, files: views))
    }
  }

  private var files: AuditedFiles { checks.files }

  func run() throws {
    // Without a receipt of the evidence, rows can only be looked at by themselves.
    guard let evidence = receipt(.buildEvidence) else {
      _ = try readQuarantine()
      return
    }
    let score = receipt(.score)
    let parameters = score?.receipt.core.parameters ?? .null
    let parts = try readEvidence(parameters)
    // One thread makes the index, so there is time for files that don't want it.
    let ((index, join), quarantine) = try atOnce(
      {
        var index = self.index(of: parts)
        let join = try EvidenceJoin(partitions: partitions, parameters: parameters, views: views).apply(to: &index)
        return (index, join)
      },
      { try readQuarantine() })
    if options.readsInputs {
      try LogAudit(
        fileSystem: fileSystem, layout: layout, views: views, log: log, jobs: options.jobs, files: files,
        receipt: evidence, partitions: partitions, index: index, isWhole: partitions.allSatisfy(files.isSound)
      ).run()
    }
    if let books = books(evidence, behind: []) {
      books.checkEvidence(index, quarantine[.buildEvidence] ?? RowCounts())
    }
    guard let score else { return }
    let scored = try read(scored: score, index)
    // No row of the evidence that is as its schema says stays without a category.
    let stopped = quarantine[.score]?.total("by_reason") ?? 0
    if stopped > 0, partitions.allSatisfy(files.isSound),
      index.rowCount == partitions.reduce(0, { $0 + (files.scans[$1]?.lineCount ?? 0) })
    {
      log.add(
        .rowUndue, path: OutputPlaces.quarantine(.score).string,
        expected: "no row, because each row of the evidence is as its schema says", found: "\(stopped)")
    }
    if let books = books(score, behind: [evidence]) {
      books.checkScore(index, scored, quarantine[.score] ?? RowCounts(), join)
    }
    let comparisons = index.counts["kind", RecordKind.comparison.rawValue]
    let exports = receipts.filter { Pipeline.exports.contains($0.stage) }
    for (receipt, (counts, due, rules)) in zip(exports, try read(exports, index, scored, evidence: evidence)) {
      if let due {
        try checkStopped(due, by: ExportGates(stage: receipt.stage, rules: rules, index: index), parameters)
      }
      let own = quarantine[receipt.stage] ?? RowCounts()
      guard let books = books(receipt, behind: [evidence, score]) else { continue }
      let count = scored.counts.total("by_category")
      if receipt.stage == .exportPreference {
        books.checkPairs(counts, own, scored: count, comparisons: comparisons, due)
      } else {
        books.checkSamples(counts, own, scored: count)
      }
    }
  }

  /// Both, at once where more than one thread may work.
  private func atOnce<One: Sendable, Other: Sendable>(
    _ one: @Sendable () throws -> One, _ other: @Sendable () throws -> Other
  ) throws -> (One, Other) {
    let results = try withoutActuallyEscaping(one) { one in
      try withoutActuallyEscaping(other) { other in
        try parallelMap([true, false], jobs: options.jobs) { _, isFirst -> (One?, Other?) in
          if isFirst { return (try one(), nil) }
          return (nil, try other())
        }
      }
    }
    return (results[0].0!, results[1].1!)
  }

  /// nil: a file that is counted is not as its receipt says, so the count would blame the wrong one.
  private func books(_ receipt: StageReceipt, behind upstream: [StageReceipt]) -> BookCheck? {
    let counted = ([receipt] + upstream).flatMap { $0.receipt.core.outputs.map(\.path) }
    return counted.allSatisfy(files.isSound) ? BookCheck(receipt: receipt, log: log) : nil
  }

  private func receipt(_ stage: StageName) -> StageReceipt? { receipts.first { $0.stage == stage } }

  // MARK: Work over segments

  private struct Work: Sendable {
    /// Index of the file.
    var file: Int
    var segment: Segment
  }

  /// The segments of all `paths` that are there, each read on some thread. Files that have not been hashed are hashed
  /// on the way.
  /// - Parameter hashes: other files that are to be hashed at the same time.
  /// - Returns: results in the order of paths and lines.
  private func map<Result: Sendable>(
    _ paths: [RelativePath], hashing hashes: (RelativePath) -> Bool = { _ in false },
    _ body: @Sendable (_ file: Int, SegmentLines, RowScratch) throws -> Result
  ) throws -> [[Result]] {
    // A forged receipt may list a path twice.
    let places = Dictionary(grouping: paths.indices, by: { paths[$0] })
    let read: [RelativePath: [Result]] = try checks.check {
      places[$0] != nil || hashes($0)
    } reading: { path, lines in
      guard let found = places[path], found.count == 1 else { return nil }
      return try shelf.use { try body(found[0], lines, $0) }
    }
    let isRead = paths.map { read[$0] != nil && places[$0]?.count == 1 }
    let work = paths.indices.filter { !isRead[$0] }.flatMap { file in
      (files.scans[paths[file]]?.segments ?? []).map { Work(file: file, segment: $0) }
    }
    let results = try parallelMap(work, jobs: options.jobs) { _, work in
      try views.reading(work.segment, of: paths[work.file]) { lines in
        try shelf.use { try body(work.file, lines, $0) }
      }
    }
    var rows = paths.indices.map { isRead[$0] ? read[paths[$0]] ?? [] : [] }
    for (work, result) in zip(work, results) { rows[work.file].append(result) }
    return rows
  }

  // MARK: Evidence and scored runs

  private func readEvidence(_ parameters: JSON) throws -> [EvidenceIndex] {
    let names = NameTable()
    let parts = try map(partitions) { file, lines, scratch in
      try EvidencePass(
        partition: partitions[file], file: file, parameters: parameters, names: names, log: log, scratch: scratch
      )
      .read(lines)
    }
    checkLineEnds(partitions)
    return parts.flatMap { $0 }
  }

  private func index(of parts: [EvidenceIndex]) -> EvidenceIndex {
    var index = EvidenceIndex(parts)
    index.finish(files: partitions.count) { row, first in
      log.add(
        .rowInvalid, path: partitions[row.file].string, line: row.line,
        expected: "an identity (source, kind, run id) of its own",
        found: "that of \(partitions[first.file]):\(first.line)")
    }
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
    let lineCounts = files.scans.mapValues(\.lineCount)
    var scored = ScoredIndex()
    for part in try map(
      paths,
      { file, lines, scratch in
        let path = paths[file]
        let runs = isWhole ? places[path].map { index.runsByFile[$0] } : nil
        return try ScoredPass(
          path: path, runs: runs, isComplete: runs?.count == lineCounts[path], log: log,
          match: ScoredRowMatch(index: index, cuts: try CutTable(receipt.receipt.core.parameters), scratch: scratch)
        ).read(lines)
      }
    ).joined() { scored.append(part) }
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

  /// What an export is read by.
  private struct Export: Sendable {
    var stage: StageName
    var paths: [RelativePath]
    var rules: ExportRules
    var due = DueRows()
  }

  private func read(
    _ receipts: [StageReceipt], _ index: EvidenceIndex, _ scored: ScoredIndex, evidence: StageReceipt
  ) throws -> [(counts: RowCounts, due: DueRows?, rules: ExportRules)] {
    let made = self.receipts.flatMap { $0.receipt.core.outputs.map(\.path) }.filter(StageRoles.isMade)
    let isBroken = !made.allSatisfy(files.isSound)
    var exports = try receipts.map { try export($0, evidence) }
    if !isBroken {
      let due = try parallelMap(exports, jobs: options.jobs) { _, export in
        try DueRowPass(stage: export.stage, rules: export.rules, index: index, jobs: options.jobs, shelf: shelf).rows()
      }
      for (place, due) in due.enumerated() { exports[place].due = due }
    }
    let files = exports.flatMap { export in export.paths.map { (path: $0, export: export) } }
    let parts = try map(files.map(\.path)) { file, lines, scratch in
      let (path, export) = files[file]
      let back = WayBack(index: index, scored: scored, isBroken: isBroken, scratch: scratch)
      return try ExportPass(
        stage: export.stage, path: path, rules: export.rules, due: export.due, back: back, log: log, scratch: scratch
      ).read(lines)
    }
    // What another row, or none, of the scored runs lets through is no fault of the export.
    let isCertain = !isBroken && index.isDistinct && scored.isAgreeing(runs: index.runs.count)
    return exports.map { export in
      let own = zip(files, parts).filter { $0.0.export.stage == export.stage }.flatMap(\.1)
      var counts = RowCounts()
      for part in own { counts.add(part.counts) }
      checkLineEnds(export.paths)
      let isCertain = isCertain && export.rules.knowsHeldOut
      for path in export.paths where self.files.scans[path] != nil {
        let check = DueRowCheck(path: path, due: export.due, index: index, partitions: partitions, log: log)
        // Rows that are due have ids of their own.
        if isCertain, check.areDue(own.lazy.map(\.rows)) { continue }
        ExportPass.checkIDs(own.flatMap(\.ids), path, log)
        if isCertain { check.check(own.flatMap(\.rows)) }
      }
      return (counts, isCertain ? export.due : nil, export.rules)
    }
  }

  private func export(_ receipt: StageReceipt, _ evidence: StageReceipt) throws -> Export {
    let facts = try receipt.receipt.core.inputs.first { $0.path == Layout.repositoryFacts }
      .flatMap { try fileSystem.regularContents(of: layout.path($0.path)) }
    let sources = Set(evidence.repositories.keys)
    var rules = ExportRules(
      receipt, answers: facts.flatMap { try? RepositoryAnswers(JSON.parse($0), sources: sources) })
    (rules.heldOut, rules.knowsHeldOut) = try Holdout(fileSystem: fileSystem, layout: layout, files: files)
      .prompts(receipt)
    return Export(
      stage: receipt.stage, paths: [OutputPlaces.export(receipt.stage)].compactMap { $0 }, rules: rules)
  }

  /// Compares the quarantine of an export with what the gates stop.
  /// - Parameter parameters: of the stage that scores.
  private func checkStopped(_ due: DueRows, by gates: ExportGates, _ parameters: JSON) throws {
    let path = OutputPlaces.quarantine(gates.stage)
    guard files.isSound(path) else { return }
    @Sendable func pass(_ scratch: RowScratch) throws -> StoppedRowPass {
      StoppedRowPass(
        gates: gates, scored: ScoredRowMatch(index: gates.index, cuts: try CutTable(parameters), scratch: scratch),
        scratch: scratch)
    }
    let isRight = try map([path]) { _, lines, scratch in
      let pass = try pass(scratch)
      var isRight = true
      try lines.forEach { line in
        guard isRight else { return }
        isRight =
          try line.number <= due.stopped.count && pass.difference(line.bytes, due.stopped[line.number - 1]) == nil
      }
      return isRight
    }
    if files.scans[path]?.lineCount == due.stopped.count, isRight.joined().allSatisfy({ $0 }) { return }
    var check = StoppedRowCheck(
      path: path, stopped: due.stopped, index: gates.index, partitions: partitions, log: log)
    for segment in files.scans[path]?.segments ?? [] {
      try views.reading(segment, of: path) { lines in
        try shelf.use { scratch in
          let pass = try pass(scratch)
          try lines.forEach { try check.check($0, pass) }
        }
      }
    }
    check.finish()
  }

  /// Hashes all other files, too, but for the exports.
  private func readQuarantine() throws -> [StageName: RowCounts] {
    let paths = receipts.map { OutputPlaces.quarantine($0.stage) }
    let exports = Set(
      receipts.filter { Pipeline.exports.contains($0.stage) }.flatMap { $0.receipt.core.outputs.map(\.path) })
    let parts = try map(paths, hashing: { !exports.contains($0) }) { file, lines, scratch in
      QuarantinePass(stage: receipts[file].stage, path: paths[file], log: log, scratch: scratch)
        .read(lines)
    }
    var counts: [StageName: RowCounts] = [:]
    for (receipt, parts) in zip(receipts, parts) {
      for part in parts { counts[receipt.stage, default: RowCounts()].add(part) }
    }
    checkLineEnds(paths)
    return counts
  }
}
