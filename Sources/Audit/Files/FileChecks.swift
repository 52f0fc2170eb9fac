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

/// Hashes files and compares them with the receipts that list them.
struct FileChecks {
  let views: FileViews
  let log: FindingLog
  let jobs: Int

  private enum Role { case output, input, unread }

  private struct Work: Sendable {
    var file: Receipt.File
    var role: Role
    /// Where the receipt says it.
    var receipt: String
    var member: String
  }

  /// - Parameter readsInputs: false: files from outside are not looked at.
  func check(_ receipts: [StageReceipt], readsInputs: Bool) throws -> AuditedFiles {
    // Two receipts may say different things of one file: both are checked.
    var known: Set<Receipt.File> = []
    var work: [Work] = []
    func add(_ file: Receipt.File, _ role: Role, _ stage: StageName, _ member: String) {
      var bytes = file
      bytes.recordCount = 0
      guard known.insert(bytes).inserted else { return }
      work.append(Work(file: file, role: role, receipt: "receipts/\(stage)/receipt.json", member: member))
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
    work.sort { $0.file.byteCount > $1.file.byteCount }
    let scans = try parallelMap(work, jobs: jobs) { _, work in try scan(work) }
    var files = AuditedFiles()
    for (work, scan) in zip(work, scans) {
      let isSound = scan.map { $0.digest == work.file.digest && $0.byteCount == work.file.byteCount } ?? false
      files.add(work.file.path, scan, isAsReceipted: isSound)
    }
    return files
  }

  private func scan(_ work: Work) throws -> FileScan? {
    if work.role == .unread {
      log.add(
        .inputUnavailable, .note, path: work.file.path.string, expected: "sha256 \(work.file.digest)",
        found: "not looked at (--no-inputs)")
      return nil
    }
    let limit = work.role == .input ? work.file.byteCount : .max
    let scanned = try views.view(work.file.path).map {
      FileScan.scan($0, limit: limit, keepsPages: StageRoles.isEvidence(work.file.path))
    }
    guard let scan = scanned else {
      log.add(
        work.role == .output ? .outputMissing : .inputUnavailable, path: work.file.path.string,
        expected: "sha256 \(work.file.digest), as \(work.member) of \(work.receipt) says", found: "no such file")
      return nil
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
    return scan
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
