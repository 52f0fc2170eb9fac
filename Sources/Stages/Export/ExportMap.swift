import JSONTape
import Receipts

/// What the three exporters do alike: read scored runs with their evidence, lead them through the gates, and account for each.
struct ExportMap {
  let context: ActionContext
  let stage: StageName
  let gates: [Gate]
  var tally = Tally()
  /// 0-based line of the scored runs, counted through all fragments.
  private(set) var row: Int64 = 0

  init(_ context: ActionContext, stage: StageName, gates: [Gate]) {
    self.context = context
    self.stage = stage
    self.gates = gates
  }

  /// Calls `accept` for each scored run that passes the gates.
  mutating func run(_ accept: (inout ExportMap, Candidate) throws -> Void) throws {
    for fragment in context.indices(of: "scored") { try run(fragment, accept) }
  }

  private mutating func run(_ fragment: Int, _ accept: (inout ExportMap, Candidate) throws -> Void) throws {
    let evidence = context.optionalInput("evidence/\(fragment)") ?? .empty
    var lookup = EvidenceLookup(evidence, scratch: context.scratch)
    for line in Lines(try context.input("scored/\(fragment)")) {
      tally.increment("scored")
      var candidate = Candidate(line: line)
      do {
        candidate.scored = try context.scratch.parser.parse(line)
      } catch {
        candidate.damage = "\(error.reason) at byte \(error.offset)"
      }
      if let scored = candidate.scored { candidate.evidence = try lookup.evidence(of: scored) }
      if let stop = gates.lazy.compactMap({ $0.stop(candidate) }).first {
        quarantine(candidate, stop)
      } else {
        try accept(&self, candidate)
      }
      row += 1
    }
  }

  mutating func quarantine(_ candidate: Candidate, _ stop: Stop) {
    // A row with a key twice is JSON that strict readers refuse: it is shown as text.
    let isReadable =
      candidate.scored != nil
      && (stop.reason != .schemaViolation || (try? JSON.parse(Array(candidate.line.buffer))) != nil)
    QuarantineRow(
      stage: stage.text, reason: stop.reason, errors: stop.errors,
      record: isReadable ? .json(candidate.line) : .excerpt(candidate.line),
      provenance: candidate.provenance?.token, recordedAt: candidate.scored?.member("scored_at")?.string
    ).append(to: context.output("quarantine"))
    tally.increment("quarantined")
    tally.add("by_reason", stop.reason.rawValue)
  }

  /// The gates behind the making of a sample, over the row that was appended to `sink` from `start` on: it is what its schema
  /// says, and no earlier sample is the same.
  func lastGate(
    _ firewall: Firewall, _ sink: OutputSink, from start: Int, _ schema: RecordSchema, _ duplicates: [Int64: JSON]
  ) -> Stop? {
    let violations = firewall.has(.sample) ? schema.violations(sink, from: start, validator) : []
    if !violations.isEmpty { return Stop(.schemaViolation, violations) }
    guard firewall.has(.duplicate) else { return nil }
    return duplicates[row].map { Stop(.duplicateID, $0["error"]?.string ?? "") }
  }

  private let validator = JSONParser()

  /// First 16 hex digits of SHA-256(`<run_id>|<sig_hash>`), and the same as a number.
  func sampleID(_ candidate: Candidate) -> UInt64 {
    let sha256 = context.scratch.sha256
    sha256.update(candidate.runID ?? .empty)
    sha256.update("|")
    sha256.update(candidate.sigHash ?? .empty)
    return Hash128(sha256.finish()).high
  }

  func hash(_ text: ByteSlice) -> Hash128 {
    context.scratch.sha256.update(text)
    return Hash128(context.scratch.sha256.finish())
  }
}

extension RecordSchema {
  /// Validates the row that was appended to `sink` from `start` on.
  func violations(_ sink: OutputSink, from start: Int, _ parser: JSONParser) -> [String] {
    do {
      // The line end is not part of the text.
      return violations(of: try parser.parse(sink.buffer.slice(start..<sink.buffer.count - 1)))
    } catch {
      return ["the row is not JSON: \(error.reason) at byte \(error.offset)"]
    }
  }
}

extension UInt64 {
  /// 16 lower-case hex digits.
  func appendHex(to buffer: ByteBuffer) {
    for shift in stride(from: 60, through: 0, by: -4) {
      let digit = UInt8(truncatingIfNeeded: self >> UInt64(shift)) & 0xF
      buffer.append(digit < 10 ? 48 + digit : 87 + digit)
    }
  }
}

extension JSONWriter {
  mutating func sampleID(_ prefix: StaticString, _ id: UInt64) {
    beginString()
    stringPiece(prefix)
    id.appendHex(to: output)
    endString()
  }
}
