import JSONTape
import Receipts

/// What an evidence field holds, as far as its expression is concerned.
enum FieldShape {
  case text, timestamp, number, list, messages
  /// A word of a fixed set.
  case word([String])
  case any

  /// A list of expressions: the first that is present.
  var takesFirstOf: Bool { if case .messages = self { false } else { true } }
  var takesTemplates: Bool {
    switch self {
    case .number, .messages: false
    default: true
    }
  }
}

extension EvidenceField {
  var shape: FieldShape {
    switch self {
    case .runID, .taskID, .modelName, .modelProvider, .modelRole, .prompt, .text, .gitSHA: .text
    case .timestamp: .timestamp
    case .messages: .messages
    case .sourceFiles, .successMarkers, .failureMarkers: .list
    case .score, .latencyMS, .costUSD: .number
    case .verdict: .word(Verdict.allCases.map(\.rawValue))
    case .humanOverride: .word(["accepted", "partially_accepted", "rejected", "needs_human_review"])
    }
  }
}

/// What the `files` patterns of a source capture.
struct CaptureScope {
  let files: [Glob]

  /// Whether every file of the source has the capture.
  func isCertain(_ name: String) -> Bool { !files.isEmpty && files.allSatisfy { $0.captureNames.contains(name) } }
  func isPossible(_ name: String) -> Bool { files.contains { $0.captureNames.contains(name) } }
  var names: [String] { Set(files.flatMap(\.captureNames)).sorted() }
}

/// What the expressions of a part may name, and what they may not.
struct ExpressionScope {
  let captures: CaptureScope
  /// Names of the source's look-ups.
  var lookups: [String] = []
  var never: NeverPointers?
  /// A program's objects are mapped: pointers into the record lead into these, which `never` does not concern.
  var hasProgram = false
}

/// Reads expressions of one part, in the order of their probes.
struct ExpressionReader {
  /// A capture that a template names and not every file has.
  struct MissingCapture {
    var name: String
    var place: ConfigurationPlace?
  }

  private let scope: ExpressionScope
  private var captures: CaptureScope { scope.captures }
  private(set) var probes: [Probe] = []
  /// Collected, so that a preset can name all that it needs at once.
  private(set) var missingCaptures: [MissingCapture] = []

  init(_ scope: ExpressionScope) { self.scope = scope }

  /// - Parameter key: as errors and probes name it: `map.run_id`.
  mutating func read(
    _ node: ConfigurationNode, as shape: FieldShape, key: String
  ) throws(DistillError) -> FieldExpression {
    try read(node, as: shape, Context(key: key))
  }

  /// A pointer of a rule. `*` is for `every` and `any`.
  mutating func reference(
    _ text: String, allowingEvery: Bool, key: String, optional: Bool, place: ConfigurationPlace?
  ) throws(DistillError) -> PointerReference {
    try reference(
      text, Context(key: key, optional: optional, isCondition: true), place, allowingEvery: allowingEvery)
  }

  /// Where an expression stands.
  private struct Context {
    var key: String
    var optional = false
    /// Inside a first-of list, which has the probe.
    var isEntry = false
    /// A rule compares a value and carries nothing out.
    var isCondition = false
  }

  private mutating func probe(_ text: String, _ context: Context, _ place: ConfigurationPlace?) -> Int {
    guard !context.isEntry else { return -1 }
    probes.append(Probe(text: text, key: context.key, place: place?.text, optional: context.optional))
    return probes.count - 1
  }

  private mutating func read(
    _ node: ConfigurationNode, as shape: FieldShape, _ context: Context
  ) throws(DistillError) -> FieldExpression {
    switch node.content {
    case .scalar(.string(let text), _):
      if PointerReference.isPointer(text) { return .pointer(try pointer(node, context)) }
      if TemplateText.isTemplate(text) { return try template(text, node, shape, context) }
      if ["$path", "$stem", "$line"].contains(text) {
        throw node.error("`\(text)` stands without braces in `\(context.key)`", hint: "write \"{\(text)}\"")
      }
      return .constant(try constant(node, as: shape, context))
    case .scalar:
      return .constant(try constant(node, as: shape, context))
    case .list(let entries):
      return try firstOf(entries, node, shape, context)
    case .mapping:
      return try form(node, shape, context)
    }
  }

  private mutating func pointer(
    _ node: ConfigurationNode, _ context: Context
  ) throws(DistillError) -> PointerReference {
    guard let text = node.string, PointerReference.isPointer(text) else {
      throw node.error("`\(context.key)` wants a pointer here, as in /a/b")
    }
    return try reference(text, context, node.place)
  }

