import JSONTape
import Receipts

/// Finds the evidence of a scored run in the fragment that both came from.
///
/// Scored runs stand in the order of their evidence, so the next one is nearly always at hand; where that order is
/// broken (a row without evidence), the whole fragment is looked through once.
struct EvidenceLookup {
  private let text: ByteSlice
  private let reader = RowReader(.evidence)
  private let scratch: WorkerScratch
  private var position = 0
  private var places: [Hash128: Int]?

  init(_ text: ByteSlice, scratch: WorkerScratch) {
    self.text = text
    self.scratch = scratch
  }

  /// The line of evidence with that identity and `sig_hash`; nil: there is none.
  mutating func line(of scored: RowReader) -> ByteSlice? {
    guard let wanted = Key(scored: scored), let ends = EvidenceEnds(scored) else { return nil }
    var next = position
    while let (line, end) = line(at: next) {
      next = end
      if ends.fit(line) || key(of: line).map({ $0 == wanted }) ?? false {
        position = end
        return line
      }
      // Judgements and comparisons have no scored run: step over them.
      if !EvidenceEnds.isUnscored(line) { break }
    }
    return search(wanted)
  }

  /// nil: it is no row of evidence.
  private func key(of line: ByteSlice) -> Key? {
    if case .notJSON = reader.read(line) { return nil }
    return Key(evidence: reader)
  }

  private mutating func search(_ wanted: Key) -> ByteSlice? {
    if places == nil {
      var all: [Hash128: Int] = [:]
      var start = 0
      while let (line, end) = line(at: start) {
        if let key = key(of: line) { all[key.hash(scratch)] = start }
        start = end
      }
      places = all
    }
    let hash = wanted.hash(scratch)
    guard let start = places?[hash], let (line, end) = line(at: start) else { return nil }
    position = end
    return line
  }

  private func line(at start: Int) -> (ByteSlice, end: Int)? {
    guard start < text.count else { return nil }
    let end = text.firstIndex(of: UInt8(ascii: "\n"), from: start) ?? text.count
    return (text[start..<end], min(end + 1, text.count))
  }

  /// Slices of a row; equal when identity and `sig_hash` are.
  private struct Key {
    var source: EscapedText
    var kind: EscapedText
    var runID: EscapedText
    var sigHash: EscapedText

    init?(scored row: RowReader) {
      guard let source = row.text(ScoredMember.source), let kind = row.text(ScoredMember.kind),
        let runID = row.text(ScoredMember.runID), let sigHash = row.text(ScoredMember.sigHash)
      else { return nil }
      (self.source, self.kind, self.runID, self.sigHash) = (source, kind, runID, sigHash)
    }

    init?(evidence row: RowReader) {
      guard let source = row.text(EvidenceMember.source), let kind = row.text(EvidenceMember.kind),
        let runID = row.text(EvidenceMember.runID), let sigHash = row.text(EvidenceMember.sigHash)
      else { return nil }
      (self.source, self.kind, self.runID, self.sigHash) = (source, kind, runID, sigHash)
    }

    static func == (left: Key, right: Key) -> Bool {
      left.source == right.source && left.kind == right.kind && left.runID == right.runID
        && left.sigHash == right.sigHash
    }

    func hash(_ scratch: WorkerScratch) -> Hash128 {
      let (plain, buffer) = (scratch.secondBuffer, scratch.buffer)
      buffer.removeAll()
      var writer = JSONWriter(buffer)
      writer.beginArray()
      for part in [source, kind, runID, sigHash] {
        plain.removeAll()
        writer.string(part.text(plain))
      }
      writer.endArray()
      return Hash128(Digest.of(buffer.bytes))
    }
  }
}

/// How the row of evidence of a scored run begins and ends, letter by letter: a scored run is written with copies of
/// the kind, the run id and the provenance of its evidence. So most rows are found without being parsed.
private struct EvidenceEnds {
  private let kind: ByteSlice
  private let runID: ByteSlice
  private let provenance: ByteSlice

  private static let start: StaticString = #"{"schema_version":1,"kind":"#
  private static let beforeRunID: StaticString = #","run_id":"#
  private static let beforeProvenance: StaticString = #","provenance":"#

  init?(_ scored: RowReader) {
    guard let kind = scored.token(ScoredMember.kind), let runID = scored.token(ScoredMember.runID),
      let provenance = scored.token(ScoredMember.provenance)
    else { return nil }
    (self.kind, self.runID, self.provenance) = (kind, runID, provenance)
  }

  func fit(_ line: ByteSlice) -> Bool {
    var front = line
    var back = line
    return front.drop(Self.start) && front.drop(kind) && front.drop(Self.beforeRunID) && front.drop(runID)
      && back.dropLast(UInt8(ascii: "}")) && back.dropLast(provenance) && back.dropLast(Self.beforeProvenance)
      && front.count > provenance.count + Self.beforeProvenance.utf8CodeUnitCount
  }

  static func isUnscored(_ line: ByteSlice) -> Bool {
    line.hasPrefix(#"{"schema_version":1,"kind":"verdict","#)
      || line.hasPrefix(#"{"schema_version":1,"kind":"comparison","#)
  }
}

extension ByteSlice {
  /// Returns whether it began so.
  fileprivate mutating func drop(_ start: StaticString) -> Bool {
    guard hasPrefix(start) else { return false }
    self = self[start.utf8CodeUnitCount..<count]
    return true
  }

  fileprivate mutating func drop(_ start: ByteSlice) -> Bool {
    guard count >= start.count, self[0..<start.count] == start else { return false }
    self = self[start.count..<count]
    return true
  }

  fileprivate mutating func dropLast(_ end: UInt8) -> Bool {
    guard count > 0, self[count - 1] == end else { return false }
    self = self[0..<count - 1]
    return true
  }

  fileprivate mutating func dropLast(_ end: StaticString) -> Bool {
    guard count >= end.utf8CodeUnitCount, self[count - end.utf8CodeUnitCount..<count] == end else { return false }
    self = self[0..<count - end.utf8CodeUnitCount]
    return true
  }

  fileprivate mutating func dropLast(_ end: ByteSlice) -> Bool {
    guard count >= end.count, self[count - end.count..<count] == end else { return false }
    self = self[0..<count - end.count]
    return true
  }
}
