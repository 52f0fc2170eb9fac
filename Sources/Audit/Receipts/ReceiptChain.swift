import JSONTape
import Receipts
import Stages
import SystemPackage

/// The history of a stage: each receipt names the one before it, and all lie under their names in `receipts/history`.
struct ReceiptChain {
  let fileSystem: any FileSystem
  let layout: WorkspaceLayout
  let log: FindingLog
  let isStrict: Bool
  let jobs: Int

  private static let folder = "receipts/history"

  private static func path(_ digest: Digest) -> String { "\(folder)/\(digest.hex).json" }

  /// What lies in the history, by the names of the files.
  enum Entry: Sendable {
    case receipt(StageName, previous: Digest?)
    /// It is no receipt, or another's: that is reported.
    case damaged
  }

  /// Every file of the history is a receipt under its own name.
  /// - Parameter stages: the receipts of others are left out.
  func history(of stages: Set<StageName>) throws -> [Digest: Entry] {
    let entries = try fileSystem.entries(of: layout.history)
    let read = try parallelMap(entries, jobs: jobs) { _, entry in try self.read(entry.name, stages) }
    return Dictionary(read.compactMap { $0 }, uniquingKeysWith: { first, _ in first })
  }

  /// nil: it is no entry, which is reported, or another stage's.
  private func read(_ file: String, _ stages: Set<StageName>) throws -> (Digest, Entry)? {
    let path = "\(Self.folder)/\(file)"
    guard file.hasSuffix(".json"), let name = Digest(hex: String(file.dropLast(5))),
      let bytes = try fileSystem.regularContents(of: layout.path(path))
    else {
      log.add(.chainBroken, path: path, expected: "a file <receipt_sha256>.json", found: "something else")
      return nil
    }
    let own = FindingLog()
    let reading = ReceiptReading(log: own).read(bytes, path: path, stage: nil)
    if let reading, !stages.contains(reading.stage), Pipeline.stages.contains(reading.stage) { return nil }
    for finding in own.findings { log.add(finding) }
    guard let reading else { return (name, .damaged) }
    if reading.digest == name { return (name, .receipt(reading.stage, previous: reading.receipt.previous)) }
    log.add(
      .chainBroken, path: path, member: "/receipt_sha256", expected: "\(name), as the file is called",
      found: reading.digest.hex)
    return (name, .damaged)
  }

  func check(_ newest: StageReceipt, at path: String, in history: [Digest: Entry]) {
    switch history[newest.digest] {
    case nil:
      return log.add(
        .chainBroken, path: path, expected: "the same receipt as \(Self.path(newest.digest))", found: "no such file")
    // Two receipts that hold and have one digest are the same bytes.
    case .receipt, .damaged: break
    }
    var current = newest.receipt.previous
    var currentPath = path
    while let previous = current {
      switch history[previous] {
      case nil:
        // A clone or an archive may hold the newest receipts only.
        return log.add(
          .chainBroken, isStrict ? .finding : .note, path: currentPath, member: "/previous",
          expected: Self.path(previous), found: "no such file")
      case .damaged: return
      case .receipt(let stage, let next):
        currentPath = Self.path(previous)
        if stage != newest.stage {
          return log.add(
            .chainBroken, path: currentPath, member: "/stage", expected: newest.stage.text, found: stage.text)
        }
        current = next
      }
    }
  }
}
