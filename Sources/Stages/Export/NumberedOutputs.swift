import JSONTape
import Receipts

/// Outputs of several actions by their names, each with the number of the action that wrote it. Those without bytes are
/// left out.
struct NumberedOutputs {
  private var outputs: [String: [(number: Int, output: ActionOutput)]] = [:]

  /// - Parameter numbers: of the actions, ascending; nil: from 0 on.
  init(_ results: [ActionResult], numbers: [Int]? = nil) {
    for (index, result) in results.enumerated() {
      for output in result.outputs where output.byteCount > 0 {
        outputs[output.name, default: []].append((numbers?[index] ?? index, output))
      }
    }
  }

  /// The outputs of a name, by the numbers of their actions.
  func named(_ name: String) -> [(number: Int, output: ActionOutput)] { outputs[name] ?? [] }

  /// The outputs of a name as the inputs `<alias>/<k>` of an action, and their numbers for its parameters.
  func inputs(_ name: String, as alias: String) -> (inputs: [ActionInput], numbers: JSON) {
    let found = named(name)
    return (
      found.enumerated().map {
        ActionInput(name: "\(alias)/\($0)", digest: $1.output.digest, byteCount: $1.output.byteCount)
      },
      .array(found.map { .integer(Int64($0.number)) })
    )
  }
}
