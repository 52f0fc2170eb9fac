import JSONTape
import Receipts
import Stages
import SystemPackage

/// What a build in the workspace would do otherwise than the receipts say. No fault of the receipts, so all of it are
/// notes.
struct Surroundings {
  let workspace: WorkspaceLayout
  let fileSystem: any FileSystem

  /// - Parameter known: the files that the receipts list as read.
  func notes(
    _ pipeline: ReceiptedPipeline, _ parameters: [StageName: JSON], known: Set<RelativePath>
  ) throws -> [Discrepancy] {
    try configuration(parameters) + files(pipeline, known)
  }

  private func configuration(_ parameters: [StageName: JSON]) throws -> [Discrepancy] {
    func note(_ stage: StageName?, _ found: String) -> Discrepancy {
      Discrepancy(
        .configurationDiffers, stage: stage, path: WorkspaceLayout.configuration,
        expected: stage.map { "the parameters of receipts/\($0)/receipt.json" } ?? "a configuration", found: found)
    }
    guard let bytes = try fileSystem.contents(of: workspace.configuration) else { return [] }
    let current: [StageName: JSON]
    do {
      current = Pipeline.parameters(
        of: try Configuration.read(
          String(decoding: bytes, as: UTF8.self), fileName: WorkspaceLayout.configuration))
    } catch {
      return [note(nil, "\(error)")]
    }
    return Pipeline.stages.flatMap { stage -> [Discrepancy] in
      guard let before = parameters[stage], let now = current[stage] else { return [] }
      return ManifestDifference.parameters(before, now).map { note(stage, "\($0)") }
    }
  }

  /// Files that the patterns of the receipts find and that no receipt lists.
  private func files(_ pipeline: ReceiptedPipeline, _ known: Set<RelativePath>) throws -> [Discrepancy] {
    func note(_ path: String, _ found: String) -> Discrepancy {
      Discrepancy(.inputAdded, path: path, expected: "no file that the receipts do not list", found: found)
    }
    do {
      let logs = try pipeline.logs(in: workspace.root, of: fileSystem)
      let found = logs.entries.flatMap { ([$0.files] + $0.lookups).joined().map(\.path) }
      let heldOut = try pipeline.heldOut(in: workspace.root, of: fileSystem)
      return Set(found + heldOut).subtracting(known).sorted()
        .map { note($0.string, "a file that the next build takes") }
    } catch let error as DistillError {
      return [note(error.place ?? WorkspaceLayout.configuration, error.message)]
    }
  }
}
