import JSONTape
import Receipts

/// What the exporters tell of each sample, for what must be decided over all of them: 48 bytes a row: sample id (8), half the
/// SHA-256 of the task id (16; zero: not asked for), half the SHA-256 of the folded prompt and text (16; zero where not asked for), length of the
/// text in UTF-16 code units (4), line of `scored` (4).
struct SampleTable {
  static let rowWidth = 48
  private var writer: TableWriter

  init(_ sink: OutputSink) { writer = TableWriter(sink: sink) }

  mutating func add(id: UInt64, task: Hash128, texts: Hash128, length: Int, row: Int64) {
    writer.word(id)
    writer.hash(task)
    writer.hash(texts)
    writer.half(UInt32(clamping: length))
    writer.half(UInt32(row))
    writer.endRow()
  }
}

/// `export.unique/1`: finds samples whose id, or (parameter `dedupe: exact`) whose folded prompt and text, an earlier sample
/// has, and counts what can only be counted over all.
///
/// Inputs: `samples/<i>`. Outputs: `overlay/<i>` with rows `{"row", "error"}`. Counts: `duplicates`, `tasks`, `repeated` (samples
/// whose prompt and text an earlier one has), `lengths` `{"p10", "p50", "p90"}` of those that stay.
public enum UniqueReduce {
  public static let function = ActionFunction(name: "export.unique/1") { context in
    let count = Int(context.parameters["fragments"]?.integer ?? 0)
    let dropsRepeated = context.parameters["dedupe"]?.string == ExportOptions.Dedupe.exact.rawValue
    var ids: Set<UInt64> = []
    var texts: Set<Hash128> = []
    var tasks: Set<Hash128> = []
    var lengths: [UInt32] = []
    var duplicates: Int64 = 0
    var repeated: Int64 = 0
    var lastTask: Hash128?
    var rowCount = 0
    for fragment in 0..<count {
      rowCount += (context.optionalInput("samples/\(fragment)")?.count ?? 0) / SampleTable.rowWidth
    }
    ids.reserveCapacity(rowCount)
    lengths.reserveCapacity(rowCount)
    for fragment in 0..<count {
      guard let table = context.optionalInput("samples/\(fragment)") else { continue }
      let samples = try TableReader(table, rowWidth: SampleTable.rowWidth)
      for row in 0..<samples.rowCount {
        var error: String?
        let id = samples.word(row, 0)
        let pair = samples.hash(row, 24)
        if !ids.insert(id).inserted {
          error = "an earlier run has the same id: the same run id and the same record"
        } else if pair != .zero && !texts.insert(pair).inserted {
          repeated += 1
          if dropsRepeated {
            // What does not stay keeps no later one from staying.
            ids.remove(id)
            error = "an earlier sample has the same instruction and response"
          }
        }
        if let error {
          duplicates += 1
          let sink = context.output("overlay/\(fragment)")
          let overlay: JSON = ["row": .integer(Int64(samples.half(row, 44))), "error": .string(error)]
          OverlayRows.append(overlay, to: sink)
          continue
        }
        // Runs of a task often stand together.
        let task = samples.hash(row, 8)
        if task != lastTask { tasks.insert(task) }
        lastTask = task
        lengths.append(samples.half(row, 40))
      }
    }
    lengths.sort()
    return [
      "duplicates": .integer(duplicates), "tasks": .integer(Int64(tasks.count)), "repeated": .integer(repeated),
      "lengths": Percentiles.json(lengths),
    ]
  }
}

extension UniqueReduce {
  /// - Parameter results: each may have an output `samples`.
  static func action(over results: [ActionResult], dedupe: JSON = .null) -> Action {
    Action(
      function: function.name, parameters: ["fragments": .integer(Int64(results.count)), "dedupe": dedupe],
      inputs: ExportInputs.outputs("samples", of: results))
  }
}

/// 10th, 50th and 90th percentile, by nearest rank.
enum Percentiles {
  /// `sorted`: ascending. Null where there is nothing.
  static func json(_ sorted: [UInt32]) -> JSON {
    func at(_ percent: Int) -> JSON {
      guard !sorted.isEmpty else { return .null }
      return .integer(Int64(sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]))
    }
    return ["p10": at(10), "p50": at(50), "p90": at(90)]
  }
}
