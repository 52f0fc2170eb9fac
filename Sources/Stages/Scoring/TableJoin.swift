import JSONTape
import Receipts

/// Joins of tables that actions wrote for each bucket: those of the rows that ask for something, and those of the rows
/// that may have it.
enum TableJoin {
  /// Outputs `<name>/<bucket>` of actions, by number.
  struct Tables {
    let name: String
    let results: [(number: Int, result: ActionResult)]
    /// Numbers are below it.
    let count: Int

    init(_ name: String, _ results: [(number: Int, result: ActionResult)], count: Int) {
      self.name = name
      self.results = results.sorted { $0.number < $1.number }
      self.count = count
    }

    func inputs(_ bucket: Int) -> [ActionInput] {
      results.compactMap { number, result in
        result.output("\(name)/\(bucket)").map {
          ActionInput(name: "\(name)/\(number)", digest: $0.digest, byteCount: $0.byteCount)
        }
      }
    }
  }

  /// One for each bucket in which something is asked for.
  static func actions(
    _ function: String, _ buckets: HashBuckets, asking: Tables, answering: Tables
  ) -> [Action] {
    (0..<buckets.count).compactMap { bucket in
      let questions = asking.inputs(bucket)
      guard !questions.isEmpty else { return nil }
      return Action(
        function: function,
        parameters: [asking.name: .integer(Int64(asking.count)), answering.name: .integer(Int64(answering.count))],
        inputs: questions + answering.inputs(bucket))
    }
  }

  /// The outputs `overlay/<group>` of joins, as inputs `<name>/0`, `<name>/1`, … of each group.
  static func overlays(_ joins: [ActionResult], named name: String) -> [Int: [ActionInput]] {
    var overlays: [Int: [ActionInput]] = [:]
    for output in joins.flatMap(\.outputs) where output.name.hasPrefix("overlay/") {
      guard let group = Int(output.name.dropFirst("overlay/".count)) else { continue }
      let number = overlays[group]?.count ?? 0
      overlays[group, default: []].append(
        ActionInput(name: "\(name)/\(number)", digest: output.digest, byteCount: output.byteCount))
    }
    return overlays
  }
}
