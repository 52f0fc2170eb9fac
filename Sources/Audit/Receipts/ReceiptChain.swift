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

  /// Every file of the history is a receipt under its own name.
  /// - Returns: the receipts by what they call themselves.
  func history(of stages: Set<StageName>) throws -> [Digest: StageReceipt] {
    var receipts: [Digest: StageReceipt] = [:]
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
      guard let reading else { continue }
      if reading.digest != name {
        log.add(
          .chainBroken, path: path, member: "/receipt_sha256", expected: "\(name), as the file is called",
          found: reading.digest.hex)
      }
      receipts[name] = reading
    }
    return receipts
  }

  func check(_ newest: StageReceipt, at path: String, in history: [Digest: StageReceipt]) {
    guard let entry = history[newest.digest] else {
      return log.add(
        .chainBroken, path: path, expected: "the same receipt as \(Self.path(newest.digest))", found: "no such file")
    }
    if entry.bytes != newest.bytes {
      log.add(
        .chainBroken, path: path, expected: "the bytes of \(Self.path(newest.digest))", found: "other bytes")
    }
    var current = newest
    var currentPath = path
    while let previous = current.receipt.previous {
      guard let next = history[previous] else {
        // A clone or an archive may hold the newest receipts only.
        return log.add(
          .chainBroken, isStrict ? .finding : .note, path: currentPath, member: "/previous",
          expected: Self.path(previous), found: "no such file")
      }
      currentPath = Self.path(previous)
      if next.stage != newest.stage {
        return log.add(
          .chainBroken, path: currentPath, member: "/stage", expected: newest.stage.text, found: next.stage.text)
      }
      // A digest that does not hold was reported; it could lead in a circle.
      guard next.digest == previous, next.receipt.previous != previous else { return }
      current = next
      if current.digest == newest.digest { return }
    }
  }
}
