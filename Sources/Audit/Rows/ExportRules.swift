import JSONTape
import Receipts
import Stages

/// What a receipt says that an export may take.
struct ExportRules: Sendable {
  /// A list, because a set would hash their names.
  var allowed: [Category]
  /// Kinds of judges; empty: any.
  var judges: Set<String>
  /// Of the sources whose files were looked up; nil: of none.
  var answers: RepositoryAnswers?
  /// Halves of the SHA-256 of folded prompts.
  var heldOut: Set<Hash128> = []
  /// Are they all that are held out? Else nobody can say which rows are due.
  var knowsHeldOut = true

  /// Pairs of one task and prompt.
  var maximumPairs = 1
  /// Is a prompt and text that an earlier sample has left out?
  var dropsRepeated = false

  init(_ receipt: StageReceipt, answers: RepositoryAnswers?) {
    let parameters = receipt.receipt.core.parameters
    func isSet(_ name: String) -> Bool { parameters[name]?.bool ?? false }
    switch receipt.stage {
    case .exportRAG:
      allowed = [.accepted, .partiallyAccepted]
      if isSet("include_review") { allowed.append(.needsHumanReview) }
    case .exportSFT: allowed = isSet("include_partial") ? [.accepted, .partiallyAccepted] : [.accepted]
    default: allowed = [.accepted, .partiallyAccepted, .rejected]
    }
    maximumPairs = max(1, Int(parameters["max_pairs_per_task"]?.integer ?? 1))
    dropsRepeated = parameters["dedupe"]?.string == "exact"
    judges = Set((parameters["require_judge"]?.array ?? []).compactMap(\.string))
    self.answers = answers
  }

  /// Reports where the run behind a row may not be in this export.
  /// - Returns: whether the row's run may be there.
  @discardableResult
  func check(_ found: WayBack.Found, _ row: ExportRow, member: String? = nil, allowed: [Category]? = nil) -> Bool {
    let allowed = allowed ?? self.allowed
    let names = allowed.map(\.rawValue).sorted().joined(separator: " or ")
    guard allowed.contains(found.run.category) else {
      row.leak(
        member, expected: "a run that the rules find \(names)",
        found: "\(found.run.category.rawValue), by the rule \(found.run.rule.rawValue)")
      return false
    }
    guard let scored = found.scoredCategory, allowed.contains(scored) else {
      row.leak(
        member, expected: "a scored run that is \(names)", found: found.scoredCategory?.rawValue ?? "no scored run")
      return false
    }
    if !judges.isEmpty, !judges.contains(found.run.judge.kind) {
      row.leak(
        member, expected: "judged by \(judges.sorted().joined(separator: " or "))", found: found.run.judge.kind)
      return false
    }
    if let wrong = answers?.errors(of: found.evidence).first {
      row.leak(member, expected: "a run that names only files in git", found: wrong)
      return false
    }
    return true
  }

  /// Is it of a category, and decided by a judge, that the export takes?
  func mayTake(_ run: EvidenceRun) -> Bool {
    allowed.contains(run.category) && (judges.isEmpty || judges.contains(run.judge.kind))
  }

  func isHeldOut(_ prompt: JSONValue, _ scratch: RowScratch) -> Bool {
    guard !heldOut.isEmpty, let text = prompt.string else { return false }
    scratch.folded.removeAll()
    Text.fold(text, into: scratch.folded)
    return heldOut.contains(Hash128(Digest.of(scratch.folded.bytes)))
  }

  /// Reports a prompt that is held out.
  func checkPrompt(_ prompt: JSONValue, _ row: ExportRow, _ scratch: RowScratch) {
    if isHeldOut(prompt, scratch) {
      row.leak("prompt", expected: "no prompt of exports.holdout", found: prompt.words)
    }
  }
}

/// What `data/repository-facts.json` says of the files that runs name.
struct RepositoryAnswers: Sendable {
  /// Of paths and commits byte for byte, as git compares them.
  private struct Question: Hashable {
    var source: String
    var commit: ExactString?
    var path: ExactString

    init(_ source: String, commit: String?, path: String) {
      self.source = source
      self.commit = commit.map(ExactString.init)
      self.path = ExactString(path)
    }
  }

  private var answers: [Question: String] = [:]
  private var sources: Set<String> = []

  /// - Parameter sources: whose files have to be looked up, by the parameters of build-evidence.
  init(_ json: JSON, sources: Set<String>) {
    self.sources = sources
    for (source, rows) in json["sources"]?.object ?? [:] {
      for row in rows.array ?? [] {
        guard let cells = row.array, cells.count == 3, let path = cells[1].string else { continue }
        answers[Question(source, commit: cells[0].string, path: path)] = cells[2].string
      }
    }
  }

  /// Were files of that source looked up?
  func concern(_ source: String) -> Bool { sources.contains(source) }

  /// What is wrong with the files that a run or comparison names, a sentence each.
  func errors(of evidence: RowMembers) -> [String] {
    let source = evidence[EvidenceMember.provenance].member("source")?.string?.string() ?? ""
    guard sources.contains(source) else { return [] }
    let commit = evidence[EvidenceMember.gitSHA].string?.string()
    let place = commit.map { "commit \($0)" } ?? "HEAD"
    var errors: [String] = []
    for file in evidence[EvidenceMember.sourceFiles].elements {
      let path = file.string?.string() ?? ""
      switch answers[Question(source, commit: commit, path: path)] {
      case "file", "directory", "submodule": continue
      case "missing": errors.append("\(path) is not in the tree of \(place)")
      case "inside_submodule":
        errors.append("\(path) is inside a submodule, whose files are not in the tree of \(place)")
      case "outside": errors.append("\(path) is outside of the repository")
      case "no_such_commit": errors.append("\(path) can't be looked up: the repository has no \(place)")
      default: errors.append("\(path) was not looked up")
      }
    }
    return errors
  }
}