  private mutating func reference(
    _ text: String, _ context: Context, _ place: ConfigurationPlace?, allowingEvery: Bool = false
  ) throws(DistillError) -> PointerReference {
    var reference: PointerReference
    do { reference = try PointerReference(text: text, allowingEvery: allowingEvery) } catch {
      throw DistillError(.data, error.reason, place: place?.text, hint: error.hint)
    }
    try checkNever(reference, context, place)
    reference.probe = probe(text, context, place)
    return reference
  }

  private func checkNever(
    _ reference: PointerReference, _ context: Context, _ place: ConfigurationPlace?
  ) throws(DistillError) {
    if scope.hasProgram && reference.base == .record { return }
    guard let (conflict, never) = scope.never?.conflict(with: reference) else { return }
    let how: String
    switch conflict {
    case .same: how = "\(reference.text), which `never` keeps in the log"
    case .inside: how = "\(reference.text), and `never` keeps all of \(never.text) in the log"
    // What is around it can be asked for, but is never equal to anything.
    case .around where context.isCondition: return
    case .around: how = "\(reference.text), which holds \(never.text), and `never` keeps that in the log"
    }
    throw DistillError(
      .data, "`\(context.key)` reads \(how)", place: place?.text,
      hint: conflict == .around ? "point past it, to what may leave" : "take the pointer out of the one or the other")
  }

  // MARK: Templates

  private mutating func template(
    _ text: String, _ node: ConfigurationNode, _ shape: FieldShape, _ context: Context
  ) throws(DistillError) -> FieldExpression {
    guard shape.takesTemplates else {
      throw node.error("`\(context.key)` can't be a template, which makes a text", hint: "write a pointer, as in /a/b")
    }
    var pieces: [TemplatePiece]
    do { pieces = try TemplateText.parse(text) } catch { throw node.error(error.reason, hint: error.hint) }
    var isAbsent = false
    for index in pieces.indices {
      switch pieces[index] {
      case .pointer(var reference):
        try checkNever(reference, context, node.place)
        reference.probe = probe(reference.text, context, node.place)
        pieces[index] = .pointer(reference)
      case .sha256(var references):
        for place in references.indices {
          try checkNever(references[place], context, node.place)
          references[place].probe = probe(references[place].text, context, node.place)
        }
        pieces[index] = .sha256(references)
      case .capture(let name):
        if captures.isCertain(name) { break }
        if !context.optional {
          missingCaptures.append(MissingCapture(name: name, place: node.place))
        } else if !captures.isPossible(name) {
          isAbsent = true
        }
      case .literal, .path, .stem, .line: break
      }
    }
    if isAbsent { return .constant(.null) }
    if pieces.isEmpty { return .constant(.string("")) }
    if pieces.count == 1, case .literal(let literal) = pieces[0] { return .constant(.string(literal)) }
    return .template(pieces)
  }

  // MARK: Lists

  private mutating func firstOf(
    _ entries: [ConfigurationNode], _ node: ConfigurationNode, _ shape: FieldShape, _ context: Context
  ) throws(DistillError) -> FieldExpression {
    guard shape.takesFirstOf else { throw node.wrongType(context.key, expected: "a pointer and a shape") }
    guard !context.isEntry else { throw node.error("`\(context.key)` has a list inside a list") }
    if case .list = shape, !entries.contains(where: Self.isExpression) {
      return .constant(try constantList(entries, context))
    }
    guard !entries.isEmpty else { throw node.error("`\(context.key)` is an empty list") }
    var entryContext = context
    entryContext.isEntry = true
    var expressions: [FieldExpression] = []
    for entry in entries {
      if case .constant? = expressions.last {
        throw entry.error("`\(context.key)` never comes to this entry: the one before it always holds")
      }
      let expression = try read(entry, as: shape, entryContext)
      if expression == .constant(.null) {
        // A template of a capture that no file has.
        if TemplateText.isTemplate(entry.string ?? "") { continue }
        throw entry.error(
          "null is not the first of anything", hint: "write {from: […], optional: true} for what may be missing")
      }
      expressions.append(expression)
    }
    guard !expressions.isEmpty else { return .constant(.null) }
    // What needs no record holds for every record: nothing in front of it has to be found.
    var listContext = context
    listContext.optional = context.optional || expressions.contains(where: \.needsNoRecord)
    let text = "[\(expressions.map(\.summary).joined(separator: ", "))]"
    return .firstOf(expressions, probe: probe(text, listContext, node.place))
  }

