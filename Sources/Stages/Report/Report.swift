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
  private let jobs: Int

  /// - Parameter jobs: threads that read receipts, which have a row a partition.
  public init(shelf: ReceiptShelf, fileSystem: any FileSystem, layout: WorkspaceLayout, jobs: Int = 1) {
    self.jobs = jobs
    self.shelf = shelf
    self.fileSystem = fileSystem
    self.layout = layout
  }

  /// What `latest.json` holds. A receipt that can't be read is one of the facts, not an error.
  ///
  /// - Throws: `FileSystemError` for a file that is there and can't be read.
  public func facts() throws -> JSON { try facts(of: StageRecord.all(on: shelf, jobs: jobs)) }

  private func facts(of records: [StageRecord]) throws -> JSON {
    let examples = QuarantineExamples(fileSystem: fileSystem, layout: layout)
    return ReportFacts.tree(records, quarantine: try examples.facts(records))
  }

  /// Brings both files up to date; what is already as it should be is not touched.
  ///
  /// - Returns: true if a file was written.
  /// - Throws: as `facts`, and `FileSystemError` for a file that can't be written.
  @discardableResult
  public func write() throws -> Bool { try make(unlessHolds: nil)?.isNew ?? false }

  /// As `write`.
  ///
  /// - Parameter memo: where it says that nothing has changed since the last report, nothing is read. It is to be saved
  ///   when the files have settled.
  /// - Returns: every file that the report was made from, there or not, and its own; nil: the memo says that nothing
  ///   has changed.
  func make(unlessHolds memo: ReportMemo?) throws -> (files: [RelativePath], isNew: Bool)? {
    if let memo, try memo.holds() { return nil }
    let records = try StageRecord.all(on: shelf, jobs: jobs)
    let facts = try facts(of: records)
    let isFactsNew = try replace(Self.factsPath, with: facts.pretty() + "\n")
    let isMarkdownNew = try replace(Self.markdownPath, with: ReportMarkdown.text(of: facts))
    return (sources(of: records) + [Self.factsPath, Self.markdownPath], isFactsNew || isMarkdownNew)
  }

  /// Every file that `facts` is a function of, there or not.
  private func sources(of records: [StageRecord]) -> [RelativePath] {
    records.flatMap { record in
      let newest = record.newest?.receipt
      let quarantine = newest?.core.outputs.map(\.path).filter { $0.string.hasPrefix(QuarantineExamples.folder) }
      let previous = newest?.previous.map { ReceiptShelf.history($0) }
      return shelf.places(of: record.name) + [shelf.failedPlace(of: record.name)] + (quarantine ?? [])
        + (previous.map { [$0] } ?? [])
    }
  }

  private func replace(_ path: RelativePath, with text: String) throws -> Bool {
    let bytes = Array(text.utf8)
    let path = layout.path(path)
    if try fileSystem.contents(of: path) == bytes { return false }
    try fileSystem.replace(path, with: bytes, through: layout.temporary)
    return true
  }
}
