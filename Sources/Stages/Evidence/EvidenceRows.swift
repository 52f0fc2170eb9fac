import JSONTape
import Receipts

/// Turns one object into an evidence record, a line with every key in a fixed order.
///
/// Output grows as the fields are evaluated; whoever calls takes it back when a violation is thrown (`RowJournal`).
final class EvidenceRows {
  /// What is known of an object before its row is written.
  struct Head {
    var kind: RecordKind
    var runID: FoundText
    var timestamp: Timestamp?
    var verdict: Verdict?
    var humanOverride: Category?
    /// The hash of the identity (source, kind, run id).
    var identity: Hash128
    /// As in `IdentityTable`.
    var about: UInt32
  }

  private let scope: RecordScope
  private let source: String
  private let results: ResultValues
  private let messages: MessageList
  /// The current object's `about` as it is written; empty: null.
  private let about = ByteBuffer(capacity: 256)
  private let hashed = ByteBuffer(capacity: 256)
  /// The current object's time as it is written; empty: null.
  private let time = ByteBuffer(capacity: 64)
  let provenance: ProvenanceWriter
  private let identityText = ByteBuffer(capacity: 64)
  private var identityKind: RecordKind?
  private let discarded = ByteBuffer(capacity: 0)
  /// Fields of the current record that hold something, by slot.
  private(set) var filledSlots: [Int] = []

  init(scope: RecordScope, source: String) {
    self.scope = scope
    self.source = source
    provenance = ProvenanceWriter(source: source)
    results = ResultValues(canonical: scope.scratch.canonical)
    messages = MessageList(canonical: scope.scratch.canonical, buffer: scope.scratch.secondBuffer)
  }

  func beginFile() { provenance.beginFile(scope.pathBytes) }

  func beginRecord() { filledSlots.removeAll(keepingCapacity: true) }

  private func note(_ slot: Int) { if slot >= 0 { filledSlots.append(slot) } }

  // MARK: Head

  /// Evaluates what decides whether and where the row is written.
  func head(_ part: CompiledPart, sigHash: Digest) throws(RecordViolation) -> Head {
    if part.isIdentity, let object = scope.record { try IdentityObject.check(object) }
    let record = try AboutRecord(part, in: scope)
    about.removeAll()
    if let record {
      var writer = JSONWriter(about)
      record.write(in: scope, ownSource: source, sorted: false, to: &writer)
    }
    let runID = try runID(part, about: record, sigHash: sigHash)
    return Head(
      kind: part.kind, runID: runID, timestamp: try timestamp(part), verdict: try verdict(part),
      humanOverride: try humanOverride(part), identity: identity(part, runID), about: aboutCode(part))
  }

  private func aboutCode(_ part: CompiledPart) -> UInt32 {
    guard part.kind == .verdict else { return 0 }
    scope.scratch.sha256.update(about.bytes)
    return UInt32(truncatingIfNeeded: Hash128(scope.scratch.sha256.finish()).high)
  }

  /// A judgement without a run id gets one made of the record's hash and what it is about, a comparison one of the
  /// hash.
  private func runID(
    _ part: CompiledPart, about record: AboutRecord?, sigHash: Digest
  ) throws(RecordViolation) -> FoundText {
    if let text = try filledText(part.runID) { return text }
    guard part.kind == .verdict || part.kind == .comparison else {
      throw RecordViolation(.missingSourceRunID, "run_id: there is none, or it is blank")
    }
    hashed.removeAll()
    var writer = JSONWriter(hashed)
    writer.beginArray()
    writer.digest(sigHash)
    if part.kind == .verdict {
      if let record { record.write(in: scope, ownSource: source, sorted: true, to: &writer) } else { writer.null() }
    }
    writer.endArray()
    scope.scratch.sha256.update(hashed.bytes)
    let start = scope.arena.count
    scope.scratch.sha256.finish().appendHex(to: scope.arena)
    return .arena(start..<scope.arena.count)
  }