  private static func isExpression(_ node: ConfigurationNode) -> Bool {
    guard let text = node.string else { return node.mapping != nil }
    return PointerReference.isPointer(text) || TemplateText.isTemplate(text)
  }

  // MARK: Forms

  private static let forms: [(key: String, others: [String])] = [
    ("from", ["optional", "shape"]), ("last", ["role", "final", "optional"]), ("const", []), ("jq", []),
    ("lookup", ["key", "value", "optional"]),
  ]

  private mutating func form(
    _ node: ConfigurationNode, _ shape: FieldShape, _ context: Context
  ) throws(DistillError) -> FieldExpression {
    guard let form = Self.forms.first(where: { node[$0.key] != nil }) else {
      let first = node.mapping?.first?.key ?? ""
      if PointerReference.isPointer(first) || node.mapping?.first?.value.scalar == .null {
        throw node.error(
          "`\(context.key)` is a mapping, expected an expression", hint: "a template that begins with { needs quotes")
      }
      throw node.error(
        "`\(context.key)` is a mapping with none of the keys that make an expression",
        hint: NearestWord.hint(for: first, among: Self.forms.map(\.key), title: "one of"))
    }
    let section = try ConfigurationSection(node, of: "{\(form.key): …}", keys: [form.key] + form.others)
    let value = try section.required(form.key)
    var context = context
    if let optional = section["optional"] {
      guard !context.isEntry else {
        throw optional.error(
          "`optional` stands inside a list in `\(context.key)`",
          hint: "write {from: […], optional: true} around the list")
      }
      context.optional = try optional.boolean("optional")
    }
    switch form.key {
    case "from": return try from(value, section["shape"], shape, context)
    case "last":
      switch shape {
      case .text, .any: break
      default: throw node.error("`\(context.key)` can't be {last: …}, which makes a text")
      }
      let reference = try pointer(value, context)
      let role = try section["role"]?.text("role")
      let final = try section["final"]?.boolean("final") ?? false
      return .lastMessage(reference, role: role, final: final)
    case "jq": return .jq(try value.text("jq"))
    case "lookup": return try lookup(value, section, shape, context)
    default:
      return .constant(try constant(value, as: shape, context, isLiteral: true))
    }
  }

  private mutating func from(
    _ value: ConfigurationNode, _ messageShape: ConfigurationNode?, _ shape: FieldShape, _ context: Context
  ) throws(DistillError) -> FieldExpression {
    if let messageShape {
      guard case .messages = shape else {
        throw messageShape.error("`shape` is for `map.messages`, not for `\(context.key)`")
      }
      let choice = try messageShape.choice("shape", of: [MessageShape.openai, .anthropic])
      return .messages(try pointer(value, context), shape: choice)
    }
    guard value.mapping == nil else {
      throw value.wrongType("\(context.key).from", expected: "a pointer, a template or a list of them")
    }
    return try read(value, as: shape, context)
  }

  private mutating func lookup(
    _ name: ConfigurationNode, _ section: ConfigurationSection, _ shape: FieldShape, _ context: Context
  ) throws(DistillError) -> FieldExpression {
    if case .messages = shape { throw name.wrongType(context.key, expected: Self.expected(shape)) }
    let lookup = try name.text("lookup")
    guard scope.lookups.contains(lookup) else {
      throw name.error(
        "there is no look-up `\(lookup)`",
        hint: scope.lookups.isEmpty
          ? "the source names it: lookups: {\(lookup): {files: \(lookup)/*.json, key: /id}}"
          : NearestWord.hint(for: lookup, among: scope.lookups, title: "look-ups of the source"))
    }
    let valueNode = try section.required("value")
    guard let text = valueNode.string, !text.isEmpty, let value = Pointer(text, allowingEvery: false),
      !value.tokens.contains(.key("*", index: nil))
    else {
      throw valueNode.error(
        "`value` is no pointer into a record of the look-up", hint: "as in {lookup: tasks, key: /id, value: /prompt}")
    }
    let keyNode = try section.required("key")
    var keyContext = context
    keyContext.key += ".key"
    let key = try self.key(keyNode, keyContext)
    // A template of a capture that no file has.
    if key == .constant(.null) { return key }
    let summary = "{lookup: \(lookup), value: \(text)}"
    return .lookup(
      LookupReference(lookup: lookup, key: key, value: value, probe: probe(summary, context, name.place)))
  }

  /// What a record of a look-up is known by.
  mutating func key(_ node: ConfigurationNode, named key: String) throws(DistillError) -> FieldExpression {
    try self.key(node, Context(key: key))
  }

