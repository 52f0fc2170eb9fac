import Receipts

/// Parts the pairing by task: runs meet only runs of their task, so the runs of a bucket, by the first bits of the hash of the
/// task id, are paired without the others. Buckets one behind the other are in the order of the tasks.
struct PreferenceBuckets: Equatable {
  /// Bits that name a bucket, 0 to 16.
  let bits: Int

  /// Records in a bucket on average: with rows of 80 bytes some 20 MB of one pairing.
  static let recordLimit = 1 << 17

  /// A power of two, so that a workspace that grows is parted anew seldom.
  ///
  /// - Parameter records: of evidence.
  init(records: Int64) {
    var bits = 0
    while bits < 16 && records >> Int64(bits) > Self.recordLimit { bits += 1 }
    self.init(bits: bits)
  }

  init(bits: Int) {
    precondition((0...16).contains(bits), "a bucket is named by at most 16 bits")
    self.bits = bits
  }

  var count: Int { 1 << bits }

  func bucket(of task: Hash128) -> Int { bits == 0 ? 0 : Int(task.high >> UInt64(64 - bits)) }
}

/// The outputs of a name, one a bucket, that a map writes rows to.
struct BucketSinks {
  private let context: ActionContext
  private let name: String
  private var sinks: [OutputSink?]

  init(_ context: ActionContext, _ name: String, _ buckets: PreferenceBuckets) {
    self.context = context
    self.name = name
    sinks = Array(repeating: nil, count: buckets.count)
  }

  /// Made when it is first asked for: a bucket without rows has no output.
  subscript(bucket: Int) -> OutputSink {
    mutating get {
      if let sink = sinks[bucket] { return sink }
      let sink = context.output("\(name)/\(bucket)")
      sinks[bucket] = sink
      return sink
    }
  }
}
