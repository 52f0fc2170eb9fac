import JSONTape
import Receipts
import Stages
import SystemPackage

/// Checks receipts against the files that they name, against each other, and rows against what they were made of.
///
/// Reads only; no configuration is needed, because the receipts hold the parameters. It shares no code with the stages
/// but the schemas, the meaning of text, and, to see whether evidence follows from a log, the mapping itself.
package struct Auditor {
  private let fileSystem: any FileSystem
  private let layout: WorkspaceLayout
  private let options: AuditOptions

  package init(fileSystem: any FileSystem, layout: WorkspaceLayout, options: AuditOptions) {
    self.fileSystem = fileSystem
    self.layout = layout
    self.options = options
  }

  /// - Returns: everything found, ordered by path and line.
  /// - Throws: a file can't be read, or changes meanwhile.
  package func run() throws -> [Finding] {
    let log = FindingLog()
    let stages = StageRoles.closure(options.stages)
    let (receipts, damaged) = try ReceiptChecks(
      fileSystem: fileSystem, layout: layout, log: log, options: options
    ).read(stages)
    let views = FileViews(fileSystem: fileSystem, layout: layout)
    let checks = FileChecks(
      receipts, readsInputs: options.readsInputs, views: views, log: log, jobs: options.jobs)
    if options.readsRows {
      try RowAudit(
        fileSystem: fileSystem, layout: layout, views: views, log: log, options: options, checks: checks,
        receipts: receipts
      ).run()
    }
    // Those whose rows nobody asked for.
    try checks.check()
    try UnreceiptedFiles(fileSystem: fileSystem, layout: layout, log: log)
      .check(stages.filter { !damaged.contains($0) }, receipts)
    StageLinks(log: log).check(receipts)
    if let evidence = receipts.first(where: { $0.stage == .buildEvidence }) {
      try RepositoryCheck(
        fileSystem: fileSystem, layout: layout, log: log, options: options, files: checks.files
      ).check(evidence, receipts.filter { Pipeline.exports.contains($0.stage) })
    }
    if let key = options.publicKey {
      try AttestationChecks(fileSystem: fileSystem, layout: layout, log: log, key: key).check(stages, receipts)
    }
    // What was read then is not what is there.
    if ShrunkFiles.wereRead { try views.checkSizes() }
    return log.findings
  }
}
