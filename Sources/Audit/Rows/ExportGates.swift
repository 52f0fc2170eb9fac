import JSONTape
import Receipts
import Stages

/// Which runs and comparisons an export has to take: asked of the evidence and the receipt's parameters alone.
struct ExportGates {
  let stage: StageName
  let rules: ExportRules
  let index: EvidenceIndex

  /// Does the run pass the gates that are about itself?
  func takes(_ run: EvidenceRun, _ scratch: RowScratch) throws -> Bool {
    // Pairs take runs of every category, and leave some aside later.
    guard stage == .exportPreference || rules.mayTake(run), run.hasText, run.hasPrompt || stage != .exportSFT else {
      return false
    }
    let asksFiles = rules.answers?.concern(index.name(ofSource: run.source)) ?? false
    guard asksFiles || !rules.heldOut.isEmpty else { return true }
    let evidence = try scratch.evidence.members(at: run.place, scratch.others[0], scratch.otherMembers[0])
    return !rules.isHeldOut(evidence[EvidenceMember.prompt], scratch)
      && rules.answers?.wrongFile(of: index.name(ofSource: run.source), evidence) == nil
  }

  /// The sides of a comparison; nil: it has no winner.
  func winner(_ evidence: RowMembers) -> (won: JSONValue, lost: JSONValue)? {
    let comparison = evidence[EvidenceMember.comparison]
    guard let winner = comparison.member("winner")?.string, let a = comparison.member("a"),
      let b = comparison.member("b"), winner == "a" || winner == "b"
    else { return nil }
    return winner == "a" ? (a, b) : (b, a)
  }

  /// Does a comparison with a winner pass?
  func takes(comparison evidence: RowMembers, _ scratch: RowScratch) -> Bool {
    let comparison = evidence[EvidenceMember.comparison]
    let sides = [comparison.member("a"), comparison.member("b")]
    let texts = sides.map { $0?.member("text")?.string }
    if let runs = sides[0]?.member("run_id"), let others = sides[1]?.member("run_id"), runs.isSame(as: others) {
      return false
    }
    let source = evidence[EvidenceMember.provenance].member("source")?.string?.string() ?? ""
    return texts.allSatisfy { $0.map { !Text.isBlank($0) } ?? false }
      && !rules.isHeldOut(evidence[EvidenceMember.prompt], scratch)
      && rules.answers?.wrongFile(of: source, evidence) == nil
  }
}
