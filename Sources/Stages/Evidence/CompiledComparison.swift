import JSONTape
import Receipts

/// The two texts and the votes of a comparison, made ready for many records.
final class CompiledComparison {
  private struct Side {
    var suffix: StaticString
    var runID: CompiledExpression?
    var text: CompiledExpression
    var modelName: CompiledExpression?

    var expressions: [CompiledExpression] { [runID, text, modelName].compactMap(\.self) }
  }

  private let a: Side
  private let b: Side
  private let votes: [CompiledExpression]
  private let votesSlot: Int
  private let winner: [Comparison.Meaning]
  private let decide: Comparison.Decision
  /// Of the current record.
  private var outcomes: [Comparison.Outcome] = []

  init(_ comparison: Comparison, tally: FieldTally, context: CompileContext) throws {
    func side(_ side: Comparison.Side, _ name: String, _ suffix: StaticString) throws -> Side {
      func compile(_ expression: FieldExpression, _ key: String) throws -> CompiledExpression {
        let field = "\(name).\(key)"
        return try CompiledExpression(expression, field: field, slot: tally.slot(field), context: context)
      }
      return Side(
        suffix: suffix, runID: try side.runID.map { try compile($0, "run_id") },
        text: try compile(side.text, "text"), modelName: try side.modelName.map { try compile($0, "model_name") })
    }
    a = try side(comparison.a, "a", "#a")
    b = try side(comparison.b, "b", "#b")
    votes = try comparison.votes.map { try CompiledExpression($0, field: "votes", context: context) }
    votesSlot = tally.slot("votes")
    winner = comparison.winner
    decide = comparison.decide
  }

  var expressions: [CompiledExpression] { a.expressions + b.expressions + votes }

  /// Writes `{a, b, votes, winner}`.
  /// - Parameter note: takes the slot of each field that holds something.
  func write(
    in scope: RecordScope, runID: FoundText, note: (Int) -> Void, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    outcomes.removeAll(keepingCapacity: true)
    for vote in votes {
      if let outcome = try outcome(of: vote, in: scope) { outcomes.append(outcome) }
    }
    if !outcomes.isEmpty { note(votesSlot) }
    writer.beginObject()
    writer.key("a")
    try write(a, in: scope, runID: runID, note: note, to: &writer)
    writer.key("b")
    try write(b, in: scope, runID: runID, note: note, to: &writer)
    writer.key("votes")
    writer.beginArray()
    for outcome in outcomes { writer.string(outcome.rawValue) }
    writer.endArray()
    writer.key("winner")
    if let outcome = decision { writer.string(outcome.rawValue) } else { writer.null() }
    writer.endObject()
  }

  private func write(
    _ side: Side, in scope: RecordScope, runID: FoundText, note: (Int) -> Void, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    writer.beginObject()
    writer.key("run_id")
    if let expression = side.runID, let text = try expression.text(in: scope), !Text.isBlank(scope.bytes(of: text)) {
      note(expression.slot)
      writer.text(text, in: scope)
    } else {
      writer.beginString()
      writer.stringPiece(scope.bytes(of: runID))
      writer.stringPiece(side.suffix)
      writer.endString()
    }
    writer.key("model_name")
    try write(side.modelName, in: scope, note: note, to: &writer)
    writer.key("text")
    try write(side.text, in: scope, note: note, to: &writer)
    writer.endObject()
  }

  private func write(
    _ expression: CompiledExpression?, in scope: RecordScope, note: (Int) -> Void, to writer: inout JSONWriter
  ) throws(RecordViolation) {
    guard let expression, let text = try expression.text(in: scope) else { return writer.null() }
    if !Text.isBlank(scope.bytes(of: text)) { note(expression.slot) }
    writer.text(text, in: scope)
  }

  // MARK: Votes

  /// nil: the vote was not given.
  private func outcome(
    of vote: CompiledExpression, in scope: RecordScope
  ) throws(RecordViolation) -> Comparison.Outcome? {
    let said: String
    switch try vote.value(in: scope) {
    case .absent: return nil
    case .text(let text):
      let bytes = scope.bytes(of: text)
      for meaning in winner {
        if let word = meaning.vote.string, bytes == word { return meaning.outcome }
      }
      said = EvidenceRows.quoted(bytes)
    case .value(let value):
      guard value.kind != .array, value.kind != .object else {
        throw value.unexpected("a vote", field: vote.field, origin: vote.origin)
      }
      for meaning in winner where CompiledCondition.isEqual(value, meaning.vote) { return meaning.outcome }
      said = value.string.map(EvidenceRows.quoted) ?? value.token.string()
    }
    throw RecordViolation(
      .schemaViolation, "votes: \(vote.origin) is \(said), to which `winner` gives no meaning")
  }

  /// nil: there are no votes.
  private var decision: Comparison.Outcome? {
    guard let first = outcomes.first else { return nil }
    switch decide {
    case .unanimous: return outcomes.allSatisfy { $0 == first } ? first : .tie
    case .majority:
      return Comparison.Outcome.allCases.first { outcome in
        outcomes.count { $0 == outcome } * 2 > outcomes.count
      } ?? .tie
    }
  }
}
