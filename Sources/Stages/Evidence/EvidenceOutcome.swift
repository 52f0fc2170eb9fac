import JSONTape
import Receipts

/// Gathers what the chunks of all sources came to, and refuses sources that can't be right.
struct EvidenceOutcome {
  private static let terms = [
    "read", "mapped", "mapped_to_nothing", "quarantined", "pending", "objects", "written", "duplicates",
  ]

  private var tally = Tally()
  private var partitions: [RelativePath: [Fragment]] = [:]
  private var quarantine: [Fragment] = []
  private var inputRecords: [RelativePath: Int] = [:]
  private var fields = JSONObject([])
  private var bySource = JSONObject([])
  /// By source and look-up; empty: no source has one.
  private var lookupsMissing = JSONObject([])
  private var pending: [JSON] = []
  private var warnings: [String] = []

  /// - Parameter results: of the source's look-ups, in their order.
  mutating func add(_ source: Source, lookups results: [ActionResult]) throws {
    for (lookup, result) in zip(source.lookups, results) {
      var (read, withoutKey) = (Int64(0), Int64(0))
      for file in result.counts["files"]?.array ?? [] {
        guard let path = file["path"]?.string.flatMap(RelativePath.init) else { continue }
        inputRecords[path] = Int(file["read"]?.integer ?? 0)
        read += file["read"]?.integer ?? 0
        let lacking = file["without_key"]?.integer ?? 0
        withoutKey += lacking
        if lacking > 0 {
          warnings.append(
            "\(path): \(lacking) of its records have no key, so look-up \"\(lookup.name)\" of source \"\(source.name)\" "
              + "does not find them")
        }
      }
      guard read == 0 || withoutKey < read else {
        throw DistillError(
          .data, "`lookups.\(lookup.name).key` is found in none of the \(read) records of the look-up",
          place: lookup.place ?? source.place, hint: "Correct the key, or `records`.")
      }
    }
  }

  mutating func add(_ entry: SourceLogs.Entry, _ results: [ActionResult]) throws {
    let source = entry.source
    var own = Tally()
    var books: [RelativePath: (read: Int64, mapped: Int64, bad: Int64, error: String?)] = [:]
    for (number, result) in results.enumerated() {
      for term in Self.terms { own.increment(term, by: result.counts[term]?.integer ?? 0) }
      for table in ["by_reason", "by_kind", "fields", "lookups_missing"] { own.add(table, from: result.counts) }
      for file in result.counts["files"]?.array ?? [] {
        guard let path = file["path"]?.string.flatMap(RelativePath.init) else { continue }
        var book = books[path] ?? (0, 0, 0, nil)
        book.read += file["read"]?.integer ?? 0
        book.mapped += (file["mapped"]?.integer ?? 0) + (file["mapped_to_nothing"]?.integer ?? 0)
        book.bad += file["quarantined"]?.integer ?? 0
        book.error = book.error ?? file["first_error"]?.string
        books[path] = book
      }
      pending += result.counts["pending_at"]?.array ?? []
      warnings += (result.counts["warnings"]?.array ?? []).compactMap(\.string)
      place(result, source, chunk: number)
    }
    for link in entry.skippedLinks {
      warnings.append("\(link): a symbolic link that no pattern of source \"\(source.name)\" names was not followed")
    }
    for path in entry.notFiles {
      warnings.append("\(path): a pattern of source \"\(source.name)\" names it, but it is no file")
    }

    try checkProbes(source, entry.files, books.mapValues(\.mapped), results)
    for (path, book) in books.sorted(by: { $0.key < $1.key }) {
      inputRecords[path] = Int(book.read)
      if book.read >= 2, book.bad == book.read {
        throw DistillError(
          .data, "none of its \(book.read) records can be used: \(book.error ?? "")", place: path.string,
          hint: "Correct the mapping of source \"\(source.name)\", or take the file out with `ignore`.")
      }
    }
    let read = books.values.reduce(0) { $0 + $1.read }
    if read > 0, books.values.reduce(0, { $0 + $1.bad }) == read {
      let first = books.sorted { $0.key < $1.key }.first { $0.value.error != nil }
      let records = read == 1 ? "not even the one record" : "none of the \(read) records"
      throw DistillError(
        .data, "\(records) of source \"\(source.name)\" can be used: \(first?.value.error ?? "")",
        place: first?.key.string ?? source.place, hint: "Correct the source in distill.yaml.")
    }

    for term in Self.terms { tally.increment(term, by: own.count(term)) }
    tally.add("by_reason", from: ["by_reason": own.json("by_reason")])
    tally.add("by_kind", from: ["by_kind": own.json("by_kind")])
    fields[source.name] = own.json("fields")
    if !source.lookups.isEmpty { lookupsMissing[source.name] = own.json("lookups_missing") }
    bySource[source.name] = .object(JSONObject(Self.terms.map { ($0, .integer(own.count($0))) }))
  }

