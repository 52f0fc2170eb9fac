import JSONTape
import Receipts

/// Finds the evidence of a scored run in the fragment that both came from.
///
/// Scored runs stand in the order of their evidence, so the next one is nearly always at hand; where that order is broken (a
/// row without evidence), the whole fragment is looked through once.
struct EvidenceLookup {
  private let text: ByteSlice
  private let parser: JSONParser
  private let scratch: WorkerScratch
  private var position = 0
  private var places: [Hash128: Int]?

  init(_ text: ByteSlice, scratch: WorkerScratch) {
    self.text = text
    self.scratch = scratch
    parser = scratch.secondParser
  }

  /// The line of evidence with that identity and `sig_hash`; nil: there is none.
  mutating func line(of scored: JSONValue) throws -> ByteSlice? {
    guard let provenance = scored.member("provenance"), let wanted = Key(scored, runID: "evidence_run_id", provenance)
    else { return nil }
    let ends = EvidenceEnds(scored, provenance)
    var next = position
    while let (line, end) = line(at: next) {
      next = end
      if (ends?.fit(line) ?? false) || key(of: line) == wanted {
        position = end
        return line
      }
      // Judgements and comparisons have no scored run: step over them.
      if !EvidenceEnds.isUnscored(line) { break }
    }
    return try search(wanted)
  }

  /// nil: it is no row of evidence.
  private func key(of line: ByteSlice) -> Key? {
    guard let row = try? parser.parse(line), let provenance = row.member("provenance") else { return nil }
    return Key(row, runID: "run_id", provenance)
  }

  private mutating func search(_ wanted: Key) throws -> ByteSlice? {
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
  private struct Key: Equatable {
    var source: ByteSlice
    var kind: ByteSlice
    var runID: ByteSlice
    var sigHash: ByteSlice

    init?(_ row: JSONValue, runID name: StaticString, _ provenance: JSONValue) {
      guard let source = provenance.member("source")?.string, let kind = row.member("kind")?.string,
        let runID = row.member(name)?.string, let sigHash = provenance.member("sig_hash")?.string
      else { return nil }
      self.source = source
      self.kind = kind
      self.runID = runID
      self.sigHash = sigHash
    }

    func hash(_ scratch: WorkerScratch) -> Hash128 {
      let buffer = scratch.buffer
      buffer.removeAll()
      var writer = JSONWriter(buffer)
      writer.beginArray()
      for part in [source, kind, runID, sigHash] { writer.string(part) }
      writer.endArray()
      return Hash128(Digest.of(buffer.bytes))
    }
  }
}

/// How the row of evidence of a scored run begins and ends, letter by letter: a scored run is written with copies of the kind, the
/// run id and the provenance of its evidence. So most rows are found without being parsed.
private struct EvidenceEnds {
  private let kind: ByteSlice
  private let runID: ByteSlice
  private let provenance: ByteSlice

  private static let start: StaticString = #"{"schema_version":1,"kind":"#
  private static let beforeRunID: StaticString = #","run_id":"#
  private static let beforeProvenance: StaticString = #","provenance":"#

  init?(_ scored: JSONValue, _ provenance: JSONValue) {
    guard let kind = scored.member("kind"), let runID = scored.member("evidence_run_id") else { return nil }
    self.kind = kind.token
    self.runID = runID.token
    self.provenance = provenance.token
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
