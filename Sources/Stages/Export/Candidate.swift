import JSONTape
import Receipts

/// A scored run, or a comparison, on its way through the gates. Valid while the row is worked on.
struct Candidate {
  /// The line of the scored run, or of the comparison.
  var line: ByteSlice
  /// nil: the line is not JSON; or it is a comparison, which has no scored run.
  var scored: RowReader?
  /// What is wrong with the line, a sentence each.
  var violations: [String] = []
  /// The evidence with its identity and `sig_hash`; nil: there is none, or it is a comparison.
  var evidenceLine: ByteSlice?
  /// nil: not read yet, or not JSON.
  var evidence: RowReader?

  var category: Category? { scored?.text(ScoredMember.category).flatMap { Category($0.bytes) } }
  /// As JSON text.
  var provenance: ByteSlice? {
    guard let scored else { return evidence?.present(EvidenceMember.provenance) }
    return scored.present(ScoredMember.provenance)
  }
  var source: EscapedText? {
    guard let scored else { return evidence?.text(EvidenceMember.source) }
    return scored.text(ScoredMember.source)
  }
  var runID: EscapedText? { scored?.text(ScoredMember.runID) }
  var sigHash: EscapedText? { scored?.text(ScoredMember.sigHash) }
  /// Of the evidence.
  func text(_ member: RowMember) -> EscapedText? { evidence?.text(member) }
  func isBlank(_ member: RowMember) -> Bool { text(member).map(Text.isBlank) ?? true }

  /// Reads the line, and notes what is wrong with it. nil: it is not JSON.
  mutating func read(by reader: RowReader) -> RowReader? {
    switch reader.read(line) {
    case .notJSON(let error):
      violations = ["this row is not JSON: \(error.reason) at byte \(error.offset)"]
      return nil
    case .violations(let found, _): violations = found
    case nil: break
    }
    return reader
  }
}
