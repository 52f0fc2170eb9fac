import JSONTape
import Receipts

/// A scored run, or a comparison, on its way through the gates. Slices of rows; valid while the row is worked on.
struct Candidate {
  /// The line of the scored run, or of the comparison.
  var line: ByteSlice
  /// nil: the line is not JSON, for the reason in `damage`; or it is a comparison, which has no scored run.
  var scored: JSONValue?
  var damage: String?
  /// nil: no evidence has its identity and `sig_hash`; or the line of a comparison is not JSON.
  var evidence: JSONValue?

  var category: Category? { scored?.member("category")?.string.flatMap { Category(rawValue: $0.string()) } }
  var provenance: JSONValue? {
    (scored ?? evidence)?.member("provenance").flatMap { $0.isNull ? nil : $0 }
  }
  var runID: ByteSlice? { scored?.member("evidence_run_id")?.string }
  var sigHash: ByteSlice? { provenance?.member("sig_hash")?.string }
  func text(_ name: StaticString) -> ByteSlice? { evidence?.member(name)?.string }
  func isBlank(_ name: StaticString) -> Bool { text(name).map(Text.isBlank) ?? true }
}
