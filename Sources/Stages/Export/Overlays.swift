import Receipts

/// Actions whose reduces come back as overlays: one for which nothing was found keeps its first result.
enum Overlays {
  /// Runs actions again with what a step behind them found for them.
  ///
  /// - Parameter more: inputs of the action with that number; none: its result stays.
  static func rerun(
    _ actions: [Action], _ results: [ActionResult], in run: borrowing StageRun, adding more: (Int) -> [ActionInput]
  ) throws -> [ActionResult] {
    var results = results
    var again: [(index: Int, action: Action)] = []
    for (index, action) in actions.enumerated() {
      let inputs = more(index)
      if inputs.isEmpty { continue }
      var action = action
      action.inputs += inputs
      again.append((index, action))
    }
    for ((index, _), result) in zip(again, try run.execute(again.map(\.action))) { results[index] = result }
    return results
  }
}

extension ActionInput {
  init(_ name: String, _ fragment: Fragment) {
    self.init(name: name, digest: fragment.digest, byteCount: fragment.byteCount)
  }
}
