import JSONTape
import Receipts
import SystemPackage

/// `reports/distillation/latest.md` and `latest.json`: what the newest receipts say, for people and for programs.
///
/// A pure function of the newest receipts, those that they name as the ones before, failed.json, and the beginnings of
/// the quarantine files that the receipts list. It knows no clock, no configuration and no log, so that it can be made
/// again from a copy of the workspace.
public struct Report: Sendable {
  public static let markdownPath = RelativePath(unchecked: "reports/distillation/latest.md")
  public static let factsPath = RelativePath(unchecked: "reports/distillation/latest.json")

  /// In the order of the pipeline: each stands behind those that it reads from.
  static let stages: [StageName] = [.buildEvidence, .score] + Pipeline.exports

  private let shelf: ReceiptShelf
  private let fileSystem: any FileSystem
  private let layout: WorkspaceLayout

  public init(shelf: ReceiptShelf, fileSystem: any FileSystem, layout: WorkspaceLayout) {
    self.shelf = shelf
    self.fileSystem = fileSystem
    self.layout = layout
  }

  /// What `latest.json` holds. A receipt that can't be read is one of the facts, not an error.
  ///
  /// - Throws: `FileSystemError` for a file that is there and can't be read.
  public func facts() throws -> JSON {
    let records = try StageRecord.all(on: shelf)
    let examples = QuarantineExamples(fileSystem: fileSystem, layout: layout)
    return ReportFacts.tree(records, quarantine: try examples.facts(records))
  }

  /// Brings both files up to date; what is already as it should be is not touched.
  ///
  /// - Returns: true if a file was written.
  /// - Throws: as `facts`, and `FileSystemError` for a file that can't be written.
  public func write() throws -> Bool {
    let facts = try facts()
    let isFactsNew = try replace(Self.factsPath, with: facts.pretty() + "\n")
    let isMarkdownNew = try replace(Self.markdownPath, with: ReportMarkdown.text(of: facts))
    return isFactsNew || isMarkdownNew
  }

  private func replace(_ path: RelativePath, with text: String) throws -> Bool {
    let bytes = Array(text.utf8)
    let path = layout.path(path)
    if try fileSystem.contents(of: path) == bytes { return false }
    try fileSystem.replace(path, with: bytes, through: layout.temporary)
    return true
  }
}
