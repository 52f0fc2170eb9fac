import JSONTape
import Receipts

/// Maps raw records to evidence rows, one record at a time: all of its objects are written, or none.
final class RecordMapper {
  private let context: ActionContext
  /// Makes `sig_hash` in the place of the mapper; nil: the mapper does.
  private let signature: ((JSONValue) throws(JSONError) -> Digest)?
  private let source: Source
  private let scope: RecordScope
  private let rows: EvidenceRows
  private let parts: [CompiledPart]
  private let compileContext: CompileContext
  private let tally = FieldTally()
  private let journal = RowJournal()
  private let overlay: Overlay
  private let dropsDuplicates: Bool
  private var firsts = FirstObjects()
  private var paths: [String] = []
  private let quarantine: OutputSink
  private let identities: OutputSink
  private var sinks: [Int: OutputSink] = [:]
  /// The second in which the day of the last sink begins.
  private var lastDay = Int64.min
  private var lastSink: OutputSink?
  /// Parts that take the current file, as indices.
  private var activeParts: [Int] = []
  private var probeCounts: [[Int]]
  private var fileIndex = -1
  /// Objects of the records before; its next one is that row of the overlay.
  private var objectCount = 0
  /// Objects of the current record, its written kinds and its duplicates.
  private var recordObjects = 0
  private var recordKinds: [RecordKind] = []
  private var recordDuplicates = 0
  /// By look-up: objects with a key that it lacks.
  private var missing: [Int]
  private var recordMissing: [Int] = []
  /// What the parts of the current file keep in the log.
  private var never: [PointerReference] = []
  /// The same as far as it is in the record.
  private var hidden = HiddenPaths.none
  private var sightings: NeverSightings
  private let excerpt = ByteBuffer(capacity: 512)
  private let provenance = ByteBuffer(capacity: 512)
  private let time = ByteBuffer(capacity: 64)
  private(set) var books = EvidenceBooks()

  init(
    source: Source, context: ActionContext, dropsDuplicates: Bool = true,
    signature: ((JSONValue) throws(JSONError) -> Digest)? = nil
  ) throws {
    self.context = context
    self.signature = signature
    self.dropsDuplicates = dropsDuplicates
    self.source = source
    scope = RecordScope(scratch: context.scratch)
    rows = EvidenceRows(scope: scope, source: source.name)
    let tally = tally
    let compileContext = CompileContext(
      lookups: try source.lookups.enumerated().map { slot, lookup in
        try LookupTable(
          lookup.name, slot: slot, bytes: context.input("lookup/\(lookup.name)"), parser: context.scratch.parser)
      })
    self.compileContext = compileContext
    sightings = NeverSightings(source.parts)
    missing = [Int](repeating: 0, count: source.lookups.count)
    parts = try source.parts.map { try CompiledPart($0, context: compileContext, tally: tally) }
    probeCounts = source.parts.map { [Int](repeating: 0, count: $0.probes.count) }
    overlay = try Overlay(
      context.indices(of: "overlay").map { try context.input("overlay/\($0)") }, parser: context.scratch.parser)
    quarantine = context.output("quarantine")
    identities = context.output("identities")
  }

  var counts: JSON {
    var counts = books.json(fields: tally.json, probes: probeCounts).object ?? [:]
    if let never = sightings.json { counts["never"] = never }
    if !source.lookups.isEmpty {
      counts["lookups_missing"] = .object(
        JSONObject(zip(source.lookups, missing).map { ($0.name, .integer(Int64($1))) }))
    }
    return .object(counts)
  }

  func beginFile(_ segment: EvidenceSegment) throws {
    fileIndex += 1
    paths.append(segment.path)
    books.beginFile(segment.path)
    scope.beginFile(path: segment.path, captures: segment.captures, captureNames: compileContext.captures.names)
    rows.beginFile()
    let name = RelativePath(unchecked: segment.path).name
    activeParts = parts.indices.filter { parts[$0].only?.matchesName(name) ?? true }
    guard !activeParts.isEmpty else {
      throw DistillError(.data, "no part of the source \(source.name) takes the file", place: segment.path)
    }
    never = activeParts.flatMap { source.parts[$0].never }
    let records = segment.format == .jsonl ? [] : source.records.tokens
    hidden = HiddenPaths(NeverPointers.inRecord(never, records: records))
  }

  // MARK: Records

