import JSONTape
import Receipts

/// What the three exporters do alike: read scored runs with their evidence, lead them through the gates, and account
/// for each.
struct ExportMap {
  let context: ActionContext
  let stage: StageName
  private let gates: [Gate]
  private let lateGates: [Gate]
  private(set) var tally = Tally()
  private var reasons = [Int64](repeating: 0, count: Reason.allCases.count)
  private let scoredReader = RowReader(.scoredRun)
  private let evidenceReader = RowReader(.evidence)
  /// 0-based line of the scored runs, counted through all fragments.
  private(set) var row: Int64 = 0

  init(_ context: ActionContext, stage: StageName, gates: [Gate]) {
    self.context = context
    self.stage = stage
    self.gates = gates.filter { !$0.name.readsEvidence }
    lateGates = gates.filter(\.name.readsEvidence)
  }

  /// Calls `accept` for each scored run that passes the gates.
  mutating func run(_ accept: (inout ExportMap, Candidate) throws -> Void) throws {
    for fragment in context.indices(of: "scored") { try run(fragment, accept) }
    tally.increment("scored", by: row)
    tally.increment("quarantined", by: reasons.reduce(0, +))
    for (reason, count) in zip(Reason.allCases, reasons) where count > 0 {
      tally.add("by_reason", reason.rawValue, count)
    }
  }

  private mutating func run(_ fragment: Int, _ accept: (inout ExportMap, Candidate) throws -> Void) throws {
    let evidence = context.optionalInput("evidence/\(fragment)") ?? .empty
    var lookup = EvidenceLookup(evidence, scratch: context.scratch)
    for line in Lines(try context.input("scored/\(fragment)")) {
      var candidate = Candidate(line: line)
      candidate.scored = candidate.read(by: scoredReader)
      if let scored = candidate.scored { candidate.evidenceLine = lookup.line(of: scored) }
      if let stop = stop(&candidate) {
        quarantine(candidate, stop)
      } else {
        try accept(&self, candidate)
      }
      row += 1
    }
  }

  /// A run that its category stops is stopped before its evidence is read.
  private func stop(_ candidate: inout Candidate) -> Stop? {
    for gate in gates {
      if let stop = gate.stop(candidate) { return stop }
    }
    if let line = candidate.evidenceLine {
      if case .notJSON = evidenceReader.read(line) {
        // It begins and ends like the evidence, and is no row: then there is none.
        candidate.evidenceLine = nil
        return stop(&candidate)
      }
      candidate.evidence = evidenceReader
    }
    for gate in lateGates {
      if let stop = gate.stop(candidate) { return stop }
    }
    return nil
  }

  mutating func quarantine(_ candidate: Candidate, _ stop: Stop) {
    // A row with a key twice is JSON that strict readers refuse: it is shown as text.
    let isReadable =
      candidate.scored != nil
      && (stop.reason != .schemaViolation || (try? JSON.parse(Array(candidate.line.buffer))) != nil)
    QuarantineRow(
      stage: stage.text, reason: stop.reason, errors: stop.errors,
      record: isReadable ? .json(candidate.line) : .excerpt(candidate.line),
      provenance: candidate.provenance, recordedAt: plain(candidate.scored?.text(ScoredMember.scoredAt))
    ).append(to: context.output("quarantine"))
    reasons[Reason.allCases.firstIndex(of: stop.reason)!] += 1
  }

  /// Without escapes; valid until the next one.
  func plain(_ text: EscapedText?) -> ByteSlice? {
    let buffer = context.scratch.secondBuffer
    buffer.removeAll()
    return text?.text(buffer)
  }

  /// First 16 hex digits of SHA-256(`<run_id>|<sig_hash>`), and the same as a number.
  func sampleID(_ candidate: Candidate) -> UInt64 {
    let buffer = context.scratch.buffer
    buffer.removeAll()
    if let runID = candidate.runID { buffer.append(runID) }
    buffer.append(UInt8(ascii: "|"))
    if let sigHash = candidate.sigHash { buffer.append(sigHash) }
    return hash(buffer.bytes).high
  }

  func hash(_ text: ByteSlice) -> Hash128 {
    context.scratch.sha256.update(text)
    return Hash128(context.scratch.sha256.finish())
  }

  func hash(_ text: EscapedText) -> Hash128 {
    let buffer = context.scratch.buffer
    buffer.removeAll()
    return hash(text.text(buffer))
  }
}

extension Firewall {
  /// The gates behind the making of a sample or a pair: its row is what its schema says, and no earlier one is the
  /// same.
  ///
  /// - Parameters:
  ///   - violations: of the row.
  ///   - duplicate: how an earlier one is the same; nil: none is.
  func lastGate(_ violations: [String], _ duplicate: String?) -> Stop? {
    if has(.sample), !violations.isEmpty { return Stop(.schemaViolation, violations) }
    return duplicate.flatMap { has(.duplicate) ? Stop(.duplicateID, $0) : nil }
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
