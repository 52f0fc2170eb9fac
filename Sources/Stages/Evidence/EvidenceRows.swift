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
  }

  private let scope: RecordScope
  private let source: String
  private let results: ResultValues
  private let messages: MessageList
  /// The current object's `about` as it is written; empty: null.
  private let about = ByteBuffer(capacity: 256)
  private let hashed = ByteBuffer(capacity: 256)
  private let sourceName = ByteBuffer(capacity: 64)
  private let kindName = ByteBuffer(capacity: 64)
  private let discarded = ByteBuffer(capacity: 0)
  /// Fields of the current record that hold something, by slot.
  private(set) var filledSlots: [Int] = []

  init(scope: RecordScope, source: String) {
    self.scope = scope
    self.source = source
    sourceName.append(source)
    results = ResultValues(canonical: scope.scratch.canonical)
    messages = MessageList(canonical: scope.scratch.canonical, buffer: scope.scratch.secondBuffer)
  }

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
      humanOverride: try humanOverride(part), identity: identity(part.kind, runID))
  }

  /// A judgement without a run id gets one made of the record's hash and what it is about, a comparison one of the hash.
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

  private func identity(_ kind: RecordKind, _ runID: FoundText) -> Hash128 {
    kindName.removeAll()
    kindName.append(kind.rawValue)
    return Identity.hash(
      source: sourceName.bytes, kind: kindName.bytes, runID: scope.bytes(of: runID), scope.scratch.sha256, hashed)
  }

  /// nil: absent.
  func timestamp(_ part: CompiledPart) throws(RecordViolation) -> Timestamp? {
    guard let expression = part.timestamp else { return nil }
    let timestamp: Timestamp?
    switch try expression.value(in: scope) {
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
      throw RecordViolation(.schemaViolation, "timestamp: \(expression.origin) is not a time that can be read")
    }
    return timestamp
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
  static func quoted(_ text: ByteSlice) -> String {
    let string = QuarantineRow.excerpt(of: text)
    return "\"" + (string.count > 40 ? string.prefix(40) + "…" : string) + "\""
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
    var writer = JSONWriter(output)
    writer.beginObject()
    writer.key("schema_version")
    writer.integer(1)
    writer.key("kind")
    writer.string(head.kind.rawValue)
    writer.key("run_id")
    if let runID = part.runID { note(runID.slot) }
    writer.string(scope.bytes(of: head.runID))
    writer.key("task_id")
    let taskID = try filledText(part.taskID)
    if taskID != nil, let expression = part.taskID { note(expression.slot) }
    writer.string(scope.bytes(of: taskID ?? head.runID))
    writer.key("timestamp")
    if head.timestamp != nil, let expression = part.timestamp { note(expression.slot) }
    writer.timestamp(head.timestamp)
    writer.key("model_name")
    try writeText(part.modelName, to: &writer)
    writer.key("model_provider")
    try writeText(part.modelProvider, to: &writer)
    writer.key("model_role")
    try writeText(part.modelRole, to: &writer)
    writer.key("prompt")
    try writeText(part.prompt, to: &writer)
    writer.key("messages")
    try writeMessages(part.messages, to: &writer)
    writer.key("text")
    try writeText(part.text, to: &writer)
    writer.key("source_files")
    try writeList(part.sourceFiles, to: &writer)
    writer.key("git_sha")
    try writeText(part.gitSHA, to: &writer)
    writer.key("verdict")
    if let verdict = head.verdict {
      note(part.verdictSlot)
      writer.string(verdict.rawValue)
    } else {
      writer.null()
    }
    writer.key("score")
    try writeNumber(part.score, to: &writer)
    writer.key("validation_results")
    try writeResults(part, to: &writer)
    writer.key("success_markers")
    try writeList(part.successMarkers, to: &writer)
    writer.key("failure_markers")
    try writeList(part.failureMarkers, to: &writer)
    writer.key("human_override")
    if let category = isDisputed ? .needsHumanReview : head.humanOverride {
      if head.humanOverride != nil, let expression = part.humanOverride { note(expression.slot) }
      writer.string(category.rawValue)
    } else {
      writer.null()
    }
    writer.key("other_verdicts")
    writer.beginArray()
    for verdict in otherVerdicts { writer.string(verdict.rawValue) }
    writer.endArray()
    writer.key("judged_by")
    try writeJudge(part, to: &writer)
    writer.key("about")
    if about.count > 0 {
      note(part.aboutSlot)
      writer.raw(about.bytes)
    } else {
      writer.null()
    }
    writer.key("comparison")
    if let comparison = part.comparison {
      try comparison.write(in: scope, runID: head.runID, note: note, to: &writer)
    } else {
      writer.null()
    }
    writer.key("latency_ms")
    try writeNumber(part.latency, to: &writer)
    writer.key("cost_usd")
    try writeNumber(part.cost, to: &writer)
    writer.key("provenance")
    Provenance.write(
      source: source, path: scope.pathBytes, place: place, sigHash: sigHash, recordedAt: head.timestamp, to: &writer)
    writer.endObject()
    writer.newline()
  }

  private func writeText(
    _ expression: CompiledExpression?, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    guard let expression, let text = try expression.text(in: scope) else { return writer.null() }
    let bytes = scope.bytes(of: text)
    if !Text.isBlank(bytes) { note(expression.slot) }
    writer.string(bytes)
  }

  private func writeNumber(
    _ expression: CompiledExpression?, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    guard let expression else { return writer.null() }
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
    _ expression: CompiledExpression?, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    writer.beginArray()
    if let expression {
      switch try expression.value(in: scope) {
      case .absent: break
      case .text(let text): writeSingle(scope.bytes(of: text), slot: expression.slot, to: &writer)
      case .value(let value):
        if let text = value.string {
          writeSingle(text, slot: expression.slot, to: &writer)
        } else {
          guard value.kind == .array else {
            throw value.unexpected("a list of strings", field: expression.field, origin: expression.origin)
          }
          var count = 0
          for element in value.elements {
            guard let text = element.string else {
              throw element.unexpected(
                "a string", field: expression.field, origin: "element \(count) of \(expression.origin)")
            }
            writer.string(text)
            count += 1
          }
          if count > 0 { note(expression.slot) }
        }
      }
    }
    writer.endArray()
  }

  private func writeSingle(_ text: ByteSlice, slot: Int, to writer: inout JSONWriter) {
    guard !Text.isBlank(text) else { return }
    note(slot)
    writer.string(text)
  }

  private func writeMessages(
    _ expression: CompiledExpression?, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    guard let expression else { return writer.null() }
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
          let bytes = scope.bytes(of: text)
          if !Text.isBlank(bytes) { note(part.resultSlots[index]) }
          writer.string(bytes)
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
    if let name { writer.string(scope.bytes(of: name)) } else { writer.null() }
    writer.endObject()
  }
}
