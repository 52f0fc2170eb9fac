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

  /// The evidence with that identity and `sig_hash`; valid until the next call.
  mutating func evidence(of scored: JSONValue) throws -> JSONValue? {
    guard let provenance = scored.member("provenance"), let wanted = Key(scored, runID: "evidence_run_id", provenance)
    else { return nil }
    var next = position
    while let (line, end) = line(at: next) {
      next = end
      guard let row = try? parser.parse(line), let found = row.member("provenance"),
        let key = Key(row, runID: "run_id", found)
      else { continue }
      if key == wanted {
        position = end
        return row
      }
      let kind = row.member("kind")?.string
      // Judgements and comparisons have no scored run: step over them.
      if let kind, kind == RecordKind.verdict.rawValue || kind == RecordKind.comparison.rawValue { continue }
      break
    }
    return try search(wanted)
  }

  private mutating func search(_ wanted: Key) throws -> JSONValue? {
    if places == nil {
      var all: [Hash128: Int] = [:]
      var start = 0
      while let (line, end) = line(at: start) {
        if let row = try? parser.parse(line), let provenance = row.member("provenance"),
          let key = Key(row, runID: "run_id", provenance)
        {
          all[key.hash(scratch)] = start
        }
        start = end
      }
      places = all
    }
    let hash = wanted.hash(scratch)
    guard let start = places?[hash], let (line, end) = line(at: start), let row = try? parser.parse(line) else {
      return nil
    }
    position = end
    return row
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
