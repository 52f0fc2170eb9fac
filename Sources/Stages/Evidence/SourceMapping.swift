import JSONTape
import Receipts

/// The mapping of one source's logs, chunk by chunk.
struct SourceMapping {
  let entry: SourceLogs.Entry
  private var logs: [LogSegments]
  let lookups: LookupTables
  private var chunks: [[LogSegment]] = []
  private var actions: [Action] = []
  private var results: [ActionResult] = []

  init(entry: SourceLogs.Entry, logs: [LogSegments], lookups: LookupTables) {
    self.entry = entry
    self.logs = logs
    self.lookups = lookups
  }

  /// Maps the chunks of all sources at once: one after the other, each would leave threads without work at its end.
  static func map(_ mappings: inout [SourceMapping], in run: borrowing StageRun) throws {
    try first(&mappings, Array(mappings.indices), run)
    // A document is JSON or it is not: a part that is none makes one bad record of the whole.
    var faulty: [Int] = []
    for place in mappings.indices where try mappings[place].replaceFaulty(run) { faulty.append(place) }
    if !faulty.isEmpty { try first(&mappings, faulty, run) }
  }

  private static func first(_ mappings: inout [SourceMapping], _ places: [Int], _ run: borrowing StageRun) throws {
    var owners: [(source: String, chunk: Int)] = []
    for place in places {
      mappings[place].plan(chunkSize: run.chunkSize)
      owners += mappings[place].chunks.indices.map { (mappings[place].entry.source.name, $0) }
    }
    let known = owners
    var results = try run.execute(
      places.flatMap { mappings[$0].actions },
      places: FragmentPlaces { EvidenceOutcome.path(of: $1, source: known[$0].source, chunk: known[$0].chunk) })[...]
    for place in places {
      mappings[place].results = Array(results.prefix(mappings[place].actions.count))
      results = results.dropFirst(mappings[place].actions.count)
    }
  }

  private mutating func plan(chunkSize: Int) {
    let slice = entry.source.slice
    chunks = LogChunks.group(logs, size: chunkSize)
    actions = chunks.map { Self.action($0, slice, entry.source, lookups: lookups.inputs) }
  }

  /// - Returns: whether there was a faulty document.
  private mutating func replaceFaulty(_ run: borrowing StageRun) throws -> Bool {
    var faults: [RelativePath: String] = [:]
    for (chunk, result) in zip(chunks, results) {
      if let fault = result.counts["fault"]?.string { faults[chunk[0].log.path] = faults[chunk[0].log.path] ?? fault }
    }
    for index in logs.indices {
      guard let fault = faults[logs[index].log.path] else { continue }
      logs[index] = LogSegments(logs[index].log, logs[index].input, try run.faulty(logs[index].input, fault))
    }
    return !faults.isEmpty
  }

  /// Maps the chunks again that have a record with the identity of one in another.
  /// - Returns: the results of all chunks.
  func withoutDuplicates(in run: borrowing StageRun) throws -> [ActionResult] {
    let overlays = try DuplicateSearch(source: entry.source, chunks: chunks).overlays(results, in: run)
    let again = chunks.indices.filter { !overlays[$0].isEmpty }
    var results = results
    let mapped = try run.execute(
      again.map { index in
        var action = actions[index]
        action.inputs += overlays[index]
        return action
      })
    for (index, result) in zip(again, mapped) { results[index] = result }
    return results
  }

  private static func action(
    _ chunk: [LogSegment], _ slice: JSON, _ source: Source, lookups: [ActionInput]
  ) -> Action {
    var inputs: [ActionInput] = []
    let files = chunk.enumerated().map { number, segment -> JSON in
      inputs.append(
        ActionInput(name: "\(number)", digest: segment.piece.digest, byteCount: segment.piece.byteCount))
      if let frame = segment.frame {
        inputs.append(
          ActionInput(name: "frame/\(number)", digest: frame.digest, byteCount: frame.byteCount))
      }
      if let line = segment.piece.longLine {
        inputs.append(ActionInput(name: "long/\(number)", digest: line.start, byteCount: line.startCount))
      }
      let path = segment.log.path
      let format = source.format(of: path)
      return [
        "input": .string("\(number)"), "path": .string(path.string),
        "captures": .object(
          JSONObject(segment.log.captures.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
        "format": .string(format.rawValue), "unit": .string(source.unit(in: format).rawValue),
        "compression": .string((segment.isUnpacked ? Compression.none : Compression(of: path)).rawValue),
        "offset": .integer(Int64(segment.piece.byteOffset)),
        "line": .integer(Int64(segment.piece.lineOffset)), "final": .bool(segment.piece.isFinal),
        "frame": segment.frame == nil ? .null : .string("frame/\(number)"),
        "fault": segment.fault.map {
          ["message": .string($0.message), "sha256": .string($0.digest.hex), "bytes": .integer(Int64($0.byteCount))]
        } ?? .null,
        "damage": segment.damage.map(JSON.string) ?? .null,
        "long": segment.piece.longLine.map {
          [
            "input": .string("long/\(number)"), "sha256": .string($0.digest.hex),
            "bytes": .integer(Int64($0.byteCount)),
            "offset": .integer(Int64($0.byteOffset)), "terminated": .bool($0.isTerminated),
          ]
        } ?? .null,
      ]
    }
    return Action(
      function: EvidenceMap.function.name, parameters: ["source": slice, "files": .array(files)],
      inputs: inputs + lookups)
  }
}
