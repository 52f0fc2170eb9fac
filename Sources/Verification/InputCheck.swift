import Receipts
import SystemPackage

/// Are the logs those that the receipts say were read?
struct InputCheck {
  let files: [(stage: StageName, file: Receipt.File)]
  let view: SourceView
  let workspace: WorkspaceLayout
  let folder: WorkspaceLayout
  /// Remembers what is hashed here, so that the rebuild need not hash it again.
  let index: FileIndex
  let jobs: Int

  func run() throws -> [Discrepancy] {
    let hashed = try index.digests(
      of: files.map { ($0.file.path.string, folder.path($0.file.path)) }, jobs: jobs, growing: Self.mayGrow)
    var discrepancies: [Discrepancy] = []
    for ((stage, file), hashed) in zip(files, hashed) {
      let status = try view.base.status(of: workspace.path(file.path), followingLinks: true)
      if let discrepancy = check(stage, file, hashed, size: status?.size ?? 0) { discrepancies.append(discrepancy) }
    }
    return discrepancies
  }

  /// - Parameters:
  ///   - hashed: no more than the bytes that the receipt speaks of; nil: no file is there.
  ///   - size: of the whole file.
  private func check(_ stage: StageName, _ file: Receipt.File, _ hashed: HashedFile?, size: Int64) -> Discrepancy? {
    let path = file.path.string
    let expected = "\(file.digest), \(file.byteCount) bytes"
    guard let hashed else {
      return Discrepancy(.inputMissing, stage: stage, path: path, expected: expected, found: "no such file")
    }
    guard hashed.digest == file.digest, hashed.size == Int64(file.byteCount) else {
      let found = size > hashed.size ? "other bytes, \(size) of them" : "\(hashed.digest), \(size) bytes"
      return Discrepancy(.inputChanged, stage: stage, path: path, expected: expected, found: found)
    }
    guard size > hashed.size else { return nil }
    // Of a log of lines the receipt may name a prefix; a document is all or nothing.
    return Discrepancy(
      Self.mayGrow(path) ? .inputGrown : .inputChanged, stage: stage, path: path, expected: expected,
      found: "\(size) bytes that begin with those")
  }

  private static func mayGrow(_ path: String) -> Bool { path.hasSuffix(".jsonl") || path.hasSuffix(".ndjson") }
}
