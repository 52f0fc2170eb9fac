import JSONTape
import Receipts

/// One station of a row's way back.
package struct TraceStep: Sendable {
  package struct Check: Sendable {
    /// What was compared: `sha256 of the file`, `sig_hash of the bytes`, …
    package var what: String
    package var expected: String
    package var found: String

    package var holds: Bool { expected == found }
  }

  /// `pair`, `sample`, `scored run`, `evidence`, `log`.
  package var kind: String
  package var path: String
  /// 1-based; nil: it was not found.
  package var line: Int?
  /// In the order in which they are told.
  package var facts: [(name: String, value: String)] = []
  package var checks: [Check] = []
  /// Receipts that list the file: stage, whether as an input or an output, and `receipt_sha256`.
  package var receipts: [(stage: StageName, role: String, digest: Digest)] = []
  package var next: [TraceStep] = []

  init(_ kind: String, path: String, line: Int? = nil) {
    self.kind = kind
    self.path = path
    self.line = line
  }

  mutating func check(_ what: String, expected: String, found: String) {
    checks.append(Check(what: what, expected: expected, found: found))
  }

  /// Does everything hold, here and further back?
  package var holds: Bool { checks.allSatisfy(\.holds) && next.allSatisfy(\.holds) }

  package var json: JSON {
    [
      "step": .string(kind), "path": .string(path), "line": line.map { .integer(Int64($0)) } ?? .null,
      "facts": .object(JSONObject(facts.map { ($0.name, .string($0.value)) })),
      "checks": .array(
        checks.map {
          [
            "check": .string($0.what), "pass": .bool($0.holds), "expected": .string($0.expected),
            "found": .string($0.found),
          ]
        }),
      "receipts": .array(
        receipts.map {
          ["stage": .string($0.stage.text), "as": .string($0.role), "receipt_sha256": .string($0.digest.hex)]
        }),
      "from": .array(next.map(\.json)),
    ]
  }
}
