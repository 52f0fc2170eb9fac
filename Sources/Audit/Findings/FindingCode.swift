/// What an audit can find. The names are stable: scripts and SARIF rules refer to them.
package enum FindingCode: String, Sendable, CaseIterable, Comparable {
  case receiptMissing = "receipt-missing"
  case receiptMalformed = "receipt-malformed"
  case coreHashMismatch = "core-hash-mismatch"
  case receiptHashMismatch = "receipt-hash-mismatch"
  case chainBroken = "chain-broken"
  case checksumListDiffers = "checksum-list-differs"
  case validationFailed = "validation-failed"
  case commitUnknown = "commit-unknown"
  case toolDiffers = "tool-differs"
  case inputChanged = "input-changed"
  case inputGrown = "input-grown"
  case inputUnavailable = "input-unavailable"
  case outputChanged = "output-changed"
  case outputMissing = "output-missing"
  case outputUnreceipted = "output-unreceipted"
  case stageLinkBroken = "stage-link-broken"
  case booksUnbalanced = "books-unbalanced"
  case rowInvalid = "row-invalid"
  case leak
  case rowDiffers = "row-differs"
  case rowMissing = "row-missing"
  case rowUndue = "row-undue"
  case provenanceMismatch = "provenance-mismatch"
  case factsDiffer = "facts-differ"
  case attestationMissing = "attestation-missing"
  case attestationInvalid = "attestation-invalid"
  case attestationDiffers = "attestation-differs"

  /// One sentence for people: what is wrong where this is found.
  package var meaning: String {
    switch self {
    case .receiptMissing: "A stage has no receipt."
    case .receiptMalformed:
      "A receipt is not canonical JSON of the published schema, or says what its stage can't: a key is unknown, missing, doubled or out of order, a value is of another type, a check is missing, or an output is where the stage writes none."
    case .coreHashMismatch: "core_sha256 is not the SHA-256 of the receipt's core."
    case .receiptHashMismatch: "receipt_sha256 is not the SHA-256 of the receipt without that member."
    case .chainBroken: "The history lacks a receipt, or holds one that is not what its name says."
    case .checksumListDiffers: "inputs.sha256 or outputs.sha256 does not list what the receipt lists."
    case .validationFailed: "The newest run of a stage failed a check of its own."
    case .commitUnknown: "The repository has no commit of the receipt's git.sha."
    case .toolDiffers: "The receipt was made by another program than this one, or than the other receipts."
    case .inputChanged: "A log has other bytes than the receipt says."
    case .inputGrown: "A log begins with the bytes that the receipt names, and goes on."
    case .inputUnavailable: "A log is not there, or was not to be looked at."
    case .outputChanged: "An output has other bytes than the receipt says."
    case .outputMissing: "An output that the receipt lists is not there as a file of its own."
    case .outputUnreceipted: "A file lies among the outputs that no receipt lists."
    case .stageLinkBroken:
      "What a stage read is not what the stage before it wrote, or not what its parameters ask for."
    case .booksUnbalanced: "A count in a receipt is not what the files come to."
    case .rowInvalid: "A row is not what its schema says, or is spelled in another way than this program does."
    case .leak: "An exported row does not lead back to a run that this export may take."
    case .rowDiffers: "A row says something else than the evidence that it was made of."
    case .rowMissing:
      "An export, or its quarantine, lacks a row that the evidence and the receipt's parameters ask for."
    case .rowUndue:
      "An export has a row that may be there but that its rule does not choose: a pair, or a text that an earlier row has; or a quarantine one that no gate stops."
    case .provenanceMismatch: "The evidence, or its quarantine, is not what the mapping makes of the log."
    case .factsDiffer: "An answer about a file is not what the git repository says."
    case .attestationMissing: "A stage has no signed attestation."
    case .attestationInvalid: "An attestation is malformed, or its signature is not of the given key."
    case .attestationDiffers: "An attestation is signed, but not of this receipt."
    }
  }

  /// In the order of the cases: from the receipts to the logs.
  package static func < (left: FindingCode, right: FindingCode) -> Bool { left.place < right.place }

  private var place: Int { Self.allCases.firstIndex(of: self)! }
}
