import JSONTape
import Receipts

/// `preference.emit/2`: writes the pairs of a plan.
///
/// Runs once a shard. Parameters: `{"fragments": [fragment, …]}`. Inputs: `plan/0`, `gathered/<k>` of the k-th of these
/// fragments, and after the search for duplicates `overlay/<i>`: rows `{"row"}`, the number of a pair. Outputs:
/// `preference`, `quarantine` (pairs that failed), `samples` (a `SampleTable` without hashes). Counts: `exported`,
/// `pairs_quarantined`, `by_reason` (of quarantine), `by_preference` (of the pairs), `by_sides` (`<reason>: <category>
/// over <category>`, as the scored runs say), `by_model` (chosen).
public enum PreferenceEmit {
  public static let function = function(behind: Firewall())

  static func function(behind firewall: Firewall) -> ActionFunction {
    ActionFunction(name: "preference.emit/2") { context in
      var emit = try PreferenceEmission(context, firewall)
      return try emit.run()
    }
  }
}

private struct PreferenceEmission {
  private let context: ActionContext
  private let firewall: Firewall
  private let gathered: GatheredRows
  private let text = ByteBuffer()

  private var exported: Int64 = 0
  private var stopped: Int64 = 0
  private var reasons = Tally()
  private var models = NameCounter()
  /// Of pairs, by reason and the categories of both sides.
  private var sides: [Sides: Int64] = [:]

  private struct Sides: Hashable {
    var reason: PreferenceReason
    var chosen: Category?
    var rejected: Category?
  }

  init(_ context: ActionContext, _ firewall: Firewall) throws {
    self.context = context
    self.firewall = firewall
    gathered = try GatheredRows(context)
  }

  mutating func run() throws -> JSON {
    let duplicates = try OverlayRows.read(context)
    let sink = context.output("preference")
    var samples = SampleTable(context.output("samples"))
    let plan = try TableReader(context.input("plan/0"), rowWidth: PlannedPair.rowWidth)
    for number in 0..<plan.rowCount {
      let pair = try PlannedPair(plan, number)
      guard let chosen = try gathered.row(pair.chosen, isChosen: true),
        let rejected = try gathered.row(pair.rejected, isChosen: false)
      else { throw DistillError(.internalFault, "a planned pair names a run that was not gathered") }
      if firewall.has(.selfPairing), pair.isSelfPairing {
        stop(chosen, rejected, Stop(.selfPairing, "both sides have the same text"))
        continue
      }
      let start = sink.buffer.count
      let id = pairID(chosen, rejected)
      let violations = write(chosen, rejected, id, reason: pair.reason, to: sink.buffer)
      if let failure = firewall.lastGate(
        violations, duplicates[Int64(number)].map { _ in "an earlier pair has the same id" })
      {
        sink.buffer.truncate(to: start)
        stop(chosen, rejected, failure)
        continue
      }
      let length = chosen.text(.text)?.utf16Length ?? 0
      samples.add(id: id, task: .zero, texts: .zero, length: length, row: Int64(number))
      text.removeAll()
      models.add(chosen.text(.modelName)?.text(text) ?? .empty)
      sides[Sides(reason: pair.reason, chosen: chosen.category, rejected: rejected.category), default: 0] += 1
      exported += 1
      sink.recordCount += 1
    }
    return counts
  }

  private var counts: JSON {
    var tally = reasons
    for (sides, count) in sides {
      let (chosen, rejected) = (sides.chosen?.rawValue ?? "unjudged", sides.rejected?.rawValue ?? "unjudged")
      tally.add("by_preference", sides.reason.rawValue, count)
      tally.add("by_sides", "\(sides.reason.rawValue): \(chosen) over \(rejected)", count)
    }
    models.add(to: &tally, "by_model")
    return [
      "exported": .integer(exported), "pairs_quarantined": .integer(stopped), "by_reason": tally.json("by_reason"),
      "by_preference": tally.json("by_preference"), "by_sides": tally.json("by_sides"),
      "by_model": tally.json("by_model"),
    ]
  }

  private func pairID(_ chosen: GatheredRow, _ rejected: GatheredRow) -> UInt64 {
    text.removeAll()
    append(chosen)
    text.append(UInt8(ascii: "|"))
    append(rejected)
    return Hash128(Digest.of(text.bytes)).high
  }

