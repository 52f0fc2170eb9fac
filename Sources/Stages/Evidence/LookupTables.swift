import JSONTape
import Receipts

/// The look-ups of a source on their way to its chunks: one table each.
struct LookupTables {
  private(set) var inputs: [ActionInput] = []
  private(set) var results: [ActionResult] = []

  /// - Parameter files: the stage's inputs by path.
  init(_ entry: SourceLogs.Entry, _ files: [RelativePath: StageInput], _ run: borrowing StageRun) throws {
    let lookups = entry.source.lookups
    guard !lookups.isEmpty else { return }
    let actions = zip(lookups, entry.lookups).map { lookup, found -> Action in
      let inputs = found.compactMap { files[$0.path] }
      return Action(
        function: LookupMap.function.name,
        parameters: LookupMap.parameters(lookup, of: entry.source, files: inputs.map(\.path)),
        inputs: inputs.enumerated().map {
          ActionInput(name: "\($0)", digest: $1.digest, byteCount: $1.byteCount)
        })
    }
    results = try run.execute(actions)
    inputs = try zip(lookups, results).map { lookup, result in
      guard let table = result.output("table") else {
        throw DistillError(.internalFault, "the look-up \(lookup.name) has no table")
      }
      return ActionInput(name: "lookup/\(lookup.name)", digest: table.digest, byteCount: table.byteCount)
    }
  }
}
