import JSONTape
import Receipts
import Stages

/// What the receipt of a stage must hold, and may hold: the schema of receipts leaves parameters, counts and summary to
/// the stages, and says nothing of which checks there are.
struct ReceiptContents {
  let receipt: StageReceipt

  struct Fault {
    var member: String
    var expected: String
    var found: String
  }

  private var core: Receipt.Core { receipt.receipt.core }

  /// Everything that is wrong.
  func faults() -> [Fault] {
    parameterFaults() + countFaults() + summaryFaults() + validationFaults()
      + OutputPlaces(receipt).faults()
  }

  // MARK: Parameters

  /// A parameter that a stage has.
  private struct Parameter: Sendable {
    var name: String
    /// In words.
    var expected: String
    var holds: @Sendable (JSON) -> Bool

    static let holdout = Parameter(name: "holdout", expected: "null, or `files` and `prompt`") { value in
      if value.isNull { return true }
      guard value.object?.count == 2, let files = value["files"]?.array, !files.isEmpty,
        let prompt = value["prompt"]?.string, prompt.isEmpty || prompt.hasPrefix("/")
      else { return false }
      return files.allSatisfy { file in file.string.map { (try? Glob($0)) != nil } ?? false }
    }

    static func flag(_ name: String) -> Parameter {
      Parameter(name: name, expected: "true or false") { $0.bool != nil }
    }
  }

  /// As the configuration has them.
  private static let mostPairs: Int64 = 1_000_000

  private var parameters: [Parameter] {
    switch receipt.stage {
    case .buildEvidence:
      [Parameter(name: "sources", expected: "a list of sources") { !($0.array ?? []).isEmpty }]
    case .score:
      [
        Parameter(name: "thresholds", expected: "a list") { $0.array != nil },
        Parameter(name: "scorer_version", expected: "\(ScoredRow.scorerVersion)") {
          $0 == .integer(ScoredRow.scorerVersion)
        },
      ]
    case .exportRAG: [.flag("include_review"), .holdout]
    case .exportSFT:
      [
        .flag("include_partial"), .holdout,
        Parameter(name: "dedupe", expected: "none or exact") { $0 == "none" || $0 == "exact" },
        Parameter(name: "require_judge", expected: "kinds of judges in order") { value in
          let kinds = value.array?.compactMap(\.string) ?? [""]
          return kinds.count == value.array?.count && kinds == Set(kinds).sorted()
            && kinds.allSatisfy(JudgedBy.kinds.contains)
        },
      ]
    default:
      [
        Parameter(name: "max_pairs_per_task", expected: "a whole number from 1 to \(Self.mostPairs)") {
          $0.integer.map { (1...Self.mostPairs).contains($0) } ?? false
        }, .holdout,
      ]
    }
  }

  private func parameterFaults() -> [Fault] {
    let known = parameters
    var faults = memberFaults(core.parameters, "/core/parameters", known.map(\.name))
    for parameter in known {
      guard let value = core.parameters[parameter.name], !parameter.holds(value) else { continue }
      faults.append(
        Fault(
          member: "/core/parameters/\(parameter.name)", expected: parameter.expected, found: value.canonicalString))
    }
    return faults + sourceFaults()
  }

  /// Each source is written as this program writes it, so that nothing stands in it that nobody reads.
  private func sourceFaults() -> [Fault] {
    var names: Set<String> = []
    return (core.parameters["sources"]?.array ?? []).enumerated().compactMap { number, slice in
      let member = "/core/parameters/sources/\(number)"
      do throws(DistillError) {
        let source = try Source(slice: slice)
        if !names.insert(source.name).inserted {
          return Fault(member: "\(member)/name", expected: "a name of its own", found: source.name)
        }
        if source.slice.canonical == slice.canonical { return nil }
        return Fault(
          member: member, expected: "\(source.slice.canonicalString), the same as a build writes it",
          found: slice.canonicalString)
      } catch {
        return Fault(member: member, expected: "a source that can be mapped", found: error.message)
      }
    }
  }

  // MARK: Counts and summary

  private static let sampleCounts = ["scored", "exported", "quarantined", "by_reason", "by_category", "by_source"]
  /// Of all records, and of those of one source.
  private static let evidenceTerms = [
    "read", "mapped", "mapped_to_nothing", "quarantined", "pending", "objects", "written", "duplicates",
  ]

