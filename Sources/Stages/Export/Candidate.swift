import JSONTape
import Receipts

/// A scored run on its way through the gates. Slices of rows; valid while the row is worked on.
struct Candidate {
  /// The scored run's line.
  var line: ByteSlice
  /// nil: the line is not JSON, for the reason given.
  var scored: JSONValue?
  var damage: String?
  /// nil: no evidence has its identity and `sig_hash`.
  var evidence: JSONValue?

  var category: Category? { scored?.member("category")?.string.flatMap { Category(rawValue: $0.string()) } }
  var provenance: JSONValue? { scored?.member("provenance").flatMap { $0.isNull ? nil : $0 } }
  var runID: ByteSlice? { scored?.member("evidence_run_id")?.string }
  var sigHash: ByteSlice? { provenance?.member("sig_hash")?.string }
  func text(_ name: StaticString) -> ByteSlice? { evidence?.member(name)?.string }
  func isBlank(_ name: StaticString) -> Bool { text(name).map(Text.isBlank) ?? true }
}
