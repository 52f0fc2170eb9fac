import Receipts
import ReceiptsTesting
import StagesTesting
import SystemPackage

@testable import Stages

/// What may befall a workspace between two builds, besides its owner's edits of logs and configuration.
enum Mischief: CaseIterable {
  case damagedObjects, damagedRecords, damagedIndex, damagedCache, noObjects, noRecords, noCache
  case lostOutput, editedOutput, outputTurnedLink, noExports, noEvidence
  case damagedReceipt, lostReceipt, lostChecksums, strayFiles
  case touchedLogs
  case otherProgram, forcedBuild, partialBuild, deadBuild

  /// Does it, and says what it did.
  func happen(to space: IncrementalSpace, using generator: inout SeededGenerator) -> String {
    switch self {
    case .damagedObjects: damage(space, space.files(".distill/objects"), using: &generator)
    case .damagedRecords: damage(space, space.files(".distill/actions"), using: &generator)
    case .damagedIndex: damage(space, [".distill/index"], using: &generator)
    case .damagedCache: damage(space, space.files(".distill"), using: &generator)
    case .noObjects: space.files(".distill/objects").forEach(space.remove)
    case .noRecords: space.files(".distill/actions").forEach(space.remove)
    case .noCache: space.files(".distill").forEach(space.remove)
    case .lostOutput:
      let outputs = space.files("data", "exports")
      for _ in 0...generator.below(3) where !outputs.isEmpty { space.remove(generator.pick(outputs)) }
    case .editedOutput:
      let outputs = space.files("data", "exports")
      for _ in 0...generator.below(3) where !outputs.isEmpty {
        Self.edit(space, generator.pick(outputs), using: &generator)
      }
    case .outputTurnedLink:
      let outputs = space.files("data", "exports")
      guard !outputs.isEmpty else { break }
      let output = generator.pick(outputs)
      space.remove(output)
      space.fileSystem.link(space.path(output), to: space.path("runs/00.jsonl").string)
    case .noExports: space.files("exports").forEach(space.remove)
    case .noEvidence: space.files("data/evidence").forEach(space.remove)
    case .damagedReceipt:
      let receipts = space.files("receipts").filter { $0.hasSuffix("receipt.json") }
      if !receipts.isEmpty { Self.edit(space, generator.pick(receipts), using: &generator) }
    case .lostReceipt:
      let receipts = space.files("receipts").filter { $0.hasSuffix("receipt.json") }
      if !receipts.isEmpty { space.remove(generator.pick(receipts)) }
    case .lostChecksums: space.files("receipts").filter { $0.hasSuffix(".sha256") }.forEach(space.remove)
    case .strayFiles:
      for name in ["staging/score/0", "staging/build-evidence/7", "tmp/1-1"] {
        space.write(".distill/\(name)", Array("stray".utf8))
      }
      space.write("receipts/score/failed.json", [])
      space.write("receipts/export-rag/publishing.json", Array("[\"exports/rag/playbooks.jsonl\"]\n".utf8))
    case .touchedLogs:
      for path in space.files("runs", "documents") { space.write(path, space.bytes(path) ?? []) }
    case .otherProgram: space.tool = generator.pick(["tool", "other tool"])
    case .forcedBuild: _ = space.result(jobs: 1 + generator.below(4), force: true)
    case .partialBuild:
      let stages = Pipeline.stages.filter { _ in generator.chance(40) }
      _ = try? space.build(stages.isEmpty ? [.score] : stages)
    case .deadBuild:
      space.fileSystem.stop(afterChanges: generator.below(400))
      _ = try? space.build(jobs: 1 + generator.below(3))
      space.fileSystem.stop(afterChanges: nil)
    }
    return "\(self)"
  }

  /// One of them, some, or all.
  private func damage(_ space: IncrementalSpace, _ files: [String], using generator: inout SeededGenerator) {
    let percent = generator.pick([2, 20, 100])
    let sort = generator.below(5)
    for file in files where generator.chance(percent) { Self.edit(space, file, sort: sort, using: &generator) }
  }

  private static func edit(
    _ space: IncrementalSpace, _ file: String, sort: Int? = nil, using generator: inout SeededGenerator
  ) {
    guard var bytes = space.bytes(file) else { return }
    let isInPlace = generator.chance(50)
    switch sort ?? generator.below(5) {
    case 0 where !bytes.isEmpty, 1 where !bytes.isEmpty:
      bytes[generator.below(bytes.count)] ^= UInt8(1 << generator.below(8))
    case 2: bytes.removeLast(min(bytes.count, 1 + generator.below(bytes.count + 1)))
    case 3: bytes += Array("{}\n".utf8)
    default: return space.remove(file)
    }
    if isInPlace { space.fileSystem.overwrite(space.path(file), with: bytes) } else { space.write(file, bytes) }
  }
}
