import JSONTape
import Receipts

/// Parts what meets by the first bits of a hash that it shares, so that no step holds all of it. Buckets one behind the
/// other are in the order of the hashes.
///
/// One bucket up to a limit, or up to what is worth a second thread, then 4, 16, …: small data make one table an
/// action, and data that grow are parted anew only when they pass four times their size.
struct HashBuckets: Equatable {
  let bits: Int

  init(bits: Int) {
    precondition((0...32).contains(bits), "no such number of bits")
    self.bits = bits
  }

  /// - Parameters:
  ///   - size: of all that meets, about, in bytes or in rows.
  ///   - limit: what a bucket may have on average; at least 1.
  ///   - worthThreads: more than that is parted at least into 4, so that one thread is not left alone with it.
  init(size: Int, limit: Int, worthThreads: Int = .max) {
    var bits = size > worthThreads ? 2 : 0
    while bits < 16, size >> bits > max(1, limit) { bits += 2 }
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
  private let buckets: HashBuckets
  private var sinks: [OutputSink?]

  init(_ name: String, _ buckets: HashBuckets, _ context: ActionContext) {
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
