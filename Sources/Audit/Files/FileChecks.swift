import JSONTape
import Receipts
import Stages

/// The files that receipts name, each hashed once.
struct AuditedFiles: Sendable {
  /// By workspace path; without what is not there.
  private(set) var scans: [RelativePath: FileScan] = [:]
  /// Files whose bytes are not those of the receipts: rows that lead to them can't be judged.
  private(set) var changed: Set<RelativePath> = []

  /// Is the file there as the receipt of its stage says?
  func isSound(_ path: RelativePath) -> Bool { scans[path] != nil && !changed.contains(path) }

  mutating func add(_ path: RelativePath, _ scan: FileScan?, isAsReceipted: Bool) {
    scans[path] = scan
    if !isAsReceipted { changed.insert(path) }
  }
}

/// Hashes files and compares them with the receipts that list them; each once, when somebody asks for it.
final class FileChecks: @unchecked Sendable {
  // One thread at a time asks.
  private let views: FileViews
  private let log: FindingLog
  private let jobs: Int
  private(set) var files = AuditedFiles()
  private var waiting: [Work] = []

  private enum Role { case output, input, unread }

  private struct Work: Sendable {
    var file: Receipt.File
    var role: Role
    /// Where the receipt says it.
    var receipt: String
    var member: String
  }

  /// - Parameter readsInputs: false: files from outside are not looked at.
  init(_ receipts: [StageReceipt], readsInputs: Bool, views: FileViews, log: FindingLog, jobs: Int) {
    self.views = views
    self.log = log
    self.jobs = jobs
    // Two receipts may say different things of one file: both are checked.
    var known: Set<Receipt.File> = []
    func add(_ file: Receipt.File, _ role: Role, _ stage: StageName, _ member: String) {
      var bytes = file
      bytes.recordCount = 0
      guard known.insert(bytes).inserted else { return }
      waiting.append(Work(file: file, role: role, receipt: "receipts/\(stage)/receipt.json", member: member))
    }
    for receipt in receipts {
      for (index, file) in receipt.receipt.core.outputs.enumerated() {
        add(file, .output, receipt.stage, "/core/outputs/\(index)")
      }
    }
    for receipt in receipts {
      for (index, file) in receipt.receipt.core.inputs.enumerated() where !StageRoles.isMade(file.path) {
        // The answers of a repository are no private log.
        let isRead = readsInputs || file.path == Layout.repositoryFacts
        add(file, isRead ? .input : .unread, receipt.stage, "/core/inputs/\(index)")
      }
    }
    // The longest first, so that no thread is left alone with one at the end.
    waiting.sort { $0.file.byteCount > $1.file.byteCount }
  }

  /// Checks the files that wait and that `wanted` wants.
  func check(_ wanted: (RelativePath) -> Bool = { _ in true }) throws {
    let _: [RelativePath: [Never]] = try check(wanted, reading: { _, _ in nil })
  }

  /// The same, and has each segment read while its bytes are in a core's cache.
  /// - Parameter read: nil: nothing is to be read of the file.
  /// - Returns: what was read of files that were hashed now, and once, in the order of lines.
  func check<Result: Sendable>(
    _ wanted: (RelativePath) -> Bool, reading read: @Sendable (RelativePath, SegmentLines) throws -> Result?
  ) throws -> [RelativePath: [Result]] {
    var work: [Work] = []
    var rest: [Work] = []
    for one in waiting {
      if wanted(one.file.path) { work.append(one) } else { rest.append(one) }
    }
    waiting = rest
    let repeated = Dictionary(grouping: work, by: \.file.path).filter { $1.count > 1 }
    let (views, items) = (self.views, work)
    let found = try withoutActuallyEscaping(read) { read in
      try FilePass.run(files: items.count, jobs: jobs) { number in
        let path = items[number].file.path
        // A link in the place of an output leads to a file that no stage wrote there.
        guard items[number].role != .unread, try items[number].role == .input || views.isRegular(path),
          let view = try views.view(path)
        else { return nil }
        return (view, items[number].role == .input ? items[number].file.byteCount : .max)
      } read: { number, lines in
        let path = items[number].file.path
        defer { if !StageRoles.isEvidence(path) { lines.view.release(lines.segment.range) } }
        return repeated[path] == nil ? try read(path, lines) : nil
      }
    }
    var rows: [RelativePath: [Result]] = [:]
    for (work, found) in zip(work, found) {
      if repeated[work.file.path] == nil { rows[work.file.path] = found.rows }
      judge(work, found.scan)
    }
    return rows
  }

