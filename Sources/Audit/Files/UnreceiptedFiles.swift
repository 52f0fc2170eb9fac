import Receipts
import Stages
import SystemPackage

/// Files that lie among the outputs and that no receipt lists: nobody can say where they come from.
struct UnreceiptedFiles {
  let fileSystem: any FileSystem
  let layout: WorkspaceLayout
  let log: FindingLog

  /// - Parameters:
  ///   - stages: those that are audited; without those whose receipt is there and can't be read.
  ///   - receipts: theirs; a stage without one owns nothing.
  func check(_ stages: [StageName], _ receipts: [StageReceipt]) throws {
    let listed = Set(receipts.flatMap { $0.receipt.core.outputs.map(\.path.string) })
    // With all stages at hand, nothing else may be in `exports` either.
    let isWhole = Set(stages) == Set(Pipeline.stages)
    let folders = isWhole ? ["data/evidence", "data/scored-runs", "exports"] : stages.flatMap(StageRoles.folders)
    for folder in folders { try look(in: folder, listed) }
  }

  private func look(in folder: String, _ listed: Set<String>) throws {
    for entry in try fileSystem.entries(of: layout.path(folder)) {
      let path = "\(folder)/\(entry.name)"
      // A link in the place of a folder of outputs leads to them; any other one was put there by somebody.
      let leadsToOutputs = entry.kind == .symbolicLink && listed.contains { $0.hasPrefix(path + "/") }
      if entry.kind == .directory || leadsToOutputs {
        try look(in: path, listed)
      } else if !listed.contains(path) {
        log.add(.outputUnreceipted, path: path, expected: "a receipt that lists it", found: "none")
      }
    }
  }
}
