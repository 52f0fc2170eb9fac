import JSONTape
import Receipts

/// `score.parents/1`: finds the categories of the runs that extractions were distilled from: the run that `about.run_id` names,
/// else all runs of any source with the same task id.
///
/// Inputs: `runs/<i>` and `extractions/<i>`, the tables of `score.map` for each fragment, with judgements applied.
/// Outputs: `overlay/<i>` for each fragment with extractions that have parents: rows `{"row", "categories": […], "count"}`.
public enum ParentJoin {
  public static let function = ActionFunction(name: "score.parents/1") { context in
    struct Child {
      var fragment: Int
      var row: Int64
    }
    var byRun: [Hash128: [Child]] = [:]
    var byTask: [Hash128: [Child]] = [:]
    let count = Int(context.parameters["fragments"]?.integer ?? 0)
    let scratch = context.scratch
    for fragment in 0..<count {
      for line in Lines(context.optionalInput("extractions/\(fragment)") ?? .empty) {
        let extraction = try JSON(try scratch.parser.parse(line))
        let child = Child(fragment: fragment, row: extraction["row"]?.integer ?? 0)
        if let about = extraction["about"], let runID = about["run_id"]?.string {
          let key = Identity.hash(
            source: about["source"]?.string ?? "", kind: about["kind"]?.string ?? "", runID: runID, scratch)
          byRun[key, default: []].append(child)
        } else {
          byTask[Hash128(Digest.of(extraction["task_id"]?.string ?? "")), default: []].append(child)
        }
      }
    }

    var categories: [Int: [Int64: (codes: Set<UInt32>, count: Int)]] = [:]
    for fragment in 0..<count where !(byRun.isEmpty && byTask.isEmpty) {
      guard let table = context.optionalInput("runs/\(fragment)") else { continue }
      let runs = try TableReader(table, rowWidth: ScoreMap.runsRowWidth)
      for row in 0..<runs.rowCount {
        let code = runs.half(row, 32)
        // An extraction is no parent, and a run that nothing decided says nothing.
        guard code != 0, code & ScoreMap.extractionFlag == 0 else { continue }
        for child in (byRun[runs.hash(row, 0)] ?? []) + (byTask[runs.hash(row, 16)] ?? []) {
          categories[child.fragment, default: [:]][child.row, default: ([], 0)].codes.insert(code)
          categories[child.fragment]![child.row]!.count += 1
        }
      }
    }

    for (fragment, rows) in categories.sorted(by: { $0.key < $1.key }) {
      let sink = context.output("overlay/\(fragment)")
      for (row, parents) in rows.sorted(by: { $0.key < $1.key }) {
        let names = parents.codes.sorted().map { JSON.string(Category.allCases[Int($0) - 1].rawValue) }
        let overlay: JSON = [
          "row": .integer(row), "categories": .array(names), "count": .integer(Int64(parents.count)),
        ]
        OverlayRows.append(overlay, to: sink)
      }
    }
    return .object([:])
  }
}
