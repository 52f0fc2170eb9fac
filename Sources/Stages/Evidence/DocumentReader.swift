import JSONTape

/// Finds the records of a JSON document: what a pointer with `*` leads to, in the order of the text.
struct DocumentReader {
  enum Found {
    case record(JSONValue)
    /// The path ends at `value`, before a record.
    case deadEnd(JSONValue, message: String)
  }

  private let pointer: CompiledPointer
  private let fromRoot: [CompiledPointer]

  /// - Parameter references: of what is read in documents; those from `$root` count.
  init(records: Pointer, reading references: [PointerReference] = []) {
    pointer = CompiledPointer(PointerReference(pointer: records))
    fromRoot = references.filter { $0.base == .root }.map(CompiledPointer.init)
  }

  /// Of two values under one key nobody can say which one counts.
  /// - Returns: what is wrong with the document; nil: nothing.
  func ambiguity(of document: JSONValue) -> String? {
    fromRoot.lazy.compactMap { pointer in
      pointer.repeatedKey(from: document).map { "duplicate key \"\($0)\" on the way of \(pointer.text)" }
    }.first
  }

  func records(of document: JSONValue, _ body: (Found) throws -> Void) throws {
    if let message = ambiguity(of: document) { return try body(.deadEnd(document, message: message)) }
    try visit(document, step: 0, body)
  }

  private func visit(_ value: JSONValue, step: Int, _ body: (Found) throws -> Void) throws {
    guard step < pointer.count else { return try body(.record(value)) }
    if pointer.isEvery(step) {
      switch value.kind {
      case .array: for element in value.elements { try visit(element, step: step + 1, body) }
      case .object: for (_, member) in value.members { try visit(member, step: step + 1, body) }
      default: try body(.deadEnd(value, message: deadEnd(step, "\(value.kindName) has no elements")))
      }
      return
    }
    guard let next = pointer.follow(step, from: value) else {
      return try body(.deadEnd(value, message: deadEnd(step, "there is no \"\(pointer.name(step))\"")))
    }
    // The records under a repeated key would be lost in silence.
    if value.kind == .object, pointer.isRepeated(step, in: value) {
      return try body(.deadEnd(value, message: "records: duplicate key \"\(pointer.name(step))\""))
    }
    try visit(next, step: step + 1, body)
  }

  private func deadEnd(_ step: Int, _ what: String) -> String {
    "records: the pointer \(pointer.text) leads nowhere: \(what) at its step \(step + 1)"
  }
}