  private mutating func key(_ node: ConfigurationNode, _ context: Context) throws(DistillError) -> FieldExpression {
    guard let text = node.string, PointerReference.isPointer(text) || TemplateText.isTemplate(text) else {
      throw node.wrongType(context.key, expected: "a pointer or a template", hint: "as in /id, or \"{/suite}-{/id}\"")
    }
    return try read(node, as: .text, context)
  }

  // MARK: Constants

  /// - Parameter isLiteral: inside `{const: …}`, where lists and mappings may stand too.
  private func constant(
    _ node: ConfigurationNode, as shape: FieldShape, _ context: Context, isLiteral: Bool = false
  ) throws(DistillError) -> JSON {
    guard case .scalar(let value, let text) = node.content else {
      switch shape {
      case .any where isLiteral: return node.canonical
      case .list where node.list != nil: return .array(try constantListItems(node.list ?? [], context))
      default: throw node.wrongType(context.key, expected: Self.expected(shape))
      }
    }
    if value == .null { return .null }
    if case .timestamp = shape, case .string(let text) = value, !Self.isTime(text) {
      throw node.error(
        "`\(context.key)` is the constant \"\(text)\", which is not a time",
        hint: "a pointer begins with /, as in /\(text)")
    }
    switch (shape, value) {
    case (.any, _), (.number, .integer), (.number, .double), (.text, .string), (.timestamp, .string),
      (.timestamp, .integer),
      (.timestamp, .double):
      return node.canonical
    case (.text, .integer), (.text, .double): return .string(text)
    case (.list, .string), (.list, .integer), (.list, .double): return .array([.string(text)])
    case (.word(let words), .string(let word)):
      guard words.contains(word) else {
        throw node.error(
          "`\(context.key)` can't be `\(word)`", hint: NearestWord.hint(for: word, among: words, title: "it is one of"))
      }
      return value
    default:
      throw node.wrongType(context.key, expected: Self.expected(shape))
    }
  }

  private static func isTime(_ text: String) -> Bool { Timestamp(rfc3339: text) != nil }

  private func constantList(_ entries: [ConfigurationNode], _ context: Context) throws(DistillError) -> JSON {
    .array(try constantListItems(entries, context))
  }

  private func constantListItems(
    _ entries: [ConfigurationNode], _ context: Context
  ) throws(DistillError) -> [JSON] {
    var items: [JSON] = []
    for entry in entries {
      switch entry.content {
      case .scalar(.string(let text), _), .scalar(.integer, let text), .scalar(.double, let text):
        items.append(.string(text))
      default:
        throw entry.wrongType(context.key, expected: "a list of texts")
      }
    }
    return items
  }

  private static func expected(_ shape: FieldShape) -> String {
    switch shape {
    case .text: "a text, a pointer, a template or a list of them"
    case .timestamp: "a time, a pointer or a list of pointers"
    case .number: "a number, a pointer or a list of them"
    case .list: "a pointer or a list of texts"
    case .messages: "{from: /pointer, shape: openai} or {from: /pointer, shape: anthropic}"
    case .word: "a pointer or a word"
    case .any: "a value, a pointer or a template"
    }
  }
}

extension FieldExpression {
  /// Whether it is made of nothing but constants, captures and places.
  fileprivate var needsNoRecord: Bool {
    switch self {
    case .constant: true
    case .template(let pieces):
      pieces.allSatisfy { piece in
        switch piece {
        case .pointer, .sha256: false
        case .literal, .capture, .path, .stem, .line: true
        }
      }
    case .firstOf(let entries, _): entries.contains(where: \.needsNoRecord)
    case .pointer, .lastMessage, .messages, .jq, .lookup: false
    }
  }

  /// As an entry of a list in an error text.
  fileprivate var summary: String {
    switch self {
    case .constant(.string(let text)): text
    case .constant(.array(let items)) where items.count == 1: FieldExpression.constant(items[0]).summary
    case .constant(let value): value.canonicalString
    case .pointer(let reference): reference.text
    case .template(let pieces): TemplateText.write(pieces)
    case .firstOf(let entries, _): "[\(entries.map(\.summary).joined(separator: ", "))]"
    case .lastMessage(let reference, _, _): "{last: \(reference.text)}"
    case .messages(let reference, _): "{from: \(reference.text)}"
    case .jq(let program): "{jq: \(program)}"
    case .lookup(let reference): "{lookup: \(reference.lookup), value: \(reference.value.text)}"
    }
  }
}
