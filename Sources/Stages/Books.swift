import Receipts

/// A sum that must come out: nothing is lost between a stage's input and its outputs.
struct Books {
  private let name: String
  private let total: Int64
  private let terms: [(String, Int64)]

  init(_ name: String, _ total: Int64, _ terms: [(String, Int64)]) {
    self.name = name
    self.total = total
    self.terms = terms
  }

  func check(_ id: String) -> Receipt.Check {
    let sum = terms.reduce(0) { $0 + $1.1 }
    let words = terms.map { "\($0.1) \($0.0)" }.joined(separator: " + ")
    return Receipt.Check(id, pass: sum == total, facts: ["\(name): \(total) = \(words)"])
  }

  /// As many rows are in the outputs as were counted.
  static func allWritten(_ outputs: [PlannedOutput], _ count: Int64) -> Receipt.Check {
    let rows = outputs.lazy.flatMap(\.fragments).reduce(0) { $0 + Int64($1.recordCount) }
    return Books("rows in the outputs", rows, [("written", count)]).check("all-written")
  }
}
