import JSONTape
import Receipts
import Stages

/// Why an export leaves a run, a comparison or a pair out and quarantines it.
enum ExportStop: Sendable {
  case category, holdout, text, instruction, sourceFiles
  /// An earlier one has the same id, or says the same.
  case repeatedID, repeatedTexts
  case contested
  /// Of a comparison.
  case sameRun
  /// Of a pair.
  case sameText
}

/// What an export has to quarantine.
struct StoppedRow: Sendable {
  enum Subject: Sendable { case run, comparison, pair }
  var key: RowKey
  var subject: Subject
  var stop: ExportStop
}

extension ExportGates {
  /// The reason, and the sentences with it.
  /// - Parameter evidence: of a run or comparison that names files.
  func words(_ stopped: StoppedRow, _ evidence: RowMembers?) -> (reason: Reason, errors: [String]) {
    switch stopped.stop {
    case .category: return categoryWords(index.runs[Int(stopped.key.first)])
    case .holdout: return (.categoryDisallowed, ["holdout: its prompt is in exports.holdout"])
    case .text:
      let subject =
        switch (stopped.subject, stage) {
        case (.run, .exportSFT): "the run has no response"
        case (.run, _): "the run has no text"
        default: "a side of the comparison has no text"
        }
      return (.emptyContent, [subject])
    case .instruction: return (.emptyContent, ["the run has no instruction"])
    case .sourceFiles:
      return (.hallucinatedFilePath, evidence.flatMap { rules.answers?.errors(of: $0) } ?? [])
    case .repeatedID:
      return (
        .duplicateID,
        [
          stopped.subject == .pair
            ? "an earlier pair has the same id" : "an earlier run has the same id: the same run id and the same record"
        ]
      )
    case .repeatedTexts: return (.duplicateID, ["an earlier sample has the same instruction and response"])
    case .contested:
      return (
        .invalidPreferencePairing,
        [
          stopped.subject == .run
            ? "the task has this text both accepted and rejected: it is on no side of a pair"
            : "the task has one of the texts both accepted and rejected, or rejected the one that won"
        ]
      )
    case .sameRun: return (.selfPairing, ["both sides are the same run"])
    case .sameText: return (.selfPairing, ["both sides have the same text"])
    }
  }

  private func categoryWords(_ run: EvidenceRun) -> (Reason, [String]) {
    let isSample = stage == .exportSFT
    switch run.category {
    case .rejected:
      return isSample
        ? (.unsafeSFTCategory, ["a rejected run is never a sample"])
        : (.unsafeRAGCategory, ["a rejected run is never a playbook"])
    case .needsHumanReview:
      return isSample
        ? (.unsafeSFTCategory, ["a run that needs human review is never a sample"])
        : (.categoryDisallowed, ["needs_human_review is exported with --include-review only"])
    case .accepted, .partiallyAccepted:
      if !rules.allowed.contains(run.category) {
        return (.categoryDisallowed, ["partially_accepted is exported with --include-partial only"])
      }
      let judge = run.judge == .nobody ? "nobody known" : run.judge.kind
      return (
        .categoryDisallowed,
        ["judged by \(judge); exports.sft.require_judge names \(rules.judges.sorted().joined(separator: ", "))"]
      )
    }
  }
}
