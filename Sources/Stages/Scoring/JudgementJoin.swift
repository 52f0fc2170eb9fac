import JSONTape
import Receipts

/// `score.judgements/1`: brings judgements to the runs that they are about.
///
/// Inputs: `runs/<i>` and `judgements/<i>`, the tables of `score.map` for each fragment that has them.
/// Outputs: `overlay/<i>` for each fragment with a judged run: rows `{"row", "judgements": […]}`, the judgements in the order
/// of (time, file, line); one without a time comes first.
/// Counts: `matched`, `unmatched`, and up to five `examples` of the latter.
public enum JudgementJoin {
  public static let function = ActionFunction(name: "score.judgements/1") { context in
    var targets: [Hash128: [JSON]] = [:]
    var unmatched: Int64 = 0
    var examples: [JSON] = []
    let count = Int(context.parameters["fragments"]?.integer ?? 0)
    let scratch = context.scratch

    func miss(_ judgement: JSON) {
      unmatched += 1
      guard examples.count < 5 else { return }
      examples.append(example(judgement))
    }

    for fragment in 0..<count {
      for line in Lines(context.optionalInput("judgements/\(fragment)") ?? .empty) {
        let judgement = try JSON(try scratch.parser.parse(line))
        guard let about = judgement["about"], let source = about["source"]?.string, let kind = about["kind"]?.string,
          let runID = about["run_id"]?.string
        else {
          miss(judgement)
          continue
        }
        let key = Identity.hash(source: source, kind: kind, runID: runID, scratch)
        targets[key, default: []].append(judgement)
      }
    }

    var matched: Int64 = 0
    for fragment in 0..<count where !targets.isEmpty {
      guard let table = context.optionalInput("runs/\(fragment)") else { continue }
      let runs = try TableReader(table, rowWidth: ScoreMap.runsRowWidth)
      for row in 0..<runs.rowCount {
        guard let judgements = targets.removeValue(forKey: runs.hash(row, 0)) else { continue }
        matched += Int64(judgements.count)
        let sink = context.output("overlay/\(fragment)")
        let list = judgements.sorted(by: isEarlier).map { judgement -> JSON in
          var item = judgement.object ?? [:]
          item["text_sha256"] = item["about"]?["text_sha256"] ?? .null
          return .object(item)
        }
        let overlay: JSON = ["row": .integer(Int64(runs.half(row, 36))), "judgements": .array(list)]
        OverlayRows.append(overlay, to: sink)
      }
    }
    for (_, judgements) in targets.sorted(by: { $0.key < $1.key }) { judgements.forEach(miss) }
    return ["matched": .integer(matched), "unmatched": .integer(unmatched), "examples": .array(examples)]
  }

  /// What the report shows of a judgement that could not be used.
  static func example(_ judgement: JSON) -> JSON {
    [
      "source": judgement["source"] ?? .null, "source_file": judgement["source_file"] ?? .null,
      "line": judgement["line"] ?? .null, "about": judgement["about"] ?? .null,
    ]
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

extension Identity {
  static func hash(source: String, kind: String, runID: String, _ scratch: WorkerScratch) -> Hash128 {
    var (source, kind, runID) = (source, kind, runID)
    return source.withUTF8 { source in
      kind.withUTF8 { kind in
        runID.withUTF8 { runID in
          hash(
            source: ByteSlice(source), kind: ByteSlice(kind), runID: ByteSlice(runID), scratch.sha256, scratch.buffer)
        }
      }
    }
  }
}