  /// Text that is not blank.
  private func filledText(_ expression: CompiledExpression?) throws(RecordViolation) -> FoundText? {
    guard let text = try expression?.text(in: scope), !Text.isBlank(scope.bytes(of: text)) else { return nil }
    return text
  }

  /// What the hashed identities of a kind begin with, behind the bracket.
  private func identityHead(_ kind: RecordKind) -> ByteSlice {
    if kind != identityKind {
      identityKind = kind
      identityText.removeAll()
      var writer = JSONWriter(identityText)
      writer.string(source)
      writer.string(kind.rawValue)
    }
    return identityText.bytes
  }

  /// As `Identity.hash` makes it.
  private func identity(_ part: CompiledPart, _ runID: FoundText) -> Hash128 {
    hashed.removeAll()
    var writer = JSONWriter(hashed)
    writer.beginArray()
    writer.prepared(identityHead(part.kind), endsWithValue: true)
    writer.text(runID, in: scope)
    writer.endArray()
    scope.scratch.sha256.update(hashed.bytes)
    return Hash128(scope.scratch.sha256.finish())
  }

  /// nil: absent.
  func timestamp(_ part: CompiledPart) throws(RecordViolation) -> Timestamp? {
    guard let expression = part.timestamp else { return nil }
    let timestamp: Timestamp?
    let found = try expression.value(in: scope)
    switch found {
    case .absent: return nil
    case .text(let text):
      timestamp = Timestamp(scope.bytes(of: text), defaultOffsetSeconds: part.timeZoneOffset)
    case .value(let value):
      if let text = value.string {
        timestamp = Timestamp(text, defaultOffsetSeconds: part.timeZoneOffset)
      } else if value.kind == .number {
        timestamp = Timestamp(numberToken: value.token)
      } else {
        throw value.unexpected("a time", field: expression.field, origin: expression.origin)
      }
    }
    guard let timestamp else {
      throw RecordViolation(
        .schemaViolation, "timestamp: \(expression.origin) is not a time that can be read: \(words(found))")
    }
    return timestamp
  }

  /// In an error.
  private func words(_ value: FoundValue) -> String {
    switch value {
    case .absent: "null"
    case .text(let text): Self.quoted(scope.bytes(of: text))
    case .value(let value): value.string.map(Self.quoted) ?? Self.shortened(value.token)
    }
  }

  private func verdict(_ part: CompiledPart) throws(RecordViolation) -> Verdict? {
    guard part.rules.isEmpty else { return part.rules.verdict(in: scope) }
    guard let text = try filledText(part.verdict) else { return nil }
    let name = scope.bytes(of: text)
    guard let verdict = Verdict.allCases.first(where: { name == $0.rawValue }) else {
      throw RecordViolation(
        .schemaViolation,
        "verdict: \(Self.quoted(name)) is none of accepted, partially_accepted, rejected, skipped")
    }
    return verdict
  }

  private func humanOverride(_ part: CompiledPart) throws(RecordViolation) -> Category? {
    guard let text = try filledText(part.humanOverride) else { return nil }
    let name = scope.bytes(of: text)
    guard let category = Category.allCases.first(where: { name == $0.rawValue }) else {
      throw RecordViolation(.schemaViolation, "human_override: \(Self.quoted(name)) is no category")
    }
    return category
  }

  /// A short text in quotes for an error, at most 40 characters of it.
  static func quoted(_ text: ByteSlice) -> String { "\"\(shortened(text))\"" }

  private static func shortened(_ text: ByteSlice) -> String {
    let string = QuarantineRow.excerpt(of: text)
    return string.count > 40 ? string.prefix(40) + "…" : string
  }

  // MARK: Row