  /// Maps a record that is read and parsed.
  /// - Parameter root: the document that it stands in.
  func map(_ record: JSONValue, root: JSONValue, place: RecordPlace) {
    books.read()
    scope.line = place.line
    scope.beginRecord()
    rows.beginRecord()
    journal.beginRecord()
    recordObjects = 0
    firsts.beginRecord()
    recordKinds.removeAll(keepingCapacity: true)
    recordDuplicates = 0
    recordMissing.removeAll(keepingCapacity: true)
    if !never.isEmpty {
      for part in activeParts { sightings.look(at: record, root: root, part: part) }
    }
    var sigHash: Digest?
    var next = 0
    do throws(RecordViolation) {
      let hash = try canonicalHash(record)
      sigHash = hash
      while next < activeParts.count {
        scope.beginPart(probes: probeCounts[activeParts[next]].count)
        try map(record, root: root, part: parts[activeParts[next]], place: place, sigHash: hash)
        countProbes(activeParts[next])
        next += 1
      }
      commit()
    } catch {
      journal.rollBack()
      firsts.rollBack()
      if sigHash != nil { probe(record, root: root, from: next) }
      let recordedAt = sigHash == nil ? nil : timestamp(record, root: root)
      stop(
        place, record, hash: sigHash ?? rawHash(place), violation: error, recordedAt: recordedAt)
    }
  }

  private func canonicalHash(_ record: JSONValue) throws(RecordViolation) -> Digest {
    do throws(JSONError) {
      if let signature { return try signature(record) }
      context.scratch.buffer.removeAll()
      try context.scratch.canonical.write(record, to: context.scratch.buffer)
    } catch {
      let offset = error.offset - record.sourceRange.lowerBound
      // The reason names a key, which may be one that has to stay in the log.
      let reason = never.isEmpty ? error.reason : "a key that an object has twice"
      throw RecordViolation(.schemaViolation, "\(reason) at byte \(offset) of the record")
    }
    context.scratch.sha256.update(context.scratch.buffer.bytes)
    return context.scratch.sha256.finish()
  }

  private func rawHash(_ place: RecordPlace) -> Digest {
    context.scratch.sha256.update(place.bytes)
    return context.scratch.sha256.finish()
  }

  private func map(
    _ record: JSONValue, root: JSONValue, part: CompiledPart, place: RecordPlace, sigHash: Digest
  ) throws(RecordViolation) {
    scope.hidden = hidden
    guard let jq = part.jq else {
      return try mapObject(record, of: record, root: root, part: part, place: place, sigHash: sigHash)
    }
    try jq.run(record, scope: scope, parser: context.scratch.secondParser) { object throws(RecordViolation) in
      if object.isNull { return }
      guard object.kind == .object else {
        throw RecordViolation(.schemaViolation, "jq: the program gave \(object.kindName), where an object is expected")
      }
      // Made of what the program was shown.
      self.scope.hidden = .none
      try self.mapObject(object, of: record, root: root, part: part, place: place, sigHash: sigHash)
    }
  }

  private func mapObject(
    _ object: JSONValue, of record: JSONValue, root: JSONValue, part: CompiledPart, place: RecordPlace,
    sigHash: Digest
  ) throws(RecordViolation) {
    scope.beginObject(object, root: root)
    let head = try rows.head(part, sigHash: sigHash)
    let row = overlay[objectCount + recordObjects]
    recordObjects += 1
    journal.note(identities)
    let repeated = noteIdentity(head, place)
    if let first = row?.duplicateOf ?? repeated {
      // A record that can't become evidence has no row in the overlay: this is then that of the next one, which it must
      // not take.
      try rows.check(part, head: head, place: place, sigHash: sigHash)
      part.completeProbes(in: scope)
      quarantineDuplicate(head, of: record, first: first, place: place, sigHash: sigHash)
      return
    }
    let sink = sink(for: head.timestamp)
    journal.note(sink)
    try rows.append(
      part, head: head, place: place, sigHash: sigHash, otherVerdicts: row?.otherVerdicts ?? [],
      isDisputed: row?.isDisputed ?? false, to: sink.buffer)
    sink.recordCount += 1
    recordKinds.append(head.kind)
    if !scope.missing.isEmpty { recordMissing += scope.missing }
    part.completeProbes(in: scope)
  }

  /// Adds the object to the table of identities. Returns where the one is that it repeats, if it is to be dropped for
  /// that and the overlays, which know all chunks, say nothing of it.
  private func noteIdentity(_ head: EvidenceRows.Head, _ place: RecordPlace) -> (path: String, line: Int)? {
    var row = IdentityTable.Row(
      identity: head.identity, file: fileIndex, line: place.line, verdict: head.verdict,
      humanOverride: head.humanOverride, about: head.about)
    let first = dropsDuplicates ? firsts.first(like: row) : nil
    let isRepeated = first.map { IdentityTable.isDroppable(row, first: $0) } ?? false
    // With overlays the table is read by nobody: they came of the one that the chunk gave before.
    row.isDropped = isRepeated && overlay.isEmpty
    IdentityTable.append(row, to: identities)
    return first.flatMap { isRepeated ? (paths[$0.file], $0.line) : nil }
  }

  private func commit() {
    objectCount += recordObjects
    books.mapped(objects: recordObjects)
    for kind in recordKinds { books.wrote(kind, count: 1) }
    if recordDuplicates > 0 {
      books.duplicates += recordDuplicates
      books.stopped(.duplicateID, count: recordDuplicates)
    }
    for slot in rows.filledSlots { tally.add(slot) }
    for slot in recordMissing { missing[slot] += 1 }
  }

