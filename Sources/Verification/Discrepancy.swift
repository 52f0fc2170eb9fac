import JSONTape
import Receipts

/// One thing that is not as the receipts say, or that is worth knowing about a rebuild.
package struct Discrepancy: Sendable, Hashable {
  /// The names are stable: scripts refer to them.
  package enum Code: String, Sendable, CaseIterable {
    case receiptMissing = "receipt-missing"
    case receiptMalformed = "receipt-malformed"
    /// A file from outside the graph has other bytes than the receipt says.
    case inputChanged = "input-changed"
    case inputMissing = "input-missing"
    /// The rebuild of a stage failed.
    case stageFailed = "stage-failed"
    /// Something else in `core` than its outputs.
    case coreDiffers = "core-differs"
    /// The rebuilt file is not the one of the receipt.
    case outputDiffers = "output-differs"
    /// The rebuild wrote a file that the receipt does not list.
    case outputAdded = "output-added"
    /// The receipt lists a file that the rebuild did not write.
    case outputNotRebuilt = "output-not-rebuilt"
    /// The published file is not the one of the receipt.
    case publishedChanged = "published-changed"
    case publishedMissing = "published-missing"

    // Notes from here on.
    /// A log of lines begins with the bytes of the receipt and goes on.
    case inputGrown = "input-grown"
    /// A pattern finds a file that the receipt does not list.
    case inputAdded = "input-added"
    /// distill.yaml says something else than the receipts.
    case configurationDiffers = "configuration-differs"
    case toolDiffers = "tool-differs"
    case publicationInterrupted = "publication-interrupted"

    package var isNote: Bool {
      switch self {
      case .inputGrown, .inputAdded, .configurationDiffers, .toolDiffers, .publicationInterrupted: true
      default: false
      }
    }
  }

  package var code: Code
  package var stage: StageName?
  /// Workspace path of the file that it is about.
  package var path: String
  /// 1-based; nil: about the file as a whole.
  package var line: Int?
  /// The id in that line; nil: it has none.
  package var record: String?
  /// The first field that differs, as a JSON Pointer (RFC 6901); nil: no field does, or about the file as a whole.
  package var pointer: String?
  package var expected: String
  package var found: String
  /// The circumstances under which it was found; nil: in the plain rebuild.
  package var variation: String?

  package init(
    _ code: Code, stage: StageName? = nil, path: String, line: Int? = nil, record: String? = nil,
    pointer: String? = nil, expected: String, found: String
  ) {
    self.code = code
    self.stage = stage
    self.path = path
    self.line = line
    self.record = record
    self.pointer = pointer
    self.expected = Self.short(expected)
    self.found = Self.short(found)
  }

  /// Discrepancies are read, not restored from: long texts are cut.
  private static func short(_ text: String) -> String { text.count > 200 ? text.prefix(200) + "…" : text }

  package var json: JSON {
    [
      "code": .string(code.rawValue), "level": code.isNote ? "note" : "finding",
      "stage": stage.map { .string($0.text) } ?? .null, "path": .string(path),
      "line": line.map { .integer(Int64($0)) } ?? .null, "record": record.map(JSON.string) ?? .null,
      "pointer": pointer.map(JSON.string) ?? .null, "expected": .string(expected), "found": .string(found),
      "variation": variation.map(JSON.string) ?? .null,
    ]
  }
}