  /// Throws what `append` would throw, and leaves no trace.
  func check(_ part: CompiledPart, head: Head, place: RecordPlace, sigHash: Digest) throws(RecordViolation) {
    discarded.removeAll()
    let count = filledSlots.count
    defer { filledSlots.removeSubrange(count...) }
    try append(
      part, head: head, place: place, sigHash: sigHash, otherVerdicts: [], isDisputed: false, to: discarded)
  }

  /// Appends the row of the current object.
  ///
  /// - Parameter isDisputed: see `Overlay`. The row's `human_override` says that a human must look.
  func append(
    _ part: CompiledPart, head: Head, place: RecordPlace, sigHash: Digest, otherVerdicts: [Verdict],
    isDisputed: Bool, to output: ByteBuffer
  ) throws(RecordViolation) {
    let plan = part.plan
    time.removeAll()
    head.timestamp?.append(to: time)
    filledSlots += plan.constantSlots
    var writer = JSONWriter(output)
    for step in plan.steps {
      writer.prepared(plan.before(step), endsWithValue: false)
      switch step.content {
      case .runID:
        if let runID = part.runID { note(runID.slot) }
        writer.text(head.runID, in: scope)
      case .taskID:
        let taskID = try filledText(part.taskID)
        if taskID != nil, let expression = part.taskID { note(expression.slot) }
        writer.text(taskID ?? head.runID, in: scope)
      case .timestamp:
        if head.timestamp != nil, let expression = part.timestamp { note(expression.slot) }
        writer.time(time)
      case .text(let expression): try writeText(expression, to: &writer)
      case .number(let expression): try writeNumber(expression, to: &writer)
      case .list(let expression): try writeList(expression, to: &writer)
      case .messages(let expression): try writeMessages(expression, to: &writer)
      case .verdict:
        if head.verdict != nil { note(part.verdictSlot) }
        writer.word(head.verdict?.rawValue)
      case .results: try writeResults(part, to: &writer)
      case .humanOverride:
        if head.humanOverride != nil, !isDisputed, let expression = part.humanOverride { note(expression.slot) }
        writer.word((isDisputed ? .needsHumanReview : head.humanOverride)?.rawValue)
      case .otherVerdicts:
        writer.beginArray()
        for verdict in otherVerdicts { writer.string(verdict.rawValue) }
        writer.endArray()
      case .judge: try writeJudge(part, to: &writer)
      case .about:
        if about.count > 0 {
          note(part.aboutSlot)
          writer.raw(about.bytes)
        } else {
          writer.null()
        }
      case .comparison(let comparison):
        try comparison.write(in: scope, runID: head.runID, note: note, to: &writer)
      case .provenance: provenance.write(place, sigHash: sigHash, recordedAt: time, to: &writer)
      }
    }
    writer.endObject()
    writer.newline()
  }

  private func writeText(
    _ expression: CompiledExpression, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    guard let text = try expression.text(in: scope) else { return writer.null() }
    if !Text.isBlank(scope.bytes(of: text)) { note(expression.slot) }
    writer.text(text, in: scope)
  }

  private func writeNumber(
    _ expression: CompiledExpression, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    switch try expression.value(in: scope) {
    case .absent: writer.null()
    case .text:
      throw RecordViolation(
        .schemaViolation, "\(expression.field): \(expression.origin) is a string, where a number is expected")
    case .value(let value):
      guard value.kind == .number else {
        throw value.unexpected("a number", field: expression.field, origin: expression.origin)
      }
      guard let double = value.double, double.isFinite else {
        throw RecordViolation(
          .schemaViolation, "\(expression.field): \(expression.origin) is past the range of a double")
      }
      note(expression.slot)
      writer.double(double == 0 ? 0 : double)
    }
  }

