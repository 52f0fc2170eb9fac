import Receipts
import Stages
import SystemPackage

/// Everything that can be said of receipts without looking at a row.
struct ReceiptChecks {
  let fileSystem: any FileSystem
  let layout: WorkspaceLayout
  let log: FindingLog
  let options: AuditOptions

  /// The newest receipts of the stages, in their order, without those that don't hold; and whose those are.
  func read(_ stages: [StageName]) throws -> (receipts: [StageReceipt], damaged: Set<StageName>) {
    let chain = ReceiptChain(
      fileSystem: fileSystem, layout: layout, log: log, isStrict: options.isStrict, jobs: options.jobs)
    let history = try chain.history(of: Set(stages))
    let lists = ChecksumLists(fileSystem: fileSystem, layout: layout, log: log)
    var receipts: [StageReceipt] = []
    var damaged: Set<StageName> = []
    let newest = try parallelMap(stages, jobs: options.jobs) { _, stage in
      try fileSystem.regularContents(of: layout.receipt(stage)).map {
        ReceiptReading(log: log).read($0, path: Self.path(stage), stage: stage)
      }
    }
    for (stage, reading) in zip(stages, newest) {
      let path = Self.path(stage)
      try checkFailure(stage)
      guard let reading else {
        let isInterrupted = try fileSystem.status(of: layout.superseded(stage), followingLinks: false) != nil
        log.add(
          .receiptMissing, path: path, expected: "the receipt of \(stage)",
          found: isInterrupted ? "superseded.json: its publication was interrupted" : "no such file")
        continue
      }
      guard let receipt = reading else {
        damaged.insert(stage)
        continue
      }
      let faults = ReceiptContents(receipt: receipt).faults()
      for fault in faults {
        log.add(
          .receiptMalformed, path: path, member: fault.member, expected: fault.expected, found: fault.found)
      }
      guard faults.isEmpty else {
        damaged.insert(stage)
        continue
      }
      checkValidation(receipt, path)
      chain.check(receipt, at: path, in: history)
      try lists.check(receipt.receipt)
      checkCommit(receipt, path)
      receipts.append(receipt)
    }
    checkTools(receipts)
    return (receipts, damaged)
  }

  private static func path(_ stage: StageName) -> String { "receipts/\(stage)/receipt.json" }

  private func checkValidation(_ receipt: StageReceipt, _ path: String) {
    for (index, check) in receipt.receipt.core.validation.enumerated() where !check.pass {
      log.add(
        .validationFailed, path: path, member: "/core/validation/\(index)", expected: "\(check.name) passes",
        found: check.facts.joined(separator: "; "))
    }
  }

  private func checkFailure(_ stage: StageName) throws {
    let path = "receipts/\(stage)/failed.json"
    guard let bytes = try fileSystem.regularContents(of: layout.failed(stage)) else { return }
    guard let failure = ReceiptReading(log: log).read(bytes, path: path, stage: stage) else { return }
    let failed = failure.receipt.core.validation.filter { !$0.pass }
    log.add(
      .validationFailed, path: path, expected: "no run that failed since the newest receipt",
      found: failed.map { "\($0.name): \($0.facts.joined(separator: "; "))" }.joined(separator: "; "))
  }

  private func checkCommit(_ receipt: StageReceipt, _ path: String) {
    guard let git = receipt.receipt.git else { return }
    switch options.commits(git.sha) {
    case .known: break
    case .unknown:
      log.add(
        .commitUnknown, path: path, member: "/git/sha", expected: "a commit of the repository around the workspace",
        found: git.sha)
    case .noRepository:
      log.add(
        .commitUnknown, options.isStrict ? .finding : .note, path: path, member: "/git/sha",
        expected: "a repository with the commit \(git.sha)", found: "no repository around the workspace")
    }
  }

  private func checkTools(_ receipts: [StageReceipt]) {
    func words(_ tool: ToolIdentity) -> String { "\(tool.name) \(tool.version), sha256 \(tool.digest)" }
    guard let reference = options.tool ?? receipts.first?.receipt.core.tool else { return }
    let whose = options.tool == nil ? "that of the other receipts" : "this program"
    for receipt in receipts where receipt.receipt.core.tool != reference {
      log.add(
        .toolDiffers, .note, path: Self.path(receipt.stage), member: "/core/tool",
        expected: "\(words(reference)), \(whose)", found: words(receipt.receipt.core.tool))
    }
  }
}
