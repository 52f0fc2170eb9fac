import JSONTape
import Receipts

/// The tables from which `score.parents` tells the parents of extractions. An extraction is no parent, and a run that
/// nothing decided says nothing.
struct ParentTables {
  private let scratch: WorkerScratch
  private var runs: BucketSinks
  private var extractions: BucketSinks
  private let text = ByteBuffer(capacity: 256)

  init(_ buckets: HashBuckets, _ context: ActionContext) {
    scratch = context.scratch
    runs = BucketSinks("runs", buckets, context)
    extractions = BucketSinks("extractions", buckets, context)
  }

  /// - Parameters:
  ///   - evidence: was read, and is a run or an extraction.
  ///   - fragment: with `row` where it stands.
  mutating func add(_ evidence: EvidenceRow, _ kind: RecordKind, _ decision: Decision, fragment: Int, row: Int) {
    if kind == .extraction {
      let key = evidence.subject(scratch) ?? task(of: evidence)
      var table = TableWriter(sink: extractions.sink(of: key))
      table.hash(key)
      table.half(UInt32(fragment))
      table.half(UInt32(row))
      table.endRow()
    } else if decision.isOfRunAlone, let identity = evidence.identity {
      for key in [identity.hash(scratch), task(of: evidence)] {
        var table = TableWriter(sink: runs.sink(of: key))
        table.hash(key)
        table.half(UInt32(decision.category.code))
        table.endRow()
      }
    }
  }

  private func task(of evidence: EvidenceRow) -> Hash128 {
    text.removeAll()
    scratch.sha256.update(evidence.reader.text(evidence.taskID)?.text(text) ?? .empty)
    return Hash128(scratch.sha256.finish())
  }
}
