import JSONTape
import Receipts

/// A group of fragments on its way through a map: its inputs, and what reduces found for rows of it.
struct Overlaid {
  var inputs: [ActionInput]
}

/// A map whose reduces come back as overlays: a group for which nothing was found keeps its first result.
struct OverlaidMap {
  var function: String
  var parameters: JSON

  /// - Parameter places: see `StageRun.execute`.
  func run(
    _ fragments: [Overlaid], in run: borrowing StageRun, places: FragmentPlaces? = nil
  ) throws -> [ActionResult] {
    try run.execute(
      fragments.map { Action(function: function, parameters: parameters, inputs: $0.inputs) }, places: places)
  }

  /// - Parameters:
  ///   - overlays: has an output `overlay/<i>` for each group that is to run again.
  ///   - name: what the map calls that input.
  func rerun(
    _ fragments: [Overlaid], _ results: [ActionResult], overlays: ActionResult, named name: String,
    in run: borrowing StageRun
  ) throws -> ([Overlaid], [ActionResult]) {
    var fragments = fragments
    var results = results
    var again: [Int] = []
    for index in fragments.indices {
      guard let overlay = overlays.output("overlay/\(index)") else { continue }
      fragments[index].inputs.append(
        ActionInput(name: name, digest: overlay.digest, byteCount: overlay.byteCount))
      again.append(index)
    }
    for (index, result) in zip(again, try self.run(again.map { fragments[$0] }, in: run)) { results[index] = result }
    return (fragments, results)
  }
}

extension ActionInput {
  init(_ name: String, _ fragment: Fragment) {
    self.init(name: name, digest: fragment.digest, byteCount: fragment.byteCount)
  }
}
