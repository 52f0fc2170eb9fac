import JSONTape
import Receipts

/// `export.unique/2`: finds samples of a bucket whose id, or (parameter `dedupe: exact`) whose folded prompt and text,
/// an earlier sample has, and tells what can only be counted over all that stay.
///
/// Parameters: `{"bits": n, "dedupe": …, "firsts": [n, …]}`, the number of each group's first fragment. Inputs "0",
/// "1", …: the tables `samples/<bucket>` that `SampleParts` made of these groups. Outputs: `overlay/<fragment>` with
/// rows `{"row", "error"}`, and of those that stay `lengths` (see `LengthTotals`) and `tasks/<bucket>` (16 bytes each;
/// the bucket of the task). Counts: `duplicates`, `repeated` (samples whose prompt and text an earlier one has).
public enum UniqueReduce {
  public static let function = ActionFunction(name: "export.unique/2") { context in
    guard let buckets = HashBuckets(context.parameters["bits"]), let firsts = context.parameters["firsts"]?.array else {
      throw DistillError(.internalFault, "export.unique was given no number of bits or no groups")
    }
    let tables = try context.numberedInputs.map { try TableReader($0, rowWidth: SampleParts.rowWidth) }
    guard tables.count == firsts.count else {
      throw DistillError(.internalFault, "export.unique was given \(tables.count) tables of \(firsts.count) groups")
    }
    let dropsRepeated = context.parameters["dedupe"]?.string == ExportOptions.Dedupe.exact.rawValue
    var texts = HashSet128()
    var tasks = HashSet128()
    var lengths: [UInt32] = []
    var duplicates: Int64 = 0
    var repeated: Int64 = 0
    var lastTask = Hash128.zero
    var taskSinks = BucketSinks("tasks", buckets, context)
    let rowCount = tables.reduce(0) { $0 + $1.rowCount }
    var ids = HashSet128(capacity: rowCount)
    lengths.reserveCapacity(rowCount)
    for (samples, first) in zip(tables, firsts) {
      for row in 0..<samples.rowCount {
        var error: String?
        let id = Hash128(high: samples.word(row, 0), low: 0)
        let pair = samples.hash(row, 24)
        if ids.contains(id) {
          error = "an earlier run has the same id: the same run id and the same record"
        } else if pair != .zero && !texts.insert(pair) {
          repeated += 1
          if dropsRepeated { error = "an earlier sample has the same instruction and response" }
        }
        if let error {
          duplicates += 1
          let fragment = Int(first.integer ?? 0) + Int(samples.half(row, 48))
          let overlay: JSON = ["row": .integer(Int64(samples.half(row, 44))), "error": .string(error)]
          OverlayRows.append(overlay, to: context.output("overlay/\(fragment)"))
          continue
        }
        // What does not stay keeps no later one from staying.
        ids.insert(id)
        // Runs of a task often stand together.
        let task = samples.hash(row, 8)
        if task != lastTask, tasks.insert(task) {
          var writer = TableWriter(sink: taskSinks.sink(of: task))
          writer.hash(task)
          writer.endRow()
        }
        lastTask = task
        lengths.append(samples.half(row, 40))
      }
    }
    lengths.sort()
    LengthTotals.append(lengths, to: context.output("lengths"))
    return ["duplicates": .integer(duplicates), "repeated": .integer(repeated)]
  }
}
