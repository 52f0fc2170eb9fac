import JSONTape
import Receipts

/// `receipts/<stage>/attestation.intoto.jsonl`: two signed statements about a stage's newest receipt, a line each.
package enum StageAttestation {
  package static let fileName = "attestation.intoto.jsonl"

  /// The same receipt and key give the same bytes.
  package static func sign(_ receipt: Receipt, bytes: [UInt8], with key: SigningKey) -> [UInt8] {
    payloads(receipt, bytes).flatMap {
      Envelope.signed($0, type: Statement.payloadType, by: key).line + [UInt8(ascii: "\n")]
    }
  }

  private static func payloads(_ receipt: Receipt, _ bytes: [UInt8]) -> [[UInt8]] {
    [Statement.provenance(receipt, bytes: bytes), Statement.testResult(receipt, bytes: bytes)].map(\.canonical)
  }

  package enum Fault: Sendable, Hashable {
    /// The line is no envelope, or there is one too few or too many.
    case malformed(line: Int, expected: String, found: String)
    case signature(line: Int, expected: String, found: String)
    /// The signature is good, but of another statement.
    case statement(line: Int, expected: String, found: String)
  }

  /// What is wrong with the bytes of an attestation; empty: the holder of the key signed just this receipt.
  package static func faults(
    _ attestation: [UInt8], of receipt: Receipt, bytes: [UInt8], key: PublicKey
  ) -> [Fault] {
    let payloads = payloads(receipt, bytes)
    let lines = attestation.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    // Behind the last line end stands nothing.
    guard lines.count == payloads.count + 1, lines[payloads.count].isEmpty else {
      return [
        .malformed(
          line: 1, expected: "\(payloads.count) lines, each with its end", found: "\(lines.count - 1) line ends")
      ]
    }
    var faults: [Fault] = []
    for (number, (line, payload)) in zip(lines, payloads).enumerated() {
      guard let envelope = Envelope(line: line) else {
        faults.append(.malformed(line: number + 1, expected: "a DSSE envelope", found: "something else"))
        continue
      }
      guard envelope.keyID == key.id, envelope.isSigned(by: key) else {
        let found = envelope.keyID == key.id ? "a signature that does not hold" : "one of key \(envelope.keyID)"
        faults.append(.signature(line: number + 1, expected: "a signature of key \(key.id)", found: found))
        continue
      }
      if envelope.payloadType != Statement.payloadType || envelope.payload != payload {
        faults.append(
          .statement(
            line: number + 1, expected: "a statement about the receipt \(Digest.of(bytes))", found: about(envelope)))
      }
    }
    return faults
  }

  /// What a statement is about, in words.
  private static func about(_ envelope: Envelope) -> String {
    let tree = try? JSON.parse(envelope.payload)
    let subject = tree?["subject"]?.array?.first
    guard let digest = subject?["digest"]?["sha256"]?.string else { return envelope.payloadType }
    return "one about \(subject?["name"]?.string ?? "a file") \(digest)"
  }
}