  private var countNames: [String] {
    switch receipt.stage {
    case .buildEvidence: Self.evidenceTerms + ["by_reason", "by_kind", "by_source"]
    case .score:
      [
        "evidence", "scored", "judgements", "comparisons", "quarantined", "judgements_matched", "judgements_unmatched",
        "judgements_stale", "by_category", "by_rule", "by_judge", "by_reason", "by_source",
      ]
    case .exportRAG, .exportSFT: Self.sampleCounts
    default:
      [
        "scored", "quarantined", "not_candidate", "without_partner", "used", "over_cap", "exported",
        "pairs_quarantined", "comparisons", "comparisons_without_winner", "comparisons_quarantined",
        "comparisons_over_cap", "by_reason", "by_preference",
      ]
    }
  }

  /// The names that a table may have; nil: those of sources.
  private static func names(of table: String) -> [String]? {
    switch table {
    case "by_reason": Reason.allCases.map(\.rawValue)
    case "by_kind": RecordKind.allCases.map(\.rawValue)
    case "by_category": Category.allCases.map(\.rawValue)
    case "by_rule": ScoringRule.allCases.map(\.rawValue)
    case "by_judge": JudgedBy.kinds + ["none"]
    case "by_preference": PreferenceReason.allCases.map(\.rawValue)
    default: nil
    }
  }

  private func countFaults() -> [Fault] {
    let counts = core.recordCounts
    var faults = memberFaults(counts, "/core/record_counts", countNames)
    for (name, value) in counts.object ?? [:] where countNames.contains(name) {
      let member = "/core/record_counts/\(name)"
      guard name.hasPrefix("by_") else {
        if value.integer == nil {
          faults.append(Fault(member: member, expected: "a whole number", found: value.canonicalString))
        }
        continue
      }
      guard let names = Self.names(of: name) else {
        faults += sourceCountFaults(value, member)
        continue
      }
      for (key, count) in value.object ?? [:] where !names.contains(key) {
        faults.append(
          Fault(
            member: "\(member)/\(key)", expected: "one of \(names.joined(separator: ", "))",
            found: count.canonicalString))
      }
    }
    return faults
  }

  private func sourceCountFaults(_ table: JSON, _ member: String) -> [Fault] {
    var faults: [Fault] = []
    for (source, value) in table.object ?? [:] {
      let own = "\(member)/\(source)"
      if receipt.stage == .buildEvidence { faults += memberFaults(value, own, Self.evidenceTerms) }
      guard receipt.stage == .score else { continue }
      for (name, count) in value.object ?? [:] where Category(rawValue: name) == nil {
        faults.append(Fault(member: "\(own)/\(name)", expected: "a category", found: count.canonicalString))
      }
    }
    return faults
  }

  private func summaryFaults() -> [Fault] {
    let names =
      switch receipt.stage {
      case .buildEvidence: ["fields", "pending", "warnings"]
      case .score: ["unmatched_examples", "stale_examples"]
      case .exportRAG: ["tasks", "models", "lengths", "repeated"]
      case .exportSFT: ["tasks", "models", "lengths", "repeated", "without_messages"]
      default: ["tasks", "models", "lengths", "contested_texts", "contested_runs"]
      }
    let hasLookups = (core.parameters["sources"]?.array ?? []).contains { $0["lookups"] != nil }
    return memberFaults(core.summary, "/core/summary", names + (hasLookups ? ["lookups_missing"] : []))
  }

  /// An object has these members and no others.
  private func memberFaults(_ value: JSON, _ member: String, _ names: [String]) -> [Fault] {
    guard let object = value.object else {
      return [Fault(member: member, expected: "an object", found: value.canonicalString)]
    }
    let unknown = object.filter { !names.contains($0.key) }.map { key, value in
      Fault(member: "\(member)/\(key)", expected: "no such member", found: value.canonicalString)
    }
    let missing = names.filter { object[$0] == nil }.map {
      Fault(member: "\(member)/\($0)", expected: "such a member", found: "none")
    }
    return unknown + missing
  }

  // MARK: Checks

  /// What each stage checks of its own work, in this order.
  private var checks: [String] {
    switch receipt.stage {
    case .buildEvidence: ["records-balance", "objects-balance", "all-written"]
    case .score: ["books-balance", "all-read", "all-written"]
    case .exportRAG, .exportSFT: ["books-balance", "all-read", "all-written", "categories-allowed"]
    default: ["books-balance", "comparisons-balance", "pairs-balance", "all-read", "categories-allowed"]
    }
  }

  private func validationFaults() -> [Fault] {
    let found = core.validation.map(\.name)
    if found == checks { return [] }
    return [
      Fault(
        member: "/core/validation", expected: "the checks \(checks.joined(separator: ", "))",
        found: found.isEmpty ? "none" : found.joined(separator: ", "))
    ]
  }
}