  /// Run id and `sig_hash`.
  private func append(_ side: GatheredRow) {
    if let runID = side.text(.runID) { text.append(runID) }
    text.append(UInt8(ascii: "|"))
    if let sigHash = side.sigHash { text.append(sigHash) }
  }

  /// Returns what is wrong with the row.
  private func write(
    _ chosen: GatheredRow, _ rejected: GatheredRow, _ id: UInt64, reason: PreferenceReason, to buffer: ByteBuffer
  ) -> [String] {
    var row = RowWriter(.preferenceSample, buffer)
    row.integer("schema_version", 1)
    row.identifier("id", "pref-", id)
    row.copy("task_id", chosen.token(.taskID))
    row.copy("prompt", chosen.token(.prompt))
    row.copy("chosen", chosen.token(.text))
    row.copy("rejected", rejected.token(.text))
    row.copy("chosen_run_id", chosen.token(.runID))
    row.copy("rejected_run_id", rejected.token(.runID))
    row.copy("chosen_model", chosen.token(.modelName))
    row.copy("rejected_model", rejected.token(.modelName))
    row.text("reason", reason.rawValue)
    row.copy("created_at", Self.later(chosen, rejected))
    row.copy("chosen_provenance", chosen.token(.provenance))
    row.copy("rejected_provenance", rejected.token(.provenance))
    return row.end()
  }

  /// The later of two times; nil when one is unknown: a pair is as old as its newer run.
  private static func later(_ chosen: GatheredRow, _ rejected: GatheredRow) -> ByteSlice? {
    guard let one = chosen.text(.timestamp), let other = rejected.text(.timestamp),
      let first = Timestamp(one.bytes, defaultOffsetSeconds: 0),
      let second = Timestamp(other.bytes, defaultOffsetSeconds: 0)
    else { return nil }
    let isFirst = (first.seconds, first.nanoseconds) >= (second.seconds, second.nanoseconds)
    return (isFirst ? chosen : rejected).token(.timestamp)
  }

  /// A pair that fails is quarantined as a pair.
  private mutating func stop(_ chosen: GatheredRow, _ rejected: GatheredRow, _ stop: Stop) {
    text.removeAll()
    let pair = StoppedPair(
      ids: [
        ("task_id", chosen.token(.taskID)), ("chosen_run_id", chosen.token(.runID)),
        ("rejected_run_id", rejected.token(.runID)), ("rejected_provenance", rejected.token(.provenance)),
      ], provenance: chosen.token(.provenance), recordedAt: chosen.text(.timestamp)?.text(text))
    pair.append(stop, to: context.output("quarantine"), by: context.scratch.buffer)
    stopped += 1
    reasons.add("by_reason", stop.reason.rawValue)
  }
}

/// The inputs `gathered/<k>` of a shard, by fragment and place.
private struct GatheredRows {
  private struct Entry {
    /// Place and side.
    var key: Int
    var offset: Int
  }
  private struct Table {
    var text: ByteSlice
    var entries: Range<Int>
  }

  private var tables: [Int: Table] = [:]
  private var entries: [Entry] = []

  private static func key(_ place: Int, _ isChosen: Bool) -> Int { 2 * place + (isChosen ? 0 : 1) }

  init(_ context: ActionContext) throws {
    for (index, fragment) in (context.parameters["fragments"]?.array ?? []).enumerated() {
      let text = try context.input("gathered/\(index)")
      let first = entries.count
      var offset = 0
      while offset < text.count {
        let row = try GatheredRow(text, at: offset)
        let key = Self.key(row.place, row.isChosen)
        guard entries.count == first || entries[entries.count - 1].key < key else {
          throw DistillError(.internalFault, "gathered rows are not in their order")
        }
        entries.append(Entry(key: key, offset: offset))
        offset += row.byteCount
      }
      tables[Int(fragment.integer ?? 0)] = Table(text: text, entries: first..<entries.count)
    }
  }

  /// nil: it was not gathered.
  func row(_ side: PlannedPair.Side, isChosen: Bool) throws -> GatheredRow? {
    guard let table = tables[side.fragment] else { return nil }
    let key = Self.key(side.place, isChosen)
    var (low, high) = (table.entries.lowerBound, table.entries.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].key < key { low = middle + 1 } else { high = middle }
    }
    guard low < table.entries.upperBound, entries[low].key == key else { return nil }
    return try GatheredRow(table.text, at: entries[low].offset)
  }
}