  // MARK: Outputs

  private func sink(for timestamp: Timestamp?) -> OutputSink {
    guard let timestamp else {
      if let sink = sinks[-1] { return sink }
      let sink = context.output("evidence/undated")
      sinks[-1] = sink
      return sink
    }
    let second = timestamp.seconds % 86_400
    let start = timestamp.seconds - (second < 0 ? second + 86_400 : second)
    if start == lastDay, let lastSink { return lastSink }
    let day = timestamp.day
    let number = (day.year * 100 + day.month) * 100 + day.day
    let sink = sinks[number] ?? context.output("evidence/" + Self.folder(day))
    sinks[number] = sink
    (lastDay, lastSink) = (start, sink)
    return sink
  }

  /// `2026/04/26`
  private static func folder(_ day: (year: Int, month: Int, day: Int)) -> String {
    func digits(_ number: Int, _ width: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, width - text.count)) + text
    }
    return "\(digits(day.year, 4))/\(digits(day.month, 2))/\(digits(day.day, 2))"
  }

  private func quarantineDuplicate(
    _ head: EvidenceRows.Head, of record: JSONValue, first: (path: String, line: Int), place: RecordPlace,
    sigHash: Digest
  ) {
    recordDuplicates += 1
    journal.note(quarantine)
    let runID = EvidenceRows.quoted(scope.bytes(of: head.runID))
    let word = head.humanOverride.map { "; its human_override is \($0.rawValue)" } ?? ""
    appendQuarantine(
      .duplicateID,
      "the \(head.kind.rawValue) \(runID) is in \(first.path) already, at line_offset \(first.line)\(word)",
      place: place, record, hash: sigHash, recordedAt: head.timestamp)
  }

  private func appendQuarantine(
    _ reason: Reason, _ message: String, place: RecordPlace, _ record: JSONValue?, hash: Digest,
    recordedAt: Timestamp?
  ) {
    time.removeAll()
    recordedAt?.append(to: time)
    provenance.removeAll()
    var writer = JSONWriter(provenance)
    rows.provenance.write(place, sigHash: hash, recordedAt: time, to: &writer)
    QuarantineRow(
      stage: "build-evidence", reason: reason, errors: [message], record: shown(place, record),
      provenance: provenance.bytes, recordedAt: recordedAt == nil ? nil : time.bytes
    ).append(to: quarantine)
  }

  /// Where something may not leave the log, of what can't be read as a record nothing is shown.
  private func shown(_ place: RecordPlace, _ record: JSONValue?) -> QuarantineRow.Record {
    if never.isEmpty { return .excerpt(place.bytes) }
    guard let record else { return .none }
    RecordExcerpt.write(record, hiding: hidden, to: excerpt)
    return .excerpt(excerpt.bytes)
  }

  private func stop(
    _ place: RecordPlace, _ record: JSONValue?, hash: Digest, violation: RecordViolation, recordedAt: Timestamp?
  ) {
    appendQuarantine(violation.reason, violation.message, place: place, record, hash: hash, recordedAt: recordedAt)
    books.quarantined(violation, line: place.line)
  }

  // MARK: Records that are not mapped

  /// A record that can't be read.
  /// - Parameter hash: of its raw bytes; nil: `place.bytes` are all of them.
  func quarantine(_ place: RecordPlace, hash: Digest? = nil, message: String) {
    books.read()
    stop(
      place, nil, hash: hash ?? rawHash(place), violation: RecordViolation(.schemaViolation, message), recordedAt: nil)
  }

  /// A value that is JSON, but no record.
  func quarantine(_ value: JSONValue, place: RecordPlace, message: String) {
    let hash = (try? canonicalHash(value)) ?? rawHash(place)
    quarantine(place, hash: hash, message: message)
  }

  /// A last line that may still be written to.
  func leavePending(line: Int) {
    books.read()
    books.pending(line: line)
  }

  func warn(_ sentence: String) { books.warn(sentence) }

  // MARK: Probes

  private func countProbes(_ part: Int) {
    for probe in 0..<scope.probes.count where scope.probes.isFound(probe) { probeCounts[part][probe] += 1 }
  }

  /// A record that failed still shows which pointers are found, or one bad field would make others look mistyped.
  private func probe(_ record: JSONValue, root: JSONValue, from next: Int) {
    for (place, part) in activeParts.enumerated().dropFirst(next) {
      if place > next { scope.beginPart(probes: probeCounts[part].count) }
      if parts[part].jq == nil {
        scope.beginObject(record, root: root)
        parts[part].completeProbes(in: scope)
      }
      countProbes(part)
    }
  }

  /// The time of a record that failed, if that can be read.
  private func timestamp(_ record: JSONValue, root: JSONValue) -> Timestamp? {
    guard let part = activeParts.first.map({ parts[$0] }), part.jq == nil else { return nil }
    scope.beginPart(probes: 0)
    scope.beginObject(record, root: root)
    return (try? rows.timestamp(part)) ?? nil
  }
}
