import Receipts

/// What an exported row is made of: rows of the evidence by their numbers.
struct RowKey: Sendable, Hashable {
  /// The run of a sample, the chosen one of a pair, or a comparison.
  var first: Int32
  /// The rejected one of a pair; the comparison again; -1: the row is a sample.
  var second: Int32

  init(_ first: Int32, _ second: Int32) {
    self.first = first
    self.second = second
  }

  init(sampleOf run: Int) { self.init(Int32(run), -1) }

  /// For findings.
  func words(_ index: EvidenceIndex, _ partitions: [RelativePath]) -> String {
    func place(_ row: Int32) -> String {
      let place = index.place(of: Int(row))
      return "\(partitions[place.file]):\(place.line)"
    }
    return second < 0 || second == first ? place(first) : "\(place(first)) over \(place(second))"
  }
}

/// A row that is there, and what it says that it is made of.
struct ExportedRow: Sendable {
  /// nil: nothing that there is.
  var key: RowKey?
  /// 1-based.
  var line: Int
  /// It is reported as a leak already.
  var isLeak = false
}
