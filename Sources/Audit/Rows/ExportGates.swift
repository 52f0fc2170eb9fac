import JSONTape
import Receipts
import Stages

/// Which runs and comparisons an export has to take: asked of the evidence and the receipt's parameters alone.
struct ExportGates {
  let stage: StageName
  let rules: ExportRules
  let index: EvidenceIndex

  /// The first gate about the run itself that stops it; nil: it passes.
  func stop(_ run: EvidenceRun, _ scratch: RowScratch) throws -> ExportStop? {
    // Pairs take runs of every category, and leave some aside later.
    if stage != .exportPreference, !rules.mayTake(run) { return .category }
    let isEmpty: ExportStop? = !run.hasText ? .text : !run.hasPrompt && stage == .exportSFT ? .instruction : nil
    let asksFiles = rules.answers?.concern(index.name(ofSource: run.source)) ?? false
    guard !rules.heldOut.isEmpty || (asksFiles && isEmpty == nil) else { return isEmpty }
    let evidence = try scratch.evidence.members(at: run.place, scratch.others[0], scratch.otherMembers[0])
    if rules.isHeldOut(evidence[EvidenceMember.prompt], scratch) { return .holdout }
    return isEmpty ?? wrongFiles(evidence)
  }

  private func wrongFiles(_ evidence: RowMembers) -> ExportStop? {
    rules.answers?.errors(of: evidence).isEmpty ?? true ? nil : .sourceFiles
  }

  /// The sides of a comparison; nil: it has no winner.
  func winner(_ evidence: RowMembers) -> (won: JSONValue, lost: JSONValue)? {
    let comparison = evidence[EvidenceMember.comparison]
    guard let winner = comparison.member("winner")?.string, let a = comparison.member("a"),
      let b = comparison.member("b"), winner == "a" || winner == "b"
    else { return nil }
    return winner == "a" ? (a, b) : (b, a)
  }

  /// The same of a comparison with a winner.
  func stop(comparison evidence: RowMembers, _ scratch: RowScratch) -> ExportStop? {
    if rules.isHeldOut(evidence[EvidenceMember.prompt], scratch) { return .holdout }
    let comparison = evidence[EvidenceMember.comparison]
    let sides = [comparison.member("a"), comparison.member("b")]
    let texts = sides.map { $0?.member("text")?.string }
    guard texts.allSatisfy({ $0.map { !Text.isBlank($0) } ?? false }) else { return .text }
    if let run = sides[0]?.member("run_id"), let other = sides[1]?.member("run_id"), run.isSame(as: other) {
      return .sameRun
    }
    return wrongFiles(evidence)
  }
}
