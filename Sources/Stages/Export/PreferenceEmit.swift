import JSONTape
import Receipts

/// `preference.emit/1`: writes the pairs of a plan.
///
/// Inputs: `plan`, and `gathered/<i>` for each fragment that it names. Outputs: `preference`, `quarantine` (pairs that failed).
/// Counts: `exported`, `pairs_quarantined`, `by_reason` (of quarantine), `by_preference` (of the pairs), `by_model` (chosen),
/// `lengths` of the chosen texts.
public enum PreferenceEmit {
  public static let function = function(behind: Firewall())

  static func function(behind firewall: Firewall) -> ActionFunction {
    ActionFunction(name: "preference.emit/1") { context in
      var emit = PreferenceEmission(context, firewall)
      return try emit.run()
    }
  }
}

private struct PreferenceEmission {
  private struct Place: Hashable {
    var fragment: Int64
    var row: Int64
    var kind: Int64
  }

  private let context: ActionContext
  private let chosenParser = JSONParser()
  private let rejectedParser = JSONParser()
  private let validator = JSONParser()
  private var lines: [Place: ByteSlice] = [:]
  private var ids: Set<UInt64> = []
  private var lengths: [UInt32] = []
  private var tally = Tally()

  private let firewall: Firewall

  init(_ context: ActionContext, _ firewall: Firewall) {
    self.context = context
    self.firewall = firewall
  }

  mutating func run() throws -> JSON {
    try collect()
    let sink = context.output("preference")
    for line in Lines(try context.input("plan")) {
      let pair = try context.scratch.parser.parse(line)
      guard let chosen = try row(pair.member("chosen"), chosenParser),
        let rejected = try row(pair.member("rejected"), rejectedParser), let reason = pair.member("reason")?.string
      else { throw DistillError(.internalFault, "a planned pair names a run that was not gathered") }
      if firewall.has(.selfPairing), pair.member("self_pairing")?.bool ?? false {
        stop(chosen, rejected, Stop(.selfPairing, "both sides have the same text"))
        continue
      }
      write(chosen, rejected, reason: reason, to: sink)
    }
    lengths.sort()
    return [
      "exported": .integer(tally.count("exported")), "pairs_quarantined": .integer(tally.count("pairs_quarantined")),
      "by_reason": tally.json("by_reason"), "by_preference": tally.json("by_preference"),
      "by_model": tally.json("by_model"), "lengths": Percentiles.json(lengths),
    ]
  }

  private mutating func collect() throws {
    for fragment in 0..<(context.parameters["fragments"]?.integer ?? 0) {
      for line in Lines(context.optionalInput("gathered/\(fragment)") ?? .empty) {
        let gathered = try context.scratch.parser.parse(line)
        let place = Place(
          fragment: fragment, row: gathered.member("row")?.integer ?? 0, kind: gathered.member("kind")?.integer ?? 0)
        lines[place] = line
      }
    }
  }

  private func row(_ place: JSONValue?, _ parser: JSONParser) throws -> JSONValue? {
    guard let fragment = place?.element(0)?.integer, let row = place?.element(1)?.integer,
      let kind = place?.element(2)?.integer, let line = lines[Place(fragment: fragment, row: row, kind: kind)]
    else { return nil }
    return try parser.parse(line)
  }

  private mutating func write(_ chosen: JSONValue, _ rejected: JSONValue, reason: ByteSlice, to sink: OutputSink) {
    let sha256 = context.scratch.sha256
    for (index, side) in [chosen, rejected].enumerated() {
      if index > 0 { sha256.update("|") }
      sha256.update(side.member("run_id")?.string ?? .empty)
      sha256.update("|")
      sha256.update(side.member("provenance")?.member("sig_hash")?.string ?? .empty)
    }
    let id = Hash128(sha256.finish()).high
    guard ids.insert(id).inserted || !firewall.has(.duplicate) else {
      return stop(chosen, rejected, Stop(.duplicateID, "an earlier pair has the same id"))
    }
    let start = sink.buffer.count
    var writer = JSONWriter(sink.buffer)
    writer.beginObject()
    writer.key("schema_version")
    writer.integer(1)
    writer.key("id")
    writer.sampleID("pref-", id)
    writer.key("task_id")
    writer.copy(chosen.member("task_id"))
    writer.key("prompt")
    writer.copy(chosen.member("prompt"))
    writer.key("chosen")
    writer.copy(chosen.member("text"))
    writer.key("rejected")
    writer.copy(rejected.member("text"))
    writer.key("chosen_run_id")
    writer.copy(chosen.member("run_id"))
    writer.key("rejected_run_id")
    writer.copy(rejected.member("run_id"))
    writer.key("chosen_model")
    writer.copy(chosen.member("model_name"))
    writer.key("rejected_model")
    writer.copy(rejected.member("model_name"))
    writer.key("reason")
    writer.string(reason)
    writer.key("created_at")
    writer.copy(Self.later(chosen.member("timestamp"), rejected.member("timestamp")))
    writer.key("chosen_provenance")
    writer.copy(chosen.member("provenance"))
    writer.key("rejected_provenance")
    writer.copy(rejected.member("provenance"))
    writer.endObject()
    writer.newline()

    let violations: [String]
    do {
      violations = RecordSchema.preferenceSample.violations(
        of: try validator.parse(sink.buffer.slice(start..<sink.buffer.count - 1)))
    } catch {
      violations = ["the row is not JSON: \(error.reason) at byte \(error.offset)"]
    }
    guard violations.isEmpty || !firewall.has(.sample) else {
      sink.buffer.truncate(to: start)
      return stop(chosen, rejected, Stop(.schemaViolation, violations))
    }
    sink.recordCount += 1
    tally.increment("exported")
    tally.add("by_preference", reason.string())
    tally.add("by_model", chosen.member("model_name")?.string?.string() ?? "")
    lengths.append(UInt32(clamping: Text.utf16Length(chosen.member("text")?.string ?? .empty)))
  }

  /// The later of two times; null when one is unknown: a pair is as old as its newer run.
  private static func later(_ left: JSONValue?, _ right: JSONValue?) -> JSONValue? {
    guard let one = left?.string, let other = right?.string,
      let first = Timestamp(one, defaultOffsetSeconds: 0), let second = Timestamp(other, defaultOffsetSeconds: 0)
    else { return nil }
    return (first.seconds, first.nanoseconds) >= (second.seconds, second.nanoseconds) ? left : right
  }

  /// A pair that fails is quarantined as a pair, by its runs' ids: not with their texts.
  private mutating func stop(_ chosen: JSONValue, _ rejected: JSONValue, _ stop: Stop) {
    let buffer = context.scratch.buffer
    buffer.removeAll()
    var writer = JSONWriter(buffer)
    writer.beginObject()
    writer.key("task_id")
    writer.copy(chosen.member("task_id"))
    writer.key("chosen_run_id")
    writer.copy(chosen.member("run_id"))
    writer.key("rejected_run_id")
    writer.copy(rejected.member("run_id"))
    writer.key("rejected_provenance")
    writer.copy(rejected.member("provenance"))
    writer.endObject()
    QuarantineRow(
      stage: StageName.exportPreference.text, reason: stop.reason, errors: stop.errors, record: .json(buffer.bytes),
      provenance: chosen.member("provenance")?.token, recordedAt: chosen.member("timestamp")?.string
    ).append(to: context.output("quarantine"))
    tally.increment("pairs_quarantined")
    tally.add("by_reason", stop.reason.rawValue)
  }
}
