import JSONTape
import Receipts

/// `preference.emit/1`: writes the pairs of a plan.
///
/// Runs once a shard. Inputs: `plan`, `gathered/<i>` for each fragment that it names, and after the search for duplicates
/// `overlay`: rows `{"row"}`, the number of a pair. Outputs: `preference`, `quarantine` (pairs that failed), `samples` (a
/// `SampleTable` without hashes). Counts: `exported`, `pairs_quarantined`, `by_reason` (of quarantine), `by_preference` (of the
/// pairs), `by_sides` (`<reason>: <category> over <category>`, as the scored runs say), `by_model` (chosen).
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
  private var lines: [Place: ByteSlice] = [:]
  private var tally = Tally()

  private let firewall: Firewall

  init(_ context: ActionContext, _ firewall: Firewall) {
    self.context = context
    self.firewall = firewall
  }

  mutating func run() throws -> JSON {
    try collect()
    let duplicates = try OverlayRows.read(context.optionalInput("overlay"))
    let sink = context.output("preference")
    var samples = SampleTable(context.output("samples"))
    var number: Int64 = -1
    for line in Lines(try context.input("plan")) {
      number += 1
      let pair = try context.scratch.parser.parse(line)
      guard let chosen = try row(pair.member("chosen"), chosenParser),
        let rejected = try row(pair.member("rejected"), rejectedParser), let reason = pair.member("reason")?.string
      else { throw DistillError(.internalFault, "a planned pair names a run that was not gathered") }
      if firewall.has(.selfPairing), pair.member("self_pairing")?.bool ?? false {
        stop(chosen, rejected, Stop(.selfPairing, "both sides have the same text"))
        continue
      }
      let start = sink.buffer.count
      let id = pairID(chosen, rejected)
      let violations = write(chosen, rejected, id, reason: reason, to: sink.buffer)
      if let failure = firewall.lastGate(
        violations, duplicates[number].map { _ in "an earlier pair has the same id" })
      {
        sink.buffer.truncate(to: start)
        stop(chosen, rejected, failure)
        continue
      }
      let length = (chosen.member("text")?.string ?? .empty).utf16Length
      samples.add(id: id, task: .zero, texts: .zero, length: length, row: number)
      count(chosen, rejected, reason: reason.string())
      sink.recordCount += 1
    }
    return [
      "exported": .integer(tally.count("exported")), "pairs_quarantined": .integer(tally.count("pairs_quarantined")),
      "by_reason": tally.json("by_reason"), "by_preference": tally.json("by_preference"),
      "by_sides": tally.json("by_sides"), "by_model": tally.json("by_model"),
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

  private func pairID(_ chosen: JSONValue, _ rejected: JSONValue) -> UInt64 {
    let sha256 = context.scratch.sha256
    for (index, side) in [chosen, rejected].enumerated() {
      if index > 0 { sha256.update("|") }
      sha256.update(side.member("run_id")?.string ?? .empty)
      sha256.update("|")
      sha256.update(side.member("provenance")?.member("sig_hash")?.string ?? .empty)
    }
    return Hash128(sha256.finish()).high
  }

  /// Returns what is wrong with the row.
  private func write(
    _ chosen: JSONValue, _ rejected: JSONValue, _ id: UInt64, reason: ByteSlice, to buffer: ByteBuffer
  ) -> [String] {
    var row = RowWriter(.preferenceSample, buffer)
    row.integer("schema_version", 1)
    row.identifier("id", "pref-", id)
    row.copy("task_id", chosen.member("task_id"))
    row.copy("prompt", chosen.member("prompt"))
    row.copy("chosen", chosen.member("text"))
    row.copy("rejected", rejected.member("text"))
    row.copy("chosen_run_id", chosen.member("run_id"))
    row.copy("rejected_run_id", rejected.member("run_id"))
    row.copy("chosen_model", chosen.member("model_name"))
    row.copy("rejected_model", rejected.member("model_name"))
    row.text("reason", reason)
    row.copy("created_at", Self.later(chosen.member("timestamp"), rejected.member("timestamp")))
    row.copy("chosen_provenance", chosen.member("provenance"))
    row.copy("rejected_provenance", rejected.member("provenance"))
    return row.end()
  }

  private mutating func count(_ chosen: JSONValue, _ rejected: JSONValue, reason: String) {
    func category(_ side: JSONValue) -> String { side.member("category")?.string?.string() ?? "unjudged" }
    tally.increment("exported")
    tally.add("by_preference", reason)
    tally.add("by_sides", "\(reason): \(category(chosen)) over \(category(rejected))")
    tally.add("by_model", chosen.member("model_name")?.string?.string() ?? "")
  }

  /// The later of two times; null when one is unknown: a pair is as old as its newer run.
  private static func later(_ left: JSONValue?, _ right: JSONValue?) -> JSONValue? {
    guard let one = left?.string, let other = right?.string,
      let first = Timestamp(one, defaultOffsetSeconds: 0), let second = Timestamp(other, defaultOffsetSeconds: 0)
    else { return nil }
    return (first.seconds, first.nanoseconds) >= (second.seconds, second.nanoseconds) ? left : right
  }

  /// A pair that fails is quarantined as a pair.
  private mutating func stop(_ chosen: JSONValue, _ rejected: JSONValue, _ stop: Stop) {
    let stopped = StoppedPair(
      ids: [
        ("task_id", chosen.member("task_id")), ("chosen_run_id", chosen.member("run_id")),
        ("rejected_run_id", rejected.member("run_id")), ("rejected_provenance", rejected.member("provenance")),
      ], provenance: chosen.member("provenance"), recordedAt: chosen.member("timestamp"))
    stopped.append(stop, to: context.output("quarantine"), by: context.scratch.buffer)
    tally.increment("pairs_quarantined")
    tally.add("by_reason", stop.reason.rawValue)
  }
}
