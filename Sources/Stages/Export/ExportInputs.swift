import JSONTape
import Receipts

/// What exporters read besides the evidence and the scored runs.
public struct ExportContext: Sendable {
  var facts: DerivedInput?
  var holdout: HoldoutFiles?

  var sourceFiles: [RelativePath] { holdout?.files.map(\.path) ?? [] }
}

/// The fragments that an exporter maps over: each scored one with its evidence.
enum ExportInputs {
  /// Groups of fragments as inputs `scored/<i>` and `evidence/<i>`.
  ///
  /// Evidence and scored partitions stand under the same relative path, and their fragments correspond where the scored
  /// ones were made of these very fragments of evidence (the same bytes may have been cut elsewhere since); else the
  /// partitions correspond as a whole.
  ///
  /// - Parameters:
  ///   - common: inputs that every group is given.
  ///   - least: see `FragmentGroups.cut`.
  static func groups(
    _ inputs: [StageInput], common: [ActionInput], size: Int, least: Int? = nil
  ) -> [[ActionInput]] {
    let evidence = Dictionary(
      inputs.filter { $0.producer == .buildEvidence }.map { (Layout.scoredRuns(forEvidence: $0.path), $0) },
      uniquingKeysWith: { first, _ in first })
    let common = inputs.filter { $0.path == Layout.repositoryFacts }.map { ActionInput("facts", whole($0)) } + common
    var pairs: [(path: RelativePath, scored: Fragment, evidence: Fragment?)] = []
    for scored in inputs where scored.producer == .score {
      let partner = evidence[scored.path]
      if let partner, scored.fragments.map(\.origin) == partner.fragments.map(\.digest) {
        pairs += zip(scored.fragments, partner.fragments).map { (scored.path, $0, $1) }
      } else {
        pairs.append((scored.path, whole(scored), partner.map(whole)))
      }
    }
    let sizes = pairs.map { ($0.path, $0.scored.byteCount + ($0.evidence?.byteCount ?? 0)) }
    return FragmentGroups.cut(sizes, size: size, least: least).map { group in
      let own = pairs[group].enumerated().flatMap { index, pair in
        [ActionInput("scored/\(index)", pair.scored)]
          + (pair.evidence.map { [ActionInput("evidence/\(index)", $0)] } ?? [])
      }
      return own + common
    }
  }

  private static func whole(_ input: StageInput) -> Fragment {
    Fragment(digest: input.digest, byteCount: input.byteCount, recordCount: 0)
  }

  /// Reads the held-out prompts, if there are any: what the fragments are given, and how many records each file has.
  static func holdout(
    _ holdout: HoldoutFiles?, _ run: borrowing StageRun
  ) throws -> (common: [ActionInput], records: [RelativePath: Int]) {
    guard let holdout else { return ([], [:]) }
    let result = try run.execute([holdout.action(run.inputs)])[0]
    guard let table = result.output("holdout") else {
      throw DistillError(.internalFault, "the holdout gave no table")
    }
    let counts = (result.counts["files"]?.array ?? []).map { Int($0.integer ?? 0) }
    return (
      [ActionInput(name: "holdout", digest: table.digest, byteCount: table.byteCount)],
      Dictionary(zip(holdout.files.map(\.path), counts), uniquingKeysWith: { first, _ in first })
    )
  }

  static func reads(_ path: RelativePath) -> Bool {
    path.string.hasPrefix(Layout.evidence) || path.string.hasPrefix(Layout.scored)
  }

  static func scoredCount(_ inputs: [StageInput]) -> Int64 { recordCount(inputs, of: .score) }

  static func evidenceCount(_ inputs: [StageInput]) -> Int64 { recordCount(inputs, of: .buildEvidence) }

  private static func recordCount(_ inputs: [StageInput], of producer: StageName) -> Int64 {
    inputs.filter { $0.producer == producer }.reduce(0) { total, input in
      total + input.fragments.reduce(0) { $0 + Int64($1.recordCount) }
    }
  }
}
