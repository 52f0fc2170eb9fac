import JSONTape
import Receipts

/// What a gate says of a record that it stops.
struct Stop {
  var reason: Reason
  var errors: [String]

  init(_ reason: Reason, _ errors: [String]) {
    self.reason = reason
    self.errors = errors
  }

  init(_ reason: Reason, _ error: String) { self.init(reason, [error]) }
}

/// One gate of the contamination firewall.
struct Gate: Sendable {
  /// In the order in which a record meets them.
  enum Name: String, Sendable, CaseIterable {
    case scoredRun, comparison, provenance, evidence, category, holdout, content, sourceFiles
    /// Behind the making of a sample: its schema, and that no earlier one is the same.
    case sample, duplicate
    /// Of pairs.
    case contested, selfPairing

    /// Those that a scored run meets before are decided by itself alone.
    var readsEvidence: Bool { self == .holdout || self == .content || self == .sourceFiles }
  }
  var name: Name
  /// nil: the record passes.
  var stop: @Sendable (Candidate) -> Stop?
}

/// The gates that a scored run passes before a sample is made of it, and a comparison before it makes a pair, in their
/// order. The first that stops it names the reason.
struct Firewall: Sendable {
  /// Empty but in tests, which show of each gate that something gets through without it.
  var removed: Set<Gate.Name> = []

  func has(_ name: Gate.Name) -> Bool { !removed.contains(name) }

  /// - Parameters:
  ///   - category: nil: every category may pass.
  ///   - context: its inputs `facts` (answers of git repositories) and `holdout` are there where the configuration asks
  ///     for these gates.
  func gates(category: Gate?, content: Gate, _ context: ActionContext) throws -> [Gate] {
    try gates(
      [Self.isScoredRun, Self.hasProvenance, Self.hasEvidence] + (category.map { [$0] } ?? []), content, context)
  }

  /// The gates of comparisons: a comparison is evidence itself, and its schema asks for provenance.
  func comparisonGates(_ context: ActionContext) throws -> [Gate] {
    try gates([Self.isComparison], Self.hasTwoSides, context)
  }

  private func gates(_ first: [Gate], _ content: Gate, _ context: ActionContext) throws -> [Gate] {
    var gates = first
    if let table = context.optionalInput("holdout") {
      gates.append(Self.isNotHeldOut(try HoldoutPrompts.prompts(table)))
    }
    gates.append(content)
    if let facts = context.optionalInput("facts") { gates.append(Self.namesRealFiles(try RepositoryFacts(facts))) }
    return gates.filter { has($0.name) }
  }

  static let isScoredRun = Gate(name: .scoredRun, stop: violation)

  static let isComparison = Gate(name: .comparison, stop: violation)

  @Sendable private static func violation(_ candidate: Candidate) -> Stop? {
    candidate.violations.isEmpty ? nil : Stop(.schemaViolation, candidate.violations)
  }

  static let hasProvenance = Gate(name: .provenance) { candidate in
    guard candidate.provenance == nil else { return nil }
    return Stop(.missingProvenance, "the scored run does not say where it comes from")
  }

  static let hasEvidence = Gate(name: .evidence) { candidate in
    guard let runID = candidate.runID, !Text.isBlank(runID) else {
      return Stop(.missingSourceRunID, "the scored run has no run id")
    }
    guard candidate.evidenceLine == nil else { return nil }
    return Stop(
      .missingSourceRunID,
      "no evidence has the run id \"\(runID.string())\" of this source and kind with the same sig_hash")
  }

  // MARK: Category

  static func ragCategory(includeReview: Bool) -> Gate {
    Gate(name: .category) { candidate in
      switch candidate.category {
      case .accepted, .partiallyAccepted: nil
      case .needsHumanReview:
        includeReview ? nil : Stop(.categoryDisallowed, "needs_human_review is exported with --include-review only")
      case .rejected, nil: Stop(.unsafeRAGCategory, "a rejected run is never a playbook")
      }
    }
  }

  static func sftCategory(includePartial: Bool, requireJudge: Set<String>) -> Gate {
    Gate(name: .category) { candidate in
      switch candidate.category {
      case .accepted, .partiallyAccepted:
        if candidate.category == .partiallyAccepted && !includePartial {
          return Stop(.categoryDisallowed, "partially_accepted is exported with --include-partial only")
        }
        guard !requireJudge.isEmpty else { return nil }
        let judge = candidate.scored?.text(ScoredMember.judgeKind)?.string()
        if let judge, requireJudge.contains(judge) { return nil }
        let wanted = requireJudge.sorted().joined(separator: ", ")
        return Stop(
          .categoryDisallowed, "judged by \(judge ?? "nobody known"); exports.sft.require_judge names \(wanted)")
      case .needsHumanReview: return Stop(.unsafeSFTCategory, "a run that needs human review is never a sample")
      case .rejected, nil: return Stop(.unsafeSFTCategory, "a rejected run is never a sample")
      }
    }
  }

  /// What is used to measure must not be learned: a run whose prompt is held out is stopped, and so is a comparison.
  static func isNotHeldOut(_ prompts: Set<Hash128>) -> Gate {
    Gate(name: .holdout) { candidate in
      guard let prompt = candidate.text(EvidenceMember.prompt) else { return nil }
      let (plain, folded) = (ByteBuffer(capacity: 0), ByteBuffer(capacity: prompt.bytes.count))
      withExtendedLifetime(plain) { Text.fold(prompt.text(plain), into: folded) }
      guard prompts.contains(Hash128(Digest.of(folded.bytes))) else { return nil }
      return Stop(.categoryDisallowed, "holdout: its prompt is in exports.holdout")
    }
  }

  // MARK: Files

  static func namesRealFiles(_ facts: RepositoryFacts) -> Gate {
    Gate(name: .sourceFiles) { candidate in
      guard let source = candidate.source?.string(), facts.looksUp(source) else { return nil }
      let paths = candidate.evidence.map { evidence in
        evidence.elements(EvidenceMember.sourceFiles).compactMap { EscapedText(quoted: $0)?.string() }
      }
      let errors = facts.errors(
        source: source, commit: candidate.text(EvidenceMember.gitSHA)?.string(), paths: paths ?? [])
      return errors.isEmpty ? nil : Stop(.hallucinatedFilePath, errors)
    }
  }

  // MARK: Content

  static let hasText = Gate(name: .content) { candidate in
    candidate.isBlank(EvidenceMember.text) ? Stop(.emptyContent, "the run has no text") : nil
  }

  static let hasTwoSides = Gate(name: .content) { candidate in
    let sides = (["a", "b"] as [StaticString]).map {
      candidate.evidence?.value(EvidenceMember.comparison)?.member($0)
    }
    for side in sides where side?.member("text")?.string.map(Text.isBlank) ?? true {
      return Stop(.emptyContent, "a side of the comparison has no text")
    }
    let runs = sides.map { $0?.member("run_id")?.string }
    if let run = runs[0], runs[1] == run { return Stop(.selfPairing, "both sides are the same run") }
    return nil
  }

  static let hasInstructionAndResponse = Gate(name: .content) { candidate in
    if candidate.isBlank(EvidenceMember.text) { return Stop(.emptyContent, "the run has no response") }
    return candidate.isBlank(EvidenceMember.prompt) ? Stop(.emptyContent, "the run has no instruction") : nil
  }
}