  private func judge(_ work: Work, _ scan: FileScan?) {
    let isSound = scan.map { $0.digest == work.file.digest && $0.byteCount == work.file.byteCount } ?? false
    files.add(work.file.path, scan, isAsReceipted: isSound)
    if work.role == .unread {
      return log.add(
        .inputUnavailable, .note, path: work.file.path.string, expected: "sha256 \(work.file.digest)",
        found: "not looked at (--no-inputs)")
    }
    guard let scan else {
      return log.add(
        work.role == .output ? .outputMissing : .inputUnavailable, path: work.file.path.string,
        expected: "sha256 \(work.file.digest), as \(work.member) of \(work.receipt) says",
        found: "no such file, or another thing in its place")
    }
    if scan.digest != work.file.digest || scan.byteCount != work.file.byteCount {
      let found = work.role == .input && scan.size > scan.byteCount ? "of its first \(scan.byteCount) bytes" : ""
      log.add(
        work.role == .output ? .outputChanged : .inputChanged, path: work.file.path.string,
        expected: "sha256 \(work.file.digest), \(work.file.byteCount) bytes, as \(work.member) of \(work.receipt) says",
        found: "sha256 \(scan.digest)\(found.isEmpty ? "" : " \(found)"), \(scan.size) bytes")
    } else if scan.size > scan.byteCount {
      log.add(
        .inputGrown, .note, path: work.file.path.string, expected: "\(work.file.byteCount) bytes",
        found: "\(scan.size) bytes, of which the first are the same")
    } else if work.role == .output, scan.lineCount != work.file.recordCount, work.file.path.name.hasSuffix(".jsonl") {
      log.add(
        .booksUnbalanced, path: work.receipt, member: "\(work.member)/records",
        expected: "\(scan.lineCount), the lines of \(work.file.path)", found: "\(work.file.recordCount)")
    }
  }
}

/// Which files belong to which stage.
enum StageRoles {
  /// The stages whose outputs a stage reads.
  static func upstream(_ stage: StageName) -> [StageName] {
    switch stage {
    case .buildEvidence: []
    case .score: [.buildEvidence]
    default: [.buildEvidence, .score]
    }
  }

  static func isEvidence(_ path: RelativePath) -> Bool { path.string.hasPrefix(Layout.evidence) }
  static func isScored(_ path: RelativePath) -> Bool { path.string.hasPrefix(Layout.scored) }

  /// Is the file of a kind that a stage writes for the next ones?
  static func isMade(_ path: RelativePath) -> Bool { isEvidence(path) || isScored(path) }

  /// The named stages and all that they read from, in the order of the graph.
  static func closure(_ stages: [StageName]) -> [StageName] {
    var wanted = Set(stages)
    for stage in stages { wanted.formUnion(upstream(stage)) }
    return Pipeline.stages.filter(wanted.contains)
  }

  /// Folders in which only files that the stage's receipt lists may be.
  static func folders(_ stage: StageName) -> [String] {
    switch stage {
    case .buildEvidence: ["data/evidence"]
    case .score: ["data/scored-runs"]
    case .exportRAG: ["exports/rag"]
    case .exportSFT: ["exports/sft"]
    default: ["exports/preference"]
    }
  }
}
