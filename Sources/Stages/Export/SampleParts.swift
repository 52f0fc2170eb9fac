import JSONTape
import Receipts

/// `export.parts/1`: parts the tables of a group of fragments, so that no step holds all samples.
///
/// Parameters: `{"bits": n, "by": "id" or "texts", "fragments": n}`: the hash whose first bits say the bucket. Inputs
/// "0", "1", …: `SampleTable`s of fragments, one behind the other; those that are missing have no rows. Outputs:
/// `samples/<bucket>`, the rows of a bucket in their order, each with the number of its fragment in the group behind it
/// (4 bytes, little-endian); parted by texts also `ids/<bucket>`, by the id's own bucket: rows of 12 bytes, the id and
/// the bucket that its sample is in.
enum SampleParts {
  static let rowWidth = SampleTable.rowWidth + 4
  static let idWidth = 12

  static let function = ActionFunction(name: "export.parts/1") { context in
    guard let buckets = HashBuckets(context.parameters["bits"]), let count = context.parameters["fragments"]?.integer
    else { throw DistillError(.internalFault, "export.parts was given no number of bits or fragments") }
    let isByTexts = context.parameters["by"]?.string == "texts"
    var samples = BucketSinks("samples", buckets, context)
    var ids = BucketSinks("ids", buckets, context)
    for fragment in 0..<Int(count) {
      guard let table = context.optionalInput(String(fragment)) else { continue }
      let reader = try TableReader(table, rowWidth: SampleTable.rowWidth)
      for row in 0..<reader.rowCount {
        let id = Hash128(high: reader.word(row, 0), low: 0)
        let key = isByTexts ? reader.hash(row, 24) : id
        var writer = TableWriter(sink: samples.sink(of: key))
        writer.copy(table[row * SampleTable.rowWidth..<(row + 1) * SampleTable.rowWidth])
        writer.half(UInt32(fragment))
        writer.endRow()
        guard isByTexts, buckets.count > 1 else { continue }
        writer = TableWriter(sink: ids.sink(of: id))
        writer.word(id.high)
        writer.half(UInt32(buckets.bucket(of: key)))
        writer.endRow()
      }
    }
    return [:]
  }
}

/// `export.ids/1`: are there samples of one id in several buckets? Inputs "0", "1", …: tables `ids/<bucket>` of
/// `SampleParts`, of one bucket. Counts: `{"straddling": n}`, rows whose id an earlier row has with another bucket.
enum StraddlingIDs {
  static let function = ActionFunction(name: "export.ids/1") { context in
    var buckets: [UInt64: UInt32] = [:]
    var straddling: Int64 = 0
    for table in context.numberedInputs {
      let reader = try TableReader(table, rowWidth: SampleParts.idWidth)
      for row in 0..<reader.rowCount {
        let bucket = reader.half(row, 8)
        if buckets[reader.word(row, 0), default: bucket] != bucket { straddling += 1 }
        buckets[reader.word(row, 0)] = bucket
      }
    }
    return ["straddling": .integer(straddling)]
  }
}
