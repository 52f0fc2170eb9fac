import JSONTape
import Receipts

/// What a rebuild came to.
package struct Verification: Sendable {
  /// In the order of the graph.
  package var stages: [VerifiedStage]
  package var discrepancies: [Discrepancy]
  /// false: the logs are not those of the receipts, so there was nothing to build.
  package var isRebuilt: Bool

  /// What another rebuild differs in from this one.
  ///
  /// - Parameter variation: what the circumstances of the other are called.
  package mutating func add(_ differences: [Discrepancy], of variation: String) {
    for var difference in differences {
      difference.variation = variation
      discrepancies.append(difference)
    }
  }

  /// Notes are no fault.
  package var isGood: Bool { discrepancies.allSatisfy(\.code.isNote) }

  package var json: JSON {
    let notes = discrepancies.count { $0.code.isNote }
    return [
      "ok": .bool(isGood), "rebuilt": .bool(isRebuilt),
      "stages": .array(
        stages.map {
          [
            "stage": .string($0.stage.text), "core": .string($0.core.rawValue), "outputs": .integer(Int64($0.outputs)),
            "equal": .integer(Int64($0.equal)),
          ]
        }),
      "findings": .integer(Int64(discrepancies.count - notes)), "notes": .integer(Int64(notes)),
      "results": .array(discrepancies.map(\.json)),
    ]
  }
}
