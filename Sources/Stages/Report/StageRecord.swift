import JSONTape
import Receipts

/// What the workspace holds about one stage.
struct StageRecord {
  /// How a stage stands, by its files alone; whether its inputs changed since is the business of a build.
  enum State: String {
    /// Its newest receipt holds, and it was made from what the stages before it list.
    case passed
    /// The last run failed; the receipt and the outputs are those of the run before.
    case failed
    /// Its receipt, or its failed.json, is there and is none.
    case unreadable
    case missing
    /// A stage that it reads from has been built since.
    case outdated
  }

  var name: StageName
  var newest: ReceiptCodec.Encoded?
  var failed: ReceiptCodec.Encoded?
  /// The receipt that the newest one names; nil also where it is not in the history.
  var previous: ReceiptCodec.Encoded?
  /// What can't be read, in sentences.
  var faults: [String] = []
  /// Stages whose newest outputs are not what this one read.
  var behind: [StageName] = []

  var state: State {
    if !faults.isEmpty { return .unreadable }
    if failed != nil || newest?.receipt.core.validationPass == false { return .failed }
    if newest == nil { return .missing }
    return behind.isEmpty ? .passed : .outdated
  }

  /// - Parameter jobs: threads that read receipts.
  static func all(on shelf: ReceiptShelf, jobs: Int) throws -> [StageRecord] {
    var records = try parallelMap(Report.stages, jobs: jobs) { try StageRecord($1, on: shelf) }
    for index in records.indices { records[index].behind = stages(newerThan: records[index], among: records) }
    return records
  }

  private init(_ name: StageName, on shelf: ReceiptShelf) throws {
    self.name = name
    newest = try receipt { try shelf.newest(name) }
    failed = try receipt { try shelf.failed(name) }
    if let digest = newest?.receipt.previous {
      if let found = try Self.found(digest, on: shelf), found.receipt.stage == name { previous = found }
    }
  }

  /// The history is a courtesy: a file that is damaged or another's counts as one that is gone. One that can't be read
  /// does not, or the report would stay without it.
  private static func found(_ digest: Digest, on shelf: ReceiptShelf) throws -> ReceiptCodec.Encoded? {
    do {
      guard let found = try shelf.history(digest), found.digest == digest else { return nil }
      return found
    } catch is DistillError {
      return nil
    }
  }

  private mutating func receipt(_ read: () throws -> ReceiptCodec.Encoded?) throws -> ReceiptCodec.Encoded? {
    do {
      guard let encoded = try read() else { return nil }
      if encoded.receipt.stage == name { return encoded }
      faults.append("a receipt in receipts/\(name) is of stage \(encoded.receipt.stage)")
    } catch let error as DistillError {
      faults.append((error.place.map { "\($0): " } ?? "") + error.message)
    }
    return nil
  }

  // MARK: In step

  /// What each stage takes from another, as prefixes of the outputs' paths.
  private static let links: [(consumer: StageName, producer: StageName, prefix: String)] =
    [(.score, .buildEvidence, Layout.evidence)]
    + Pipeline.exports.flatMap { [($0, .buildEvidence, Layout.evidence), ($0, .score, Layout.scored)] }

  private static func stages(newerThan record: StageRecord, among records: [StageRecord]) -> [StageName] {
    guard let inputs = record.newest?.receipt.core.inputs else { return [] }
    return links.filter { $0.consumer == record.name }.compactMap { link in
      guard let core = records.first(where: { $0.name == link.producer })?.newest?.receipt.core else { return nil }
      return areSame(inputs, core.outputs, below: link.prefix) ? nil : link.producer
    }
  }

  /// Both in the order of their paths.
  private static func areSame(_ read: [Receipt.File], _ made: [Receipt.File], below prefix: String) -> Bool {
    func below(_ files: [Receipt.File]) -> some Sequence<Receipt.File> {
      files.lazy.filter { $0.path.string.hasPrefix(prefix) }
    }
    return below(read).elementsEqual(below(made)) { $0.path == $1.path && $0.digest == $1.digest }
  }
}
