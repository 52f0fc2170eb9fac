import Attestation
import Receipts
import SystemPackage

/// Did the holder of a key sign the receipts that are here?
struct AttestationChecks {
  let fileSystem: any FileSystem
  let layout: WorkspaceLayout
  let log: FindingLog
  let key: PublicKey

  /// - Parameter receipts: of those stages that have one that can be read.
  func check(_ stages: [StageName], _ receipts: [StageReceipt]) throws {
    for stage in stages {
      let path = "receipts/\(stage)/\(StageAttestation.fileName)"
      guard let bytes = try fileSystem.regularContents(of: layout.path(path)) else {
        log.add(.attestationMissing, path: path, expected: "statements signed by key \(key.id)", found: "no such file")
        continue
      }
      guard let receipt = receipts.first(where: { $0.stage == stage }) else { continue }
      for fault in StageAttestation.faults(bytes, of: receipt.receipt, bytes: receipt.bytes, key: key) {
        log.add(Self.finding(fault, path))
      }
    }
  }

  private static func finding(_ fault: StageAttestation.Fault, _ path: String) -> Finding {
    switch fault {
    case .malformed(let line, let expected, let found), .signature(let line, let expected, let found):
      Finding(.attestationInvalid, path: path, line: line, expected: expected, found: found)
    case .statement(let line, let expected, let found):
      Finding(.attestationDiffers, path: path, line: line, expected: expected, found: found)
    }
  }
}
