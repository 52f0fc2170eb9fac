import JSONTape
import Receipts

/// A scored run, or a comparison, on its way through the gates. Slices of rows; valid while the row is worked on.
struct Candidate {
  /// The line of the scored run, or of the comparison.
  var line: ByteSlice
  /// nil: the line is not JSON, for the reason in `damage`; or it is a comparison, which has no scored run.
  var scored: JSONValue?
  var damage: String?
  /// The evidence with its identity and `sig_hash`; nil: there is none, or it is a comparison.
  var evidenceLine: ByteSlice?
  /// nil: not parsed yet, or not JSON.
  var evidence: JSONValue?

  var category: Category? { scored?.member("category")?.string.flatMap { Category($0) } }
  var provenance: JSONValue? {
    (scored ?? evidence)?.member("provenance").flatMap { $0.isNull ? nil : $0 }
  }
  var runID: ByteSlice? { scored?.member("evidence_run_id")?.string }
  var sigHash: ByteSlice? { provenance?.member("sig_hash")?.string }
  func text(_ name: StaticString) -> ByteSlice? { evidence?.member(name)?.string }
  func isBlank(_ name: StaticString) -> Bool { text(name).map(Text.isBlank) ?? true }
}
