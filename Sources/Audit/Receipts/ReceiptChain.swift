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

  private static let folder = "receipts/history"

  private static func path(_ digest: Digest) -> String { "\(folder)/\(digest.hex).json" }

  /// What lies in the history, by the names of the files.
  enum Entry: Sendable {
    case receipt(StageReceipt)
    /// It is no receipt, or another's: that is reported.
    case damaged
  }

  /// Every file of the history is a receipt under its own name.
  /// - Parameter stages: the receipts of others are left out.
  func history(of stages: Set<StageName>) throws -> [Digest: Entry] {
    var receipts: [Digest: Entry] = [:]
    for entry in try fileSystem.entries(of: layout.history) {
      let path = "\(Self.folder)/\(entry.name)"
      guard entry.name.hasSuffix(".json"), let name = Digest(hex: String(entry.name.dropLast(5))),
        let bytes = try fileSystem.contents(of: layout.path(path))
      else {
        log.add(.chainBroken, path: path, expected: "<receipt_sha256>.json", found: "a file of another name")
        continue
      }
      let own = FindingLog()
      let reading = ReceiptReading(log: own).read(bytes, path: path, stage: nil)
      if let reading, !stages.contains(reading.stage), Pipeline.stages.contains(reading.stage) { continue }
      for finding in own.findings { log.add(finding) }
      guard let reading else {
        receipts[name] = .damaged
        continue
      }
      if reading.digest == name {
        receipts[name] = .receipt(reading)
      } else {
        receipts[name] = .damaged
        log.add(
          .chainBroken, path: path, member: "/receipt_sha256", expected: "\(name), as the file is called",
          found: reading.digest.hex)
      }
    }
    return receipts
  }

  func check(_ newest: StageReceipt, at path: String, in history: [Digest: Entry]) {
    switch history[newest.digest] {
    case nil:
      return log.add(
        .chainBroken, path: path, expected: "the same receipt as \(Self.path(newest.digest))", found: "no such file")
    // Two receipts that hold and have one digest are the same bytes.
    case .receipt, .damaged: break
    }
    var current = newest
    var currentPath = path
    while let previous = current.receipt.previous {
      switch history[previous] {
      case nil:
        // A clone or an archive may hold the newest receipts only.
        return log.add(
          .chainBroken, isStrict ? .finding : .note, path: currentPath, member: "/previous",
          expected: Self.path(previous), found: "no such file")
      case .damaged: return
      case .receipt(let next):
        currentPath = Self.path(previous)
        if next.stage != newest.stage {
          return log.add(
            .chainBroken, path: currentPath, member: "/stage", expected: newest.stage.text, found: next.stage.text)
        }
        current = next
      }
    }
  }
}