  /// A list of strings; one string is a list of one, a blank one is none.
  private func writeList(
    _ expression: CompiledExpression, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    writer.beginArray()
    switch try expression.value(in: scope) {
    case .absent: break
    case .text(let text): writeSingle(text, slot: expression.slot, to: &writer)
    case .value(let value):
      if value.kind == .string {
        writeSingle(.string(value), slot: expression.slot, to: &writer)
      } else {
        guard value.kind == .array else {
          throw value.unexpected("a list of strings", field: expression.field, origin: expression.origin)
        }
        var count = 0
        for element in value.elements {
          guard element.kind == .string else {
            throw element.unexpected(
              "a string", field: expression.field, origin: "element \(count) of \(expression.origin)")
          }
          writer.string(element)
          count += 1
        }
        if count > 0 { note(expression.slot) }
      }
    }
    writer.endArray()
  }

  private func writeSingle(_ text: FoundText, slot: Int, to writer: inout JSONWriter) {
    guard !Text.isBlank(scope.bytes(of: text)) else { return }
    note(slot)
    writer.text(text, in: scope)
  }

  private func writeMessages(
    _ expression: CompiledExpression, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    switch try expression.value(in: scope) {
    case .absent: writer.null()
    case .text:
      throw RecordViolation(.schemaViolation, "messages: a string, where a list of messages is expected")
    case .value(let value):
      var shape = MessageShape.openai
      if case .messages(_, let mapped) = expression.kind { shape = mapped }
      try messages.write(value, shape: shape, field: expression.field, origin: expression.origin, to: &writer)
      if value.elementCount > 0 { note(expression.slot) }
    }
  }

  private func writeResults(_ part: CompiledPart, to writer: inout JSONWriter) throws(RecordViolation) {
    switch part.results {
    case nil:
      writer.beginObject()
      writer.endObject()
    case .fields(let expressions, let keys):
      writer.beginObject()
      for index in expressions.indices {
        writer.key(keys[index])
        switch try expressions[index].value(in: scope) {
        case .absent: writer.null()
        case .text(let text):
          if !Text.isBlank(scope.bytes(of: text)) { note(part.resultSlots[index]) }
          writer.text(text, in: scope)
        case .value(let value):
          if holdsSomething(value) { note(part.resultSlots[index]) }
          try results.write(value, to: &writer)
        }
      }
      writer.endObject()
    case .whole(let expression):
      guard case .value(let value) = try expression.value(in: scope) else {
        writer.beginObject()
        return writer.endObject()
      }
      guard value.kind == .object else {
        throw value.unexpected("an object", field: expression.field, origin: expression.origin)
      }
      if value.elementCount > 0 { note(part.resultSlots[0]) }
      try results.write(value, to: &writer)
    }
  }

  private func holdsSomething(_ value: JSONValue) -> Bool {
    switch value.kind {
    case .null: false
    case .string: !Text.isBlank(value.string ?? .empty)
    case .array, .object: value.elementCount > 0
    case .bool, .number: true
    }
  }

  private func writeJudge(_ part: CompiledPart, to writer: inout JSONWriter) throws(RecordViolation) {
    if part.isIdentity, let judge = scope.record?.member("judged_by"), !judge.isNull {
      guard let kind = judge.member("kind")?.string, JudgedBy.kinds.contains(where: { kind == $0 }) else {
        throw RecordViolation(
          .schemaViolation, "judged_by: its kind is none of \(JudgedBy.kinds.joined(separator: ", "))")
      }
      note(part.judgeSlot)
      writer.beginObject()
      writer.key("kind")
      writer.string(kind)
      writer.key("name")
      if let name = judge.member("name"), !name.isNull {
        writer.string(try name.asText(field: "judged_by.name", origin: "the jq program's output"))
      } else {
        writer.null()
      }
      return writer.endObject()
    }
    guard let kind = part.judgeKind else { return writer.null() }
    let name = try filledText(part.judgeName)
    note(part.judgeSlot)
    writer.beginObject()
    writer.key("kind")
    writer.string(kind)
    writer.key("name")
    if let name { writer.text(name, in: scope) } else { writer.null() }
    writer.endObject()
  }
}
