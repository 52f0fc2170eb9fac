import Receipts
import Stages

/// Names of stages that a user typed.
enum StageArguments {
  /// All stages where none is named.
  static func stages(_ names: [String]) throws(DistillError) -> [StageName] {
    if names.isEmpty { return Pipeline.stages }
    var stages: [StageName] = []
    for name in names { stages.append(try stage(name)) }
    return stages
  }

  static func stage(_ name: String) throws(DistillError) -> StageName {
    guard let stage = Pipeline.stages.first(where: { $0.text == name }) else {
      throw DistillError(
        .usage, "there is no stage \"\(name)\"",
        hint: "There are \(Pipeline.stages.map(\.text).joined(separator: ", ")).")
    }
    return stage
  }
}
