import Foundation
import JSONTape
import Receipts

@testable import Stages

/// What one run of `evidence.map/1` came to.
struct MappedEvidence {
  var counts: JSON
  /// Text of each output that has bytes.
  var outputs: [String: String]
  var identities: [UInt8]
  var recordCounts: [String: Int]

  func rows(_ output: String) throws -> [JSON] {
    try (outputs[output] ?? "").split(separator: "\n").map { try JSON.parse(Array($0.utf8)) }
  }

  var evidence: [JSON] {
    get throws {
      try outputs.keys.filter { $0.hasPrefix("evidence/") }.sorted().flatMap { try rows($0) }
    }
  }

  var quarantine: [JSON] { get throws { try rows("quarantine") } }

  func count(_ name: String) -> Int { Int(counts[name]?.integer ?? -1) }

  /// The books of DESIGN 6.3.
  var balances: Bool {
    count("read") == count("mapped") + count("mapped_to_nothing") + count("quarantined") + count("pending")
      && count("objects") == count("written") + count("duplicates")
      && recordCounts["identities"] == count("objects") && identities.count == 32 * count("objects")
      && recordCounts["quarantine", default: 0] == count("quarantined") + count("duplicates")
      && recordCounts.filter { $0.key.hasPrefix("evidence/") }.values.reduce(0, +) == count("written")
  }
}

func mapEvidence(
  _ source: Source, _ files: [(segment: EvidenceSegment, bytes: [UInt8])], overlay: String? = nil,
  lookups: [String: String] = [:]
) throws -> MappedEvidence {
  try mapEvidence(source, files, overlays: overlay.map { [$0] } ?? [], lookups: lookups)
}

func mapEvidence(
  _ source: Source, _ files: [(segment: EvidenceSegment, bytes: [UInt8])], overlays: [String],
  lookups: [String: String] = [:]
) throws -> MappedEvidence {
  var buffers: [String: ByteBuffer] = [:]
  for (segment, bytes) in files {
    let buffer = ByteBuffer(capacity: bytes.count)
    bytes.withUnsafeBytes { buffer.append($0) }
    buffers[segment.input] = buffer
  }
  for (number, overlay) in overlays.enumerated() {
    let buffer = ByteBuffer()
    buffer.append(overlay)
    buffers["overlay/\(number)"] = buffer
  }
  for (name, table) in lookups {
    let buffer = ByteBuffer()
    buffer.append(table)
    buffers["lookup/\(name)"] = buffer
  }
  let context = ActionContext(parameters: [:], inputs: buffers.mapValues(\.bytes), scratch: WorkerScratch())
  let counts = try EvidenceMap.run(source, segments: files.map(\.segment), context: context)
  return withExtendedLifetime((buffers, context)) {
    MappedEvidence(
      counts: counts,
      outputs: context.outputs.filter { $0.key != "identities" }.mapValues { $0.buffer.bytes.string() },
      identities: Array(context.output("identities").buffer.bytes.buffer),
      recordCounts: context.outputs.mapValues(\.recordCount))
  }
}

/// Maps one JSON Lines file `logs/a.jsonl`.
func mapLines(_ source: Source, _ text: String, final: Bool = true) throws -> MappedEvidence {
  try mapLines(source, Array(text.utf8), final: final)
}

func mapLines(
  _ source: Source, _ bytes: [UInt8], compression: Compression = .none, final: Bool = true
) throws -> MappedEvidence {
  let segment = EvidenceSegment(
    input: "0", path: "logs/a.jsonl", format: .jsonl, unit: .line, compression: compression, isFinal: final)
  return try mapEvidence(source, [(segment, bytes)])
}

func mapDocument(
  _ source: Source, _ text: String, path: String = "logs/a.json", captures: JSONObject = [:]
) throws -> MappedEvidence {
  let segment = EvidenceSegment(input: "0", path: path, captures: captures, format: .json, unit: .element)
  return try mapEvidence(source, [(segment, Array(text.utf8))])
}

// MARK: Sources by hand

func reference(_ text: String, probe: Int = -1) -> PointerReference {
  let isRoot = text.hasPrefix("$root")
  return PointerReference(
    base: isRoot ? .root : .record,
    pointer: Pointer(isRoot ? String(text.dropFirst(5)) : text, allowingEvery: true)!, probe: probe)
}

func at(_ text: String, probe: Int = -1) -> FieldExpression { .pointer(reference(text, probe: probe)) }

func fieldMap(_ fields: [EvidenceField: FieldExpression]) -> FieldMap {
  var map = FieldMap()
  map.fields = fields
  return map
}

func source(
  _ name: String = "lab", records: String = "", maxRecordBytes: Int = Source.defaultMaxRecordBytes, parts: [Part]
) -> Source {
  Source(
    name: name, files: [], records: Pointer(records, allowingEvery: true)!, maxRecordBytes: maxRecordBytes,
    parts: parts)
}

/// A source of one part that maps `run_id` from `/id` beside what is given.
func simpleSource(
  _ fields: [EvidenceField: FieldExpression] = [:], records: String = "", kind: RecordKind = .run,
  maxRecordBytes: Int = Source.defaultMaxRecordBytes, adjust: (inout Part) -> Void = { _ in }
) -> Source {
  var part = Part(kind: kind, map: fieldMap([.runID: at("/id")].merging(fields) { $1 }))
  adjust(&part)
  return source(records: records, maxRecordBytes: maxRecordBytes, parts: [part])
}

func probe(_ text: String) -> Probe { Probe(text: text, key: "map", place: nil, optional: false) }

/// The folder of real logs: `DISTILL_SHARED`, else `shared` beside the repository. nil: it is not there.
let realLogs: URL? = {
  let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../shared").standardizedFileURL
  let folder = ProcessInfo.processInfo.environment["DISTILL_SHARED"].map { URL(fileURLWithPath: $0) } ?? beside
  let data = folder.appendingPathComponent("data")
  return FileManager.default.fileExists(atPath: data.path) ? data : nil
}()
