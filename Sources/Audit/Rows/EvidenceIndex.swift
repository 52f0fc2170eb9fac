import JSONTape
import Receipts
import Stages

/// Where a row is.
struct RowPlace: Sendable {
  /// Index into the evidence partitions.
  var file: Int
  var offset: Int
  var byteCount: Int
  /// 1-based.
  var line: Int
}

/// A run or an extraction in the evidence, and what the rules make of it.
struct EvidenceRun: Sendable {
  var place: RowPlace
  /// Of (source, kind, run id).
  var identity: Hash128
  /// Of the task id.
  var task: Hash128
  var isExtraction: Bool
  /// Recomputed from the evidence.
  var category: Category
  /// By rules 1 to 6; nil: none of them holds.
  var ownCategory: Category?
  /// Half the SHA-256 of the scored run that belongs to it.
  var scoredRow: Hash128
  var rule: ScoringRule
  /// Kind of judge, `none` where nobody judged.
  var judge: String?
  var source: String
  /// Half of the digits of the ids of samples that are made of it, as bits; nil: there are none.
  var sampleID: UInt64?
}

/// A judgement about a run, as its own row says it.
struct EvidenceJudgement: Sendable {
  var target: Hash128?
  var textHash: String?
  var verdict: Verdict?
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
  /// In the order of partitions and lines.
  var runs: [EvidenceRun] = []
  /// Of each run, where the values of its row's members start.
  var starts: [UInt32] = []
  var judgements: [EvidenceJudgement] = []
  var extractions: [EvidenceExtraction] = []
  /// Comparisons by half the SHA-256 of their provenance as it is written.
  var comparisons: [(provenance: Hash128, place: RowPlace)] = []
  /// Rows that are neither runs nor extractions.
  var others: [(identity: Hash128, place: RowPlace)] = []
  /// Rows by kind and by source.
  var counts = RowCounts()
  /// Of each partition, the runs of it.
  var runsByFile: [Range<Int>] = []
  private(set) var byIdentity = RowTable(capacity: 0)
  private(set) var comparisonsByProvenance: [Hash128: [RowPlace]] = [:]
  /// Runs by the ids of their samples.
  private var bySampleID = RowTable(capacity: 0)
  /// Those that two runs share.
  private var sharedSampleIDs: Set<UInt64> = []
  private var othersByIdentity = RowTable(capacity: 0)
  /// Has each row an identity of its own?
  var isDistinct: Bool { byIdentity.count == runs.count && othersByIdentity.count == others.count }

  /// Runs and extractions, then the others.
  var rowCount: Int { runs.count + others.count }

  /// The number of the row with an identity.
  func row(_ identity: Hash128) -> Int? { byIdentity[identity] ?? othersByIdentity[identity].map { runs.count + $0 } }

  func place(of row: Int) -> RowPlace { row < runs.count ? runs[row].place : others[row - runs.count].place }

  /// The run whose samples have that id; nil: there is none, or more than one.
  func run(sampleID: UInt64) -> Int? {
    sharedSampleIDs.isEmpty || !sharedSampleIDs.contains(sampleID) ? bySampleID[Hash128(high: sampleID, low: 0)] : nil
  }

  /// - Parameter row: the run's row.
  func tokens(of run: Int, _ row: ByteSlice) -> EvidenceTokens {
    let count = EvidenceTokens.count
    return EvidenceTokens(row: row, starts: starts[run * count..<(run + 1) * count])
  }

  /// Makes room for what will be appended.
  mutating func reserve(for parts: [EvidenceIndex]) {
    runs.reserveCapacity(parts.reduce(runs.count) { $0 + $1.runs.count })
    starts.reserveCapacity(parts.reduce(starts.count) { $0 + $1.starts.count })
  }

  mutating func append(_ part: EvidenceIndex) {
    let start = runs.count
    runs += part.runs
    starts += part.starts
    judgements += part.judgements
    extractions += part.extractions.map { EvidenceExtraction(run: $0.run + start, parent: $0.parent) }
    comparisons += part.comparisons
    others += part.others
    counts.add(part.counts)
  }

  /// Makes the tables; tells of identities that are there twice.
  mutating func finish(
    files: Int, onRepetition: (_ row: RowPlace, _ first: RowPlace) -> Void
  ) {
    byIdentity = RowTable(capacity: runs.count)
    bySampleID = RowTable(capacity: runs.count)
    othersByIdentity = RowTable(capacity: others.count)
    var position = 0
    for file in 0..<files {
      let start = position
      while position < runs.count, runs[position].place.file == file {
        if let first = byIdentity.insert(runs[position].identity, position) {
          onRepetition(runs[position].place, runs[first].place)
        } else if let id = runs[position].sampleID, bySampleID.insert(Hash128(high: id, low: 0), position) != nil {
          sharedSampleIDs.insert(id)
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
      comparisonsByProvenance[comparison.provenance, default: []].append(comparison.place)
    }
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
