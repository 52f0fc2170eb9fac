import JSONTape
import Receipts
import Stages

/// What a stage read must be what the stages before it wrote, all of it and nothing else.
struct StageLinks {
  let log: FindingLog

  func check(_ receipts: [StageReceipt]) {
    let byStage = Dictionary(receipts.map { ($0.stage, $0) }, uniquingKeysWith: { first, _ in first })
    for receipt in receipts {
      for upstream in StageRoles.upstream(receipt.stage) {
        if let source = byStage[upstream] { check(receipt, from: source) }
      }
    }
    guard let evidence = byStage[.buildEvidence] else { return }
    if let score = byStage[.score] {
      checkThresholds(evidence, score)
      checkPartitions(evidence, score)
    }
    for stage in Pipeline.exports {
      if let export = byStage[stage] { ExportInputLinks(log: log).check(export, evidence) }
    }
  }

  private func check(_ receipt: StageReceipt, from upstream: StageReceipt) {
    let path = "receipts/\(receipt.stage)/receipt.json"
    let isLinked = upstream.stage == .buildEvidence ? StageRoles.isEvidence : StageRoles.isScored
    let written = Dictionary(
      upstream.receipt.core.outputs.filter { isLinked($0.path) }.map { ($0.path, $0) },
      uniquingKeysWith: { first, _ in first })
    var read: Set<RelativePath> = []
    for (index, input) in receipt.receipt.core.inputs.enumerated() where isLinked(input.path) {
      read.insert(input.path)
      let output = written[input.path]
      guard output != input else { continue }
      log.add(
        .stageLinkBroken, path: path, member: "/core/inputs/\(index)",
        expected: output.map(Self.words) ?? "no such output in the receipt of \(upstream.stage)",
        found: Self.words(input))
    }
    for output in upstream.receipt.core.outputs where isLinked(output.path) && !read.contains(output.path) {
      log.add(
        .stageLinkBroken, path: path, member: "/core/inputs",
        expected: "\(output.path), which \(upstream.stage) wrote", found: "not among the inputs")
    }
  }

  /// Each partition of evidence has one of scored runs, at the same relative path.
  private func checkPartitions(_ evidence: StageReceipt, _ score: StageReceipt) {
    let path = "receipts/\(score.stage)/receipt.json"
    let due = Set(
      evidence.receipt.core.outputs.map(\.path).filter(StageRoles.isEvidence).map(Layout.scoredRuns(forEvidence:)))
    var found: Set<RelativePath> = []
    for (index, output) in score.receipt.core.outputs.enumerated() where StageRoles.isScored(output.path) {
      found.insert(output.path)
      if due.contains(output.path) { continue }
      log.add(
        .stageLinkBroken, path: path, member: "/core/outputs/\(index)",
        expected: "scored runs of a partition of the evidence", found: output.path.string)
    }
    for partition in due.subtracting(found).sorted() {
      log.add(
        .stageLinkBroken, path: path, member: "/core/outputs", expected: partition.string, found: "no such output")
    }
  }

  private static func words(_ file: Receipt.File) -> String {
    "\(file.path): sha256 \(file.digest), \(file.byteCount) bytes, \(file.recordCount) records"
  }

  /// Scores were cut where the configuration says that built the evidence.
  private func checkThresholds(_ evidence: StageReceipt, _ score: StageReceipt) {
    var expected: [JSON] = []
    func cut(_ cut: JSON?) -> JSON {
      guard let cut, let acceptAt = cut["accept_at"] else { return .null }
      return ["accept_at": acceptAt, "partial_at": cut["partial_at"] ?? .null]
    }
    for source in evidence.receipt.core.parameters["sources"]?.array ?? [] {
      for part in source["parts"]?.array ?? [] {
        guard let thresholds = part["thresholds"] else { continue }
        expected.append([
          "source": source["name"] ?? .null, "only": part["only"] ?? .null, "kind": part["kind"] ?? .null,
          "score": cut(thresholds["score"]), "grounded_fraction": cut(thresholds["grounded_fraction"]),
        ])
      }
    }
    let found = score.receipt.core.parameters["thresholds"] ?? .null
    if found.canonical != JSON.array(expected).canonical {
      log.add(
        .stageLinkBroken, path: "receipts/\(score.stage)/receipt.json", member: "/core/parameters/thresholds",
        expected: "\(JSON.array(expected).canonicalString), as build-evidence was told", found: found.canonicalString)
    }
  }
}
