import JSONTape

/// The pointers of `never`, against which the others are held.
///
/// All are compared as paths from the document, because `$root/results/0/answer` may lead into a record, too.
struct NeverPointers {
  /// How a pointer meets one of `never`.
  enum Conflict: Equatable {
    case same
    /// It leads further into what must stay.
    case inside
    /// What it leads to has in it what must stay.
    case around
  }

  let pointers: [PointerReference]
  /// Where a record may stand in its document.
  private let places: [[Pointer.Token]]

  /// - Parameter mayBeLines: some files may be jsonl, where the record is the document whatever `records` says.
  init(_ pointers: [PointerReference], records: Pointer, mayBeLines: Bool) {
    self.pointers = pointers
    places = [records.tokens] + (mayBeLines && !records.tokens.isEmpty ? [[]] : [])
  }

  init(_ pointers: [PointerReference], of source: Source) {
    let mayBeLines =
      source.format.map { $0 == .jsonl }
      ?? source.files.contains { Source.Format.byExtension(of: $0.text) != .json }
    self.init(pointers, records: source.records, mayBeLines: mayBeLines)
  }

  func conflict(with reference: PointerReference) -> (conflict: Conflict, never: PointerReference)? {
    for place in places {
      let path = Self.path(reference, place)
      for never in pointers {
        let other = Self.path(never, place)
        guard zip(path, other).allSatisfy(Self.meet) else { continue }
        let conflict: Conflict =
          path.count == other.count ? .same : path.count > other.count ? .inside : .around
        return (conflict, never)
      }
    }
    return nil
  }

  /// One that would leave nothing of a record; nil: there is none.
  var hidingWholeRecord: PointerReference? {
    pointers.first { never in
      places.contains { place in
        let path = Self.path(never, place)
        return path.count <= place.count && zip(path, place).allSatisfy(Self.meet)
      }
    }
  }

  /// As pointers into a record; those that lead past it are left out.
  /// - Parameter records: where the record stands in its document.
  static func inRecord(_ pointers: [PointerReference], records: [Pointer.Token]) -> [PointerReference] {
    pointers.compactMap { never in
      guard never.base == .root else { return never }
      let tokens = never.pointer.tokens
      guard tokens.count > records.count, zip(tokens, records).allSatisfy(meet) else { return nil }
      var rest = never.pointer
      rest.tokens = Array(tokens[records.count...])
      return PointerReference(pointer: rest)
    }
  }

  private static func path(_ reference: PointerReference, _ place: [Pointer.Token]) -> [Pointer.Token] {
    (reference.base == .record ? place : []) + reference.pointer.tokens
  }

  /// May both lead to the same child?
  private static func meet(_ one: Pointer.Token, _ other: Pointer.Token) -> Bool {
    guard case .key(let name, _) = one, case .key(let otherName, _) = other else { return true }
    return name == otherName
  }
}
