import JSONTape
import Receipts

/// `score.identities/1`: where the runs stand that judgements may be about.
///
/// Parameters: `{"bits": n, "fragments": [i, …]}`: see `HashBuckets`; those of a group's fragments that are looked at.
/// Inputs: `evidence/<i>` for each of them.
/// Outputs: `runs/<bucket>`, tables of 24 bytes a run or extraction: identity (16), i (4), 0-based line in the fragment
/// (4).
public enum IdentityMap {
  static let rowWidth = 24

  public static let function = ActionFunction(name: "score.identities/1") { context in
    guard let buckets = HashBuckets(context.parameters["bits"]) else {
      throw DistillError(.internalFault, "score.identities was not told how many buckets there are")
    }
    let row = EvidenceRow()
    var sinks = BucketSinks("runs", buckets, context)
    for fragment in (context.parameters["fragments"]?.array ?? []).compactMap(\.integer) {
      var number: UInt32 = 0
      for line in Lines(try context.input("evidence/\(fragment)")) {
        defer { number += 1 }
        guard let identity = RowIdentity(line) ?? (row.read(line) == nil ? row.identity : nil),
          identity.kind == .run || identity.kind == .extraction
        else { continue }
        let key = identity.hash(context.scratch)
        var table = TableWriter(sink: sinks.sink(of: key))
        table.hash(key)
        table.half(UInt32(fragment))
        table.half(number)
        table.endRow()
      }
    }
    return .object([:])
  }
}
