import JSONTape
import Receipts
import Stages
import SystemPackage

/// The newest receipts of a workspace, as far as they can be read.
struct ReceiptSet {
  private(set) var receipts: [StageName: ReceiptCodec.Encoded] = [:]
  private(set) var discrepancies: [Discrepancy] = []

  /// - Throws: (65) when there is none at all.
  init(of layout: WorkspaceLayout, _ fileSystem: any FileSystem) throws {
    let shelf = ReceiptShelf(fileSystem: fileSystem, layout: layout)
    for stage in Pipeline.stages {
      do {
        receipts[stage] = try shelf.newest(stage)
      } catch let error as DistillError {
        discrepancies.append(
          Discrepancy(
            .receiptMalformed, stage: stage, path: error.place ?? Self.path(stage), expected: "a receipt",
            found: error.message))
      }
      let signs = [layout.publishing(stage), layout.superseded(stage)]
      if try signs.contains(where: { try fileSystem.status(of: $0, followingLinks: false) != nil }) {
        discrepancies.append(
          Discrepancy(
            .publicationInterrupted, stage: stage, path: "receipts/\(stage)", expected: "a publication that has ended",
            found: "one that was interrupted, or goes on: the next build finishes it"))
      }
    }
    if receipts.isEmpty, discrepancies.isEmpty {
      throw DistillError(
        .data, "there are no receipts to verify", place: layout.root.string,
        hint: "`distill-make all` builds, and writes them.")
    }
    noteMissing()
  }

  /// A stage without a receipt was never built; but what others read was.
  private mutating func noteMissing() {
    let needed: [(StageName, by: [StageName])] = [
      (.buildEvidence, Pipeline.stages.filter { $0 != .buildEvidence }), (.score, Pipeline.exports),
    ]
    let malformed = Set(discrepancies.filter { $0.code == .receiptMalformed }.map(\.stage))
    for (stage, readers) in needed where receipts[stage] == nil && !malformed.contains(stage) {
      guard let reader = readers.first(where: { receipts[$0] != nil }) else { continue }
      discrepancies.append(
        Discrepancy(
          .receiptMissing, stage: stage, path: Self.path(stage), expected: "a receipt, because \(reader) has one",
          found: "no such file"))
    }
  }

  private static func path(_ stage: StageName) -> String { "receipts/\(stage)/receipt.json" }

  var parameters: [StageName: JSON] { receipts.mapValues(\.receipt.core.parameters) }

  /// The files from outside the graph that stages read, in the order of the graph.
  var sourceFiles: [(stage: StageName, file: Receipt.File)] {
    Pipeline.stages.flatMap { stage in
      (receipts[stage]?.receipt.core.inputs ?? []).filter { file in
        stage == .buildEvidence
          || !Layout.ownFiles.contains(file.path.string)
            && !WorkspaceLayout.ownFolders.contains { file.path.string.hasPrefix($0) }
      }.map { (stage, $0) }
    }
  }
}
