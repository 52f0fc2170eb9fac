import JSONTape
import Receipts
import Stages

/// The evidence behind exported rows. One a thread.
struct WayBack {
  let index: EvidenceIndex
  let scored: ScoredIndex
  /// Some evidence is not as its receipt says: a finding of its own, so nothing is said of the rows that came from it.
  let isBroken: Bool
  let scratch: RowScratch

  struct Found {
    /// Its number.
    var row: Int
    var run: EvidenceRun
    var source: String
    var evidence: RowMembers
    /// What its scored row says, where that is something else; nil: there is no such row.
    var scoredCategory: Category?
  }

  /// The run that a row names with this id and provenance; nil: there is none.
  /// - Parameter side: which of the scratch's parsers holds the evidence until the next call with it.
  func run(_ runID: JSONValue, _ provenance: JSONValue, side: Int = 0) throws -> Found? {
    guard !isBroken, let id = runID.string, let source = provenance.member("source")?.string else { return nil }
    for kind in [RecordKind.run, .extraction] {
      let identity = kind.rawValue.withBytes {
        Identity.hash(source: source, kind: $0, runID: id, scratch.sha256, scratch.text)
      }
      guard let place = index.byIdentity[identity] else { continue }
      let run = index.runs[place]
      let evidence = try scratch.evidence.members(at: run.place, scratch.others[side], scratch.otherMembers[side])
      guard evidence[EvidenceMember.provenance].isSame(as: provenance) else { continue }
      return Found(
        row: place, run: run, source: index.name(ofSource: run.source), evidence: evidence,
        scoredCategory: scored.category(of: place, index))
    }
    return nil
  }

  /// The run that a row says it is made of, whatever else it says of it; nil: there is none.
  func claimed(_ runID: JSONValue, _ provenance: JSONValue) -> Int? {
    guard !isBroken, let id = runID.string, let source = provenance.member("source")?.string else { return nil }
    for kind in [RecordKind.run, .extraction] {
      let identity = kind.rawValue.withBytes {
        Identity.hash(source: source, kind: $0, runID: id, scratch.sha256, scratch.text)
      }
      if let row = index.byIdentity[identity] { return row }
    }
    return nil
  }

  /// The comparisons that were read from the record with this provenance, by their rows' numbers.
  func comparisons(_ provenance: JSONValue) -> [Int] {
    index.comparisonsByProvenance[Hash128(Digest.of(provenance.token))] ?? []
  }

  func comparison(_ row: Int) throws -> RowMembers {
    try scratch.evidence.members(at: index.place(of: row), scratch.others[0], scratch.otherMembers[0])
  }
}
