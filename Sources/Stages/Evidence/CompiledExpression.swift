import JSONTape
import Receipts

/// Where an evidence field comes from, made ready for many records.
final class CompiledExpression {
  enum Kind {
    case constant(CompiledConstant)
    case pointer(CompiledPointer)
    case template(CompiledTemplate)
    case firstOf([CompiledExpression], probe: Int)
    case lastMessage(LastMessage)
    case messages(CompiledPointer, MessageShape)
    case jq(JQField)
    case lookup(CompiledLookup)
  }

  let kind: Kind
  /// The evidence field, for errors.
  let field: String
  /// Where the field is tallied; -1: nowhere.
  let slot: Int

  init(_ expression: FieldExpression, field: String, slot: Int = -1, context: CompileContext) throws {
    self.field = field
    self.slot = slot
    switch expression {
    case .constant(let json): kind = .constant(try CompiledConstant(json))
    case .pointer(let reference): kind = .pointer(CompiledPointer(reference))
    case .template(let pieces): kind = .template(CompiledTemplate(pieces, captures: context.captures))
    case .firstOf(let entries, let probe):
      kind = .firstOf(
        try entries.map { try CompiledExpression($0, field: field, context: context) }, probe: probe)
    case .lastMessage(let reference, let role, let final):
      kind = .lastMessage(LastMessage(list: CompiledPointer(reference), role: role, final: final))
    case .messages(let reference, let shape): kind = .messages(CompiledPointer(reference), shape)
    case .jq(let program): kind = .jq(JQField(try JQProgram(program)))
    case .lookup(let reference):
      kind = .lookup(try CompiledLookup(reference, field: field, context: context))
    }
  }

  /// The pointers that it may follow.
  var pointers: [CompiledPointer] {
    switch kind {
    case .constant, .jq: []
    case .pointer(let pointer), .messages(let pointer, _): [pointer]
    case .template(let template): template.pointers
    case .firstOf(let entries, _): entries.flatMap(\.pointers)
    case .lastMessage(let last): [last.list]
    case .lookup(let lookup): lookup.key.pointers
    }
  }

  /// The probe of each pointer, or of the first-of list around them, with the pointers that answer it.
  var probes: [(probe: Int, pointers: [CompiledPointer])] {
    if case .firstOf(let entries, let probe) = kind {
      return (probe < 0 ? [] : [(probe, pointers)]) + entries.flatMap(\.probes)
    }
    // Where it was not asked, its key stands for what it would have found.
    if case .lookup(let lookup) = kind {
      return (lookup.probe < 0 ? [] : [(lookup.probe, pointers)]) + lookup.key.probes
    }
    return pointers.filter { $0.probe >= 0 }.map { ($0.probe, [$0]) }
  }
}

// MARK: Evaluation

extension CompiledExpression {
  /// The field as text, blank or not; nil: absent or null.
  func text(in scope: RecordScope) throws(RecordViolation) -> FoundText? {
    switch kind {
    case .firstOf(let entries, let probe):
      for entry in entries {
        if let text = try entry.text(in: scope), !Text.isBlank(scope.bytes(of: text)) {
          scope.probes.note(probe, found: isFound(in: scope))
          return text
        }
      }
      scope.probes.note(probe, found: isFound(in: scope))
      return nil
    default:
      switch try value(in: scope) {
      case .absent: return nil
      case .text(let text): return text
      case .value(let value):
        return value.kind == .string ? .string(value) : .token(try value.asText(field: field, origin: origin))
      }
    }
  }

  /// The field as a value; null is absent.
  func value(in scope: RecordScope) throws(RecordViolation) -> FoundValue {
    switch kind {
    case .constant(let constant): return constant.value.isNull ? .absent : .value(constant.value)
    case .pointer(let pointer): return scope.findPresent(pointer).map(FoundValue.value) ?? .absent
    case .template(let template):
      return try template.render(in: scope, field: field).map { .text(.arena($0)) } ?? .absent
    case .lastMessage(let last): return try last.text(in: scope, field: field).map(FoundValue.text) ?? .absent
    case .messages(let pointer, _): return scope.findPresent(pointer).map(FoundValue.value) ?? .absent
    case .jq(let program):
      guard let record = scope.record, let value = try program.first(record, scope: scope, field: field),
        !value.isNull
      else { return .absent }
      return .value(value)
    case .lookup(let lookup):
      guard let value = try lookup.find(in: scope), !value.isNull else { return .absent }
      return .value(value)
    case .firstOf(let entries, let probe):
      for entry in entries {
        let value = try entry.value(in: scope)
        if isPresent(value, in: scope) {
          scope.probes.note(probe, found: isFound(in: scope))
          return value
        }
      }
      scope.probes.note(probe, found: isFound(in: scope))
      return .absent
    }
  }

  private func isPresent(_ value: FoundValue, in scope: RecordScope) -> Bool {
    switch value {
    case .absent: false
    case .text(let text): !Text.isBlank(scope.bytes(of: text))
    case .value(let value): value.string.map { !Text.isBlank($0) } ?? true
    }
  }

  /// Does one of its pointers lead somewhere, if only to null? Asked for a first-of list, whose probe needs one.
  private func isFound(in scope: RecordScope) -> Bool {
    switch kind {
    case .constant, .jq: false
    case .pointer(let pointer), .messages(let pointer, _): scope.find(pointer) != nil
    case .template(let template): template.pointers.contains { scope.find($0) != nil }
    case .firstOf(let entries, _): entries.contains { $0.isFound(in: scope) }
    case .lastMessage(let last): scope.find(last.list) != nil
    case .lookup(let lookup): ((try? lookup.find(in: scope)) ?? nil) != nil
    }
  }

  /// What led to the value, for errors.
  var origin: String {
    switch kind {
    case .constant: "the constant"
    case .pointer(let pointer), .messages(let pointer, _): pointer.text
    case .template: "the template"
    case .firstOf: "the first of the list"
    case .lastMessage(let last): last.list.text
    case .jq: "the jq program's output"
    case .lookup(let lookup): "the value in the look-up \(lookup.table.name)"
    }
  }
}
