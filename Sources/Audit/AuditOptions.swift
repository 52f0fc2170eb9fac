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

  /// A git repository that can be asked what a commit has at a path.
  package struct Trees {
    /// Is it the one around the workspace?
    package var isAround: Bool
    package var hasCommit: (_ sha: String) -> Bool
    /// In the words of `data/repository-facts.json`; without a commit, of HEAD.
    package var answer: (_ path: String, _ commit: String?) throws -> String

    package init(
      isAround: Bool, hasCommit: @escaping (_ sha: String) -> Bool,
      answer: @escaping (_ path: String, _ commit: String?) throws -> String
    ) {
      self.isAround = isAround
      self.hasCommit = hasCommit
      self.answer = answer
    }
  }
  /// The repository at a path from the workspace; nil: there is none.
  package var trees: @Sendable (_ place: String) throws -> Trees? = { _ in nil }

  package init() {}
}
