import JSONTape
import Receipts

/// `score.judgements/2`: brings judgements to the runs that they are about, of one bucket.
///
/// Parameters: `{"judgements": n, "runs": m}`: how many tables there may be.
/// Inputs: `judgements/<i>` of `score.collect` and `runs/<group>` of `score.identities`.
/// Outputs: `overlay/<group>` for each group with a judged run: rows `{"fragment", "row", "judgements": […]}`, the
/// judgements in the order of (time, file, line); one without a time comes first.
/// Counts: `matched`, `unmatched`, and up to five `examples` of the latter.
public enum JudgementJoin {
  public static let function = ActionFunction(name: "score.judgements/2") { context in
    var judgements = WaitingJudgements()
    for table in 0..<Int(context.parameters["judgements"]?.integer ?? 0) {
      for (run, json) in KeyedRows(context.optionalInput("judgements/\(table)") ?? .empty) {
        judgements.add(json, about: run)
      }
    }
    var matched = 0
    for group in 0..<Int(context.parameters["runs"]?.integer ?? 0) {
      guard let table = context.optionalInput("runs/\(group)") else { continue }
      let runs = try TableReader(table, rowWidth: IdentityMap.rowWidth)
      for row in 0..<runs.rowCount {
        guard let found = judgements.take(runs.hash(row, 0)) else { continue }
        matched += found.count
        let sink = context.output("overlay/\(group)")
        var writer = PlacedOverlay.begin(fragment: Int(runs.half(row, 16)), row: Int(runs.half(row, 20)), to: sink)
        writer.key("judgements")
        writer.beginArray()
        for judgement in try inOrder(found, context.scratch.parser) { writer.raw(judgement) }
        writer.endArray()
        PlacedOverlay.end(writer, to: sink)
      }
    }
    let left = judgements.left
    return [
      "matched": .integer(Int64(matched)), "unmatched": .integer(Int64(left.count)),
      "examples": .array(
        try left.prefix(5).map { JudgementMap.example(try JSON(try context.scratch.parser.parse(copying: $0))) }),
    ]
  }

  private static func inOrder(_ judgements: [ByteSlice], _ parser: JSONParser) throws -> [ByteSlice] {
    guard judgements.count > 1 else { return judgements }
    let read = try judgements.map { (text: $0, fields: try JSON(try parser.parse(copying: $0))) }
    return read.sorted { isEarlier($0.fields, $1.fields) }.map(\.text)
  }

  private static func isEarlier(_ left: JSON, _ right: JSON) -> Bool {
    func time(_ item: JSON) -> (Int64, Int32) {
      guard let time = item["timestamp"]?.string.flatMap(Timestamp.init(rfc3339:)) else { return (.min, 0) }
      return (time.seconds, time.nanoseconds)
    }
    let (leftTime, rightTime) = (time(left), time(right))
    if leftTime != rightTime { return leftTime < rightTime }
    let (leftFile, rightFile) = (left["source_file"]?.string ?? "", right["source_file"]?.string ?? "")
    if leftFile != rightFile { return leftFile.utf8.lexicographicallyPrecedes(rightFile.utf8) }
    return (left["line"]?.integer ?? 0) < (right["line"]?.integer ?? 0)
  }
}

/// Judgements, by the run that they are about.
private struct WaitingJudgements {
  private var texts: [ByteSlice] = []
  /// Of each judgement, the next one about the same run; -1: there is none.
  private var next: [Int] = []
  private var chains: [Hash128: (first: Int, last: Int)] = [:]

  mutating func add(_ text: ByteSlice, about run: Hash128) {
    let number = texts.count
    texts.append(text)
    next.append(-1)
    if let chain = chains[run] {
      next[chain.last] = number
      chains[run] = (chain.first, number)
    } else {
      chains[run] = (number, number)
    }
  }

  /// The judgements about a run, in the order in which they came; nil: there are none, or they were taken.
  mutating func take(_ run: Hash128) -> [ByteSlice]? {
    guard let chain = chains[run] else { return nil }
    chains[run] = nil
    return texts(from: chain.first)
  }

  /// Those that were not taken, in the order of their runs' keys.
  var left: [ByteSlice] { chains.sorted { $0.key < $1.key }.flatMap { texts(from: $0.value.first) } }

  private func texts(from first: Int) -> [ByteSlice] {
    var found: [ByteSlice] = []
    var number = first
    while number >= 0 {
      found.append(texts[number])
      number = next[number]
    }
    return found
  }
}
