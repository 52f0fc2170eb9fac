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
    if let evidence = byStage[.buildEvidence], let score = byStage[.score] { checkThresholds(evidence, score) }
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
