import JSONTape
import Receipts

/// `score.parents/2`: finds the categories of the runs that extractions were distilled from, of one bucket: the run
/// that `about.run_id` names, else all runs of any source with the same task id.
///
/// Parameters: `{"runs": n, "extractions": n}`: how many tables there may be.
/// Inputs: `runs/<group>` and `extractions/<group>`, the tables of `score.map`.
/// Outputs: `overlay/<group>` for each group with extractions that have parents: rows
/// `{"fragment", "row", "categories": […], "count"}`.
public enum ParentJoin {
  public static let function = ActionFunction(name: "score.parents/2") { context in
    let count = Int(context.parameters["extractions"]?.integer ?? 0)
    func extractions(_ group: Int) throws -> TableReader? {
      try context.optionalInput("extractions/\(group)").map {
        try TableReader($0, rowWidth: ScoreMap.extractionRowWidth)
      }
    }
    /// A bit for each category, and how many runs.
    var parents: [Hash128: (categories: UInt32, count: Int)] = [:]
    for group in 0..<count {
      guard let table = try extractions(group) else { continue }
      for row in 0..<table.rowCount { parents[table.hash(row, 0)] = (0, 0) }
    }
    for group in 0..<Int(context.parameters["runs"]?.integer ?? 0) {
      guard let input = context.optionalInput("runs/\(group)") else { continue }
      let table = try TableReader(input, rowWidth: ScoreMap.runRowWidth)
      for row in 0..<table.rowCount {
        let key = table.hash(row, 0)
        guard let known = parents[key] else { continue }
        parents[key] = (known.categories | 1 << table.half(row, 16), known.count + 1)
      }
    }
    for group in 0..<count {
      guard let table = try extractions(group) else { continue }
      for row in 0..<table.rowCount {
        guard let found = parents[table.hash(row, 0)], found.count > 0 else { continue }
        let sink = context.output("overlay/\(group)")
        var writer = PlacedOverlay.begin(fragment: Int(table.half(row, 16)), row: Int(table.half(row, 20)), to: sink)
        writer.key("categories")
        writer.beginArray()
        for (place, category) in Category.allCases.enumerated() where found.categories >> place & 1 == 1 {
          writer.string(category.rawValue)
        }
        writer.endArray()
        writer.key("count")
        writer.integer(Int64(found.count))
        PlacedOverlay.end(writer, to: sink)
      }
    }
    return .object([:])
  }
}
