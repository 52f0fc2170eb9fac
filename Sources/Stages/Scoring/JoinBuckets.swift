import JSONTape
import Receipts

/// Parts what meets in a join by the first bits of its key, so that no step holds all of it.
///
/// Up to 32 MiB there is one bucket, then there are 4, 16, …: small data make one table an action, and data that grow are
/// parted anew only when they pass four times their size.
struct JoinBuckets {
  static let defaultLimit = 32 << 20

  let bits: Int

  init(bits: Int) {
    precondition((0...32).contains(bits), "no such number of bits")
    self.bits = bits
  }

  /// - Parameters:
  ///   - byteCount: of all that meets, about.
  ///   - limit: what a bucket may have on average; at least 1.
  init(byteCount: Int, limit: Int) {
    var bits = 0
    while bits < 32, byteCount >> bits > max(1, limit) { bits += 2 }
    self.bits = bits
  }

  /// From an action's parameters; nil: there are none.
  init?(_ parameter: JSON?) {
    guard let bits = parameter?.integer else { return nil }
    self.init(bits: Int(bits))
  }

  var parameter: JSON { .integer(Int64(bits)) }

  var count: Int { 1 << bits }

  func bucket(of key: Hash128) -> Int { bits == 0 ? 0 : Int(key.high >> UInt64(64 - bits)) }
}

/// The outputs `<name>/<bucket>` of an action, each made when the first row comes for it.
struct BucketSinks {
  private let context: ActionContext
  private let name: String
  private let buckets: JoinBuckets
  private var sinks: [OutputSink?]

  init(_ name: String, _ buckets: JoinBuckets, _ context: ActionContext) {
    self.context = context
    self.name = name
    self.buckets = buckets
    sinks = Array(repeating: nil, count: buckets.count)
  }

  /// Where a row with that key goes.
  mutating func sink(of key: Hash128) -> OutputSink {
    let bucket = buckets.bucket(of: key)
    if let sink = sinks[bucket] { return sink }
    let sink = context.output("\(name)/\(bucket)")
    sinks[bucket] = sink
    return sink
  }
}
