import JSONTape
import Receipts
import Stages

/// A judgement about a run, as its own row says it.
struct EvidenceJudgement: Sendable {
  var target: Hash128?
  var textHash: String?
  var verdict: Verdict?
  var droppedVerdicts: [Verdict]
  var humanOverride: Category?
  var timestamp: Timestamp?
  var sourceFile: String
  var line: Int64
  var source: String
  /// `judged_by`, as it is written; nil: null.
  var judgedBy: String?
}

/// What an extraction was distilled from.
struct EvidenceExtraction: Sendable {
  /// Place among the runs of its segment, later of the index.
  var run: Int
  /// The run that it names; nil: all runs of its task.
  var parent: Hash128?
}

/// What one pass over the evidence tells.
struct EvidenceIndex: Sendable {
  /// Of sources.
  let names: NameTable
  /// In the order of partitions and lines.
  var runs: [EvidenceRun] = []
  /// Of the runs of a segment, where the values of their rows' members start.
  var starts: [UInt32] = []
  /// The same of all runs.
  private var memberStarts = MemberStarts()
  var judgements: [EvidenceJudgement] = []
  var extractions: [EvidenceExtraction] = []
  /// `judged_by` of the runs about which somebody else's judgement decided.
  var judgedBy: [Int: String] = [:]
  /// Comparisons among the others, with half the SHA-256 of their provenance as it is written, and that of their task
  /// id.
  var comparisons: [(other: Int, provenance: Hash128, task: Hash128)] = []
  /// Rows that are neither runs nor extractions.
  var others: [(identity: Hash128, place: RowPlace)] = []
  /// Rows by kind and by source.
  var counts = RowCounts()
  /// Of each partition, the runs of it.
  var runsByFile: [Range<Int>] = []
  private(set) var byIdentity = RowTable(capacity: 0)
  /// Numbers of their rows.
  private(set) var comparisonsByProvenance: [Hash128: [Int]] = [:]
  /// Ids of samples that two runs share.
  private(set) var sharedSampleIDs: Set<UInt64> = []
  private var othersByIdentity = RowTable(capacity: 0)
  init(names: NameTable) { self.names = names }

  func name(ofSource number: Int32) -> String { names[number] }

  /// Has each row an identity of its own?
  var isDistinct: Bool { byIdentity.count == runs.count && othersByIdentity.count == others.count }

  /// Runs and extractions, then the others.
  var rowCount: Int { runs.count + others.count }

  /// The number of the row with an identity.
  func row(_ identity: Hash128) -> Int? { byIdentity[identity] ?? othersByIdentity[identity].map { runs.count + $0 } }

  func place(of row: Int) -> RowPlace { row < runs.count ? runs[row].place : others[row - runs.count].place }

  /// - Parameter row: the run's row.
  /// - Returns: valid as long as the index and the row's bytes are there.
  func tokens(of run: Int, _ row: ByteSlice) -> EvidenceTokens { memberStarts.tokens(of: run, row) }

  /// Asks for what is known of a run ahead of its use.
  func prefetch(_ run: Int) {
    guard runs.indices.contains(run) else { return }
    runs.withUnsafeBytes {
      let size = MemoryLayout<EvidenceRun>.stride
      ByteSlice($0).prefetch(run * size..<(run + 1) * size)
    }
    memberStarts.prefetch(run)
  }

  /// All of some segments, in their order; without the tables.
  init(_ parts: [EvidenceIndex]) {
    self.init(names: parts.first?.names ?? NameTable())
    runs.reserveCapacity(parts.reduce(0) { $0 + $1.runs.count })
    memberStarts = MemberStarts(parts.map(\.starts))
    for part in parts { append(part) }
  }

  /// Makes room for the runs of a segment.
  mutating func reserve(runs count: Int) {
    runs.reserveCapacity(count)
    starts.reserveCapacity(count * MemberStarts.membersOfRow)
  }

  private mutating func append(_ part: EvidenceIndex) {
    let start = runs.count
    for comparison in part.comparisons {
      comparisons.append((comparison.other + others.count, comparison.provenance, comparison.task))
    }
    runs += part.runs
    judgements += part.judgements
    extractions += part.extractions.map { EvidenceExtraction(run: $0.run + start, parent: $0.parent) }
    others += part.others
    counts.add(part.counts)
  }

  /// Makes the tables; tells of identities that are there twice.
  mutating func finish(
    files: Int, onRepetition: (_ row: RowPlace, _ first: RowPlace) -> Void
  ) {
    byIdentity = RowTable(capacity: runs.count)
    othersByIdentity = RowTable(capacity: others.count)
    var position = 0
    for file in 0..<files {
      let start = position
      while position < runs.count, runs[position].place.file == file {
        if let first = byIdentity.insert(runs[position].identity, position) {
          onRepetition(runs[position].place, runs[first].place)
        }
        position += 1
      }
      runsByFile.append(start..<position)
    }
    for (number, other) in others.enumerated() {
      if let first = othersByIdentity.insert(other.identity, number) {
        onRepetition(other.place, others[first].place)
      }
    }
    for comparison in comparisons {
      comparisonsByProvenance[comparison.provenance, default: []].append(runs.count + comparison.other)
    }
    findSharedSampleIDs()
  }
}

extension EvidenceIndex {
  private mutating func findSharedSampleIDs() {
    var ids = RowTable(capacity: runs.count)
    for (place, run) in runs.enumerated()
    where ids.insert(Hash128(high: run.sampleID, low: 0), place) != nil { sharedSampleIDs.insert(run.sampleID) }
  }
}

/// Named counts by table, as receipts have them.
struct RowCounts: Sendable {
  private var tables: [String: [String: Int64]] = [:]

  mutating func add(_ table: String, _ name: String, _ count: Int64 = 1) {
    tables[table, default: [:]][name, default: 0] += count
  }

  mutating func add(_ other: RowCounts) {
    for (table, counts) in other.tables {
      for (name, count) in counts { add(table, name, count) }
    }
  }

  subscript(table: String) -> [String: Int64] { tables[table] ?? [:] }
  subscript(table: String, name: String) -> Int64 { tables[table]?[name] ?? 0 }

  func total(_ table: String) -> Int64 { self[table].values.reduce(0, +) }
}
