import Attestation
import Receipts
import Stages

/// What is audited, and against what.
package struct AuditOptions: Sendable {
  package enum CommitAnswer: Sendable { case known, unknown, noRepository }

  /// They and all that they read from.
  package var stages: [StageName] = Pipeline.stages
  /// false: logs are private, so nothing is read from them.
  package var readsInputs = true
  /// false: receipts and the digests of files are all that is looked at.
  package var readsRows = true
  /// Whose signature every receipt must have; nil: none needs one.
  package var publicKey: PublicKey?
  /// Parts of the history that are not there are findings, not notes.
  package var isStrict = false
  /// How many threads work.
  package var jobs = 1
  /// The program that audits; nil: it does not matter.
  package var tool: ToolIdentity?
  /// Is there such a commit?
  package var commits: @Sendable (_ sha: String) -> CommitAnswer = { _ in .noRepository }

  package init() {}
}