  /// The output that an output of a chunk is a fragment of; nil: of none.
  static func path(of output: String, source: String, chunk: Int) -> RelativePath? {
    if output == "quarantine" { return Layout.quarantine("evidence") }
    guard output.hasPrefix("evidence/") else { return nil }
    let day = output.dropFirst("evidence/".count)
    if day != "undated" { return RelativePath(unchecked: "\(Layout.evidence)\(day)/\(source).jsonl") }
    // Without a day to keep them apart, each chunk has a partition of its own: a log that grows rewrites the last one
    // only.
    let number = String(chunk)
    let padded = String(repeating: "0", count: max(0, 4 - number.count)) + number
    return RelativePath(unchecked: "\(Layout.evidence)undated/\(source)-\(padded).jsonl")
  }

  private mutating func place(_ result: ActionResult, _ source: Source, chunk: Int) {
    for output in result.outputs where output.byteCount > 0 {
      guard let path = Self.path(of: output.name, source: source.name, chunk: chunk) else { continue }
      if path == Layout.quarantine("evidence") {
        quarantine.append(Fragment(output))
      } else {
        partitions[path, default: []].append(Fragment(output))
      }
    }
  }

  /// A pointer that no record of its part has is a mistake, unless it is marked optional. A part without records says
  /// nothing.
  private mutating func checkProbes(
    _ source: Source, _ files: [LogFile], _ mapped: [RelativePath: Int64], _ results: [ActionResult]
  ) throws {
    for (number, part) in source.parts.enumerated() {
      var found = Array(repeating: Int64(0), count: part.probes.count)
      for result in results {
        let counts = result.counts["probes"]?.array?[number].array ?? []
        for (index, count) in counts.enumerated() where index < found.count { found[index] += count.integer ?? 0 }
      }
      let isSeen =
        found.contains { $0 > 0 } || files.contains { part.takes($0.path) && mapped[$0.path] ?? 0 > 0 }
      guard isSeen else { continue }
      for (index, never) in part.never.enumerated() {
        let isMet = results.contains { $0.counts["never"]?.array?[number].array?[index].integer ?? 0 > 0 }
        if !isMet {
          warnings.append("`\(never.text)` of `never` is found in no record of source \"\(source.name)\"")
        }
      }
      for (probe, count) in zip(part.probes, found) where count == 0 && !probe.optional {
        let only = part.only.map { " (part `\($0.text)`)" } ?? ""
        throw DistillError(
          .data, "`\(probe.text)` of `\(probe.key)` is found in no record of source \"\(source.name)\"\(only)",
          place: probe.place ?? source.place,
          hint: "Correct the pointer, or mark it with `optional: true` if it may be missing everywhere.")
      }
    }
  }

  func stageOutcome() -> StageOutcome {
    var counts = JSONObject(Self.terms.map { ($0, JSON.integer(tally.count($0))) })
    for table in ["by_reason", "by_kind"] { counts[table] = tally.json(table) }
    counts["by_source"] = .object(bySource)
    let read = Books(
      "read = mapped + mapped to nothing + quarantined + pending", tally.count("read"),
      [
        ("mapped", tally.count("mapped")), ("mapped to nothing", tally.count("mapped_to_nothing")),
        ("quarantined", tally.count("quarantined")), ("pending", tally.count("pending")),
      ])
    let objects = Books(
      "objects = written + duplicates", tally.count("objects"),
      [("written", tally.count("written")), ("duplicates", tally.count("duplicates"))])
    let outputs = partitions.map { PlannedOutput(path: $0.key, fragments: $0.value) }
    var summary: JSONObject = [
      "fields": .object(fields), "pending": .array(pending), "warnings": .array(warnings.map(JSON.string)),
    ]
    if lookupsMissing.count > 0 { summary["lookups_missing"] = .object(lookupsMissing) }
    var outcome = StageOutcome(
      outputs: outputs + [PlannedOutput(path: Layout.quarantine("evidence"), fragments: quarantine)],
      recordCounts: .object(counts),
      summary: .object(summary),
      checks: [
        read.check("records-balance"), objects.check("objects-balance"),
        Books.allWritten(outputs, tally.count("written")),
      ])
    outcome.inputRecords = inputRecords
    outcome.warnings = warnings
    return outcome
  }
}
