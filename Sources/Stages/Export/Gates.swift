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
    case scoredRun, provenance, evidence, category, holdout, content, sourceFiles
    /// Behind the making of a sample: its schema, and that no earlier one is the same.
    case sample, duplicate
    /// Of pairs.
    case contested, selfPairing
  }
  var name: Name
  /// nil: the record passes.
  var stop: @Sendable (Candidate) -> Stop?
}

/// The gates that a scored run passes before a sample is made of it, in their order. The first that stops it names the reason.
struct Firewall: Sendable {
  /// Empty but in tests, which show of each gate that something gets through without it.
  var removed: Set<Gate.Name> = []

  func has(_ name: Gate.Name) -> Bool { !removed.contains(name) }

  /// - Parameters:
  ///   - category: nil: every category may pass.
  ///   - context: its inputs `facts` (answers of git repositories) and `holdout` are there where the configuration asks for
  ///     these gates.
  func gates(category: Gate?, content: Gate, _ context: ActionContext) throws -> [Gate] {
    var gates = [Self.isScoredRun, Self.hasProvenance, Self.hasEvidence]
    if let category { gates.append(category) }
    if let table = context.optionalInput("holdout") {
      gates.append(Self.isNotHeldOut(try HoldoutPrompts.prompts(table)))
    }
    gates.append(content)
    if let facts = context.optionalInput("facts") { gates.append(Self.namesRealFiles(try RepositoryFacts(facts))) }
    return gates.filter { has($0.name) }
  }

  static let isScoredRun = Gate(name: .scoredRun) { candidate in
    guard let scored = candidate.scored else {
      return Stop(.schemaViolation, "this row is not JSON: \(candidate.damage ?? "")")
    }
    let violations = RecordSchema.scoredRun.violations(of: scored)
    return violations.isEmpty ? nil : Stop(.schemaViolation, violations)
  }

  static let hasProvenance = Gate(name: .provenance) { candidate in
    guard candidate.provenance == nil else { return nil }
    return Stop(.missingProvenance, "the scored run does not say where it comes from")
  }

  static let hasEvidence = Gate(name: .evidence) { candidate in
    guard let runID = candidate.runID, !Text.isBlank(runID) else {
      return Stop(.missingSourceRunID, "the scored run has no run id")
    }
    guard candidate.evidence == nil else { return nil }
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
        let judge = candidate.scored?.member("judged_by")?.member("kind")?.string?.string()
        if let judge, requireJudge.contains(judge) { return nil }
        let wanted = requireJudge.sorted().joined(separator: ", ")
        return Stop(
          .categoryDisallowed, "judged by \(judge ?? "nobody known"); exports.sft.require_judge names \(wanted)")
      case .needsHumanReview: return Stop(.unsafeSFTCategory, "a run that needs human review is never a sample")
      case .rejected, nil: return Stop(.unsafeSFTCategory, "a rejected run is never a sample")
      }
    }
  }

  /// What is used to measure must not be learned: a run whose prompt is held out is stopped.
  static func isNotHeldOut(_ prompts: Set<Hash128>) -> Gate {
    Gate(name: .holdout) { candidate in
      guard let prompt = candidate.text("prompt") else { return nil }
      let folded = ByteBuffer(capacity: prompt.count)
      Text.fold(prompt, into: folded)
      guard prompts.contains(Hash128(Digest.of(folded.bytes))) else { return nil }
      return Stop(.categoryDisallowed, "holdout: the run's prompt is in exports.holdout")
    }
  }

  // MARK: Files

  static func namesRealFiles(_ facts: RepositoryFacts) -> Gate {
    Gate(name: .sourceFiles) { candidate in
      guard let source = candidate.provenance?.member("source")?.string?.string(), facts.looksUp(source) else {
        return nil
      }
      let paths = candidate.evidence?.member("source_files")?.elements.compactMap { $0.string?.string() } ?? []
      let errors = facts.errors(source: source, commit: candidate.text("git_sha")?.string(), paths: paths)
      return errors.isEmpty ? nil : Stop(.hallucinatedFilePath, errors)
    }
  }

  // MARK: Content

  static let hasText = Gate(name: .content) { candidate in
    candidate.isBlank("text") ? Stop(.emptyContent, "the run has no text") : nil
  }

  static let hasInstructionAndResponse = Gate(name: .content) { candidate in
    if candidate.isBlank("text") { return Stop(.emptyContent, "the run has no response") }
    return candidate.isBlank("prompt") ? Stop(.emptyContent, "the run has no instruction") : nil
  }
}
